/**
 * What checks of passwords have shown, so that a device that comes back costs no second one: a right password is known at
 * once, and so is a wrong one that is tried again and again. Kept are only digests under a key that exists in this process
 * alone, and nothing of users whose stored password has changed since.
 */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

const MAX_WRONG = 20_000;
const MAX_RIGHT = 100_000;

export class KnownPasswords {
  private readonly key = randomBytes(32);
  /** User name -> digest of its password. */
  private readonly right = new Map<string, Buffer>();
  private readonly wrong = new Set<string>();

  /** @param stored what is stored for the user, so that a change of it makes everything before void */
  verdict(user: string, stored: string, password: Uint8Array): 'right' | 'wrong' | 'unknown' {
    const digest = this.digest(user, stored, password);
    const known = this.right.get(user);
    if (known && timingSafeEqual(known, digest)) return 'right';
    return this.wrong.has(digest.toString('base64')) ? 'wrong' : 'unknown';
  }

  remember(user: string, stored: string, password: Uint8Array, matches: boolean): void {
    const digest = this.digest(user, stored, password);
    if (matches) {
      this.right.delete(user);
      this.right.set(user, digest);
      if (this.right.size > MAX_RIGHT) this.right.delete(this.right.keys().next().value!);
      return;
    }
    this.wrong.add(digest.toString('base64'));
    if (this.wrong.size > MAX_WRONG) this.wrong.delete(this.wrong.values().next().value!);
  }

  private digest(user: string, stored: string, password: Uint8Array): Buffer {
    const name = Buffer.from(JSON.stringify([user, stored]));
    return createHmac('sha256', this.key).update(name).update('\0').update(password).digest();
  }
}
