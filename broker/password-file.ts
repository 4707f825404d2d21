/**
 * Users and hashed passwords in the format of `mosquitto_passwd`: one `name:$7$<iterations>$<salt>$<hash>` a line
 * (PBKDF2-SHA512; Mosquitto 2), or `name:$6$<salt>$<hash>` (SHA-512; Mosquitto 1.x and mosquitto-go). Salt and hash are
 * base64. Empty lines and those that begin with # are left out.
 */
import { createHash, pbkdf2, randomBytes, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { ConfigurationError } from '../src/errors.ts';

const derive = promisify(pbkdf2);
const HASH_BYTES = 64;
/** A few ms on a small machine: enough to make guessing dear, little enough for thousands of devices to come back. */
const ITERATIONS = 10_000;
const MAX_ITERATIONS = 10_000_000;

interface Secret {
  /** 0: one round of SHA-512. */
  readonly iterations: number;
  readonly salt: Buffer;
  readonly hash: Buffer;
}

export class PasswordFile {
  private readonly secrets = new Map<string, Secret>();

  /**
   * @param setting for the error, e.g. `MQTT_USERS`
   * @throws ConfigurationError (field: the setting) that names every line at fault, never what is on it
   */
  constructor(text: string, setting: string) {
    const problems: string[] = [];
    for (const [i, line] of text.split(/\r?\n/).entries()) {
      if (line.trim() === '' || line.startsWith('#')) continue;
      const colon = line.indexOf(':');
      const secret = colon < 1 ? 'has no user name and colon' : readSecret(line.slice(colon + 1).trim());
      if (typeof secret === 'string') problems.push(`line ${i + 1} ${secret}`);
      else if (this.secrets.has(line.slice(0, colon)))
        problems.push(`line ${i + 1} names a user a second time`);
      else this.secrets.set(line.slice(0, colon), secret);
    }
    if (problems.length === 0) return;
    throw new ConfigurationError(`${setting}: ${problems.join(', ')}; make lines with \`vigia passwd\``, {
      field: setting,
    });
  }

  has(user: string): boolean {
    return this.secrets.has(user);
  }

  /** What is stored of the user's password; null: there is no such user. */
  stored(user: string): string | null {
    return this.secrets.get(user)?.hash.toString('base64') ?? null;
  }

  /** False for an unknown user, at once: Logins sees to it that the time tells nothing. */
  async matches(user: string, password: Uint8Array): Promise<boolean> {
    const secret = this.secrets.get(user);
    if (!secret) return false;
    const { iterations, salt, hash } = secret;
    const given =
      iterations === 0
        ? createHash('sha512').update(password).update(salt).digest()
        : await derive(password, salt, iterations, HASH_BYTES, 'sha512');
    return timingSafeEqual(given, hash);
  }
}

/** A line for the file. @param iterations how often the password is hashed @throws ConfigurationError (field user) for a name that cannot stand in it */
export async function passwordLine(user: string, password: string, iterations = ITERATIONS): Promise<string> {
  if (!/^[^:#\r\n][^:\r\n]*$/.test(user)) {
    throw new ConfigurationError('a user name must not be empty, contain a colon or begin with #', {
      field: 'user',
    });
  }
  const salt = randomBytes(12);
  const hash = await derive(password, salt, iterations, HASH_BYTES, 'sha512');
  return `${user}:$7$${iterations}$${salt.toString('base64')}$${hash.toString('base64')}`;
}

/** What is wrong with it, if it cannot be read. */
function readSecret(text: string): Secret | string {
  const [, kind, ...parts] = text.split('$');
  if (!text.startsWith('$') || (kind !== '6' && kind !== '7')) {
    return kind?.startsWith('argon2')
      ? 'has a hash of another kind than $7$ or $6$'
      : 'has no hashed password';
  }
  const [salt = '', hash = ''] = parts.slice(-2);
  const iterations = kind === '7' ? Number(parts[0]) : 0;
  const bytes = Buffer.from(hash, 'base64');
  if (parts.length !== (kind === '7' ? 3 : 2) || salt === '' || bytes.length !== HASH_BYTES) {
    return 'has a damaged hash';
  }
  if (kind === '7' && !(Number.isInteger(iterations) && iterations >= 1 && iterations <= MAX_ITERATIONS)) {
    return 'has a damaged hash';
  }
  return { iterations, salt: Buffer.from(salt, 'base64'), hash: bytes };
}
