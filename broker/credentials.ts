/** The broker's optional user name and password. */
import { createHash, timingSafeEqual } from 'node:crypto';

export interface Credentials {
  readonly username: string;
  readonly password: string;
}

/** A check whose duration tells nothing about how much of a guess was right, nor which of the two was wrong. */
export function credentialsCheck(
  expected: Credentials,
): (username: string | undefined, password: Buffer | undefined) => boolean {
  const name = digest(expected.username);
  const secret = digest(expected.password);
  return (username, password) => {
    const nameMatches = timingSafeEqual(digest(username ?? ''), name);
    const secretMatches = timingSafeEqual(digest(password ?? ''), secret);
    return nameMatches && secretMatches && username !== undefined && password !== undefined;
  };
}

function digest(text: string | Buffer): Buffer {
  return createHash('sha256').update(text).digest();
}
