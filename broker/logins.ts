/**
 * Checks user names and passwords so that guessing neither pays nor holds up anybody:
 *
 * - Passwords are hashed outside the event loop, a few at a time, in a queue that is fair to every address and name
 *   (fair-queue.ts). A client that has gone meanwhile is left out. A name that does not exist takes its turn and costs no
 *   hash.
 * - A failure is answered after a multiple of a fixed time. How long it takes tells nothing of the name.
 * - Failures bar their address, name and client id for a time (failed-logins.ts). A right password that was right before
 *   is never refused because of them (known-passwords.ts).
 */
import { availableParallelism } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { FailedLogins, type LoginLimits } from './failed-logins.ts';
import { FairQueue } from './fair-queue.ts';
import { KnownPasswords } from './known-passwords.ts';

/** What is stored of the users' passwords. */
export interface StoredPasswords {
  /** null: there is no such user. */
  stored(user: string): string | null;
  matches(user: string, password: Buffer): Promise<boolean>;
}

export interface Login {
  readonly user: string | undefined;
  readonly password: Buffer | undefined;
  readonly clientId: string;
  readonly address: string;
  /** Whether the client has gone and waits for no answer. */
  readonly abandoned: () => boolean;
}

/** Why a login is refused; `gone`: there is nobody left to answer. */
export type LoginFailure = 'bad-credentials' | 'login-busy' | 'login-ban' | 'gone';

export interface LoginQueueLimits extends LoginLimits {
  /** Logins of one address that wait for their check. */
  readonly maxPendingLogins: number;
  /** A failure is answered after a multiple of this time, ms; default 200. It is longer than a hash takes. */
  readonly answerStepMs?: number;
}

/** Node's pool has four threads, and files need some. */
const CONCURRENCY = Math.min(3, Math.max(2, availableParallelism()));
const ANSWER_STEP_MS = 200;
/** Logins of one user name at one address that wait. */
const MAX_PENDING_OF_NAME = 256;

export class Logins {
  private readonly known = new KnownPasswords();
  private readonly failed: FailedLogins;
  private readonly queue: FairQueue;
  private hashed = 0;

  constructor(
    private readonly limits: LoginQueueLimits,
    private readonly now: () => number = () => performance.now(),
  ) {
    this.failed = new FailedLogins(limits, now);
    this.queue = new FairQueue({
      concurrency: CONCURRENCY,
      maxPerAddress: limits.maxPendingLogins,
      maxPerName: MAX_PENDING_OF_NAME,
    });
  }

  /** Passwords hashed since the start. */
  get hashes(): number {
    return this.hashed;
  }

  /** @returns null if user name and password are right */
  async check(access: StoredPasswords, login: Login): Promise<LoginFailure | null> {
    const { user, password, address, clientId } = login;
    if (user === undefined || password === undefined) return 'bad-credentials';
    const arrived = this.now();
    const key = JSON.stringify([address, user, clientId]);
    const verdict = this.verdict(access, user, password);
    if (verdict === 'right') return null;
    if (this.failed.banned(key)) return 'login-ban';
    const result = await this.queued(access, login, user, password);
    if (result === 'right') {
      this.failed.forgive(key);
      return null;
    }
    if (result !== 'wrong') return result;
    this.failed.count(key);
    const waited = this.now() - arrived;
    const { answerStepMs: step = ANSWER_STEP_MS } = this.limits;
    const steps = Math.floor(waited / step) + 1;
    await pause(steps * step - waited, undefined, { ref: false });
    return 'bad-credentials';
  }

  private queued(
    access: StoredPasswords,
    { address, abandoned }: Login,
    user: string,
    password: Buffer,
  ): Promise<'right' | 'wrong' | 'gone' | 'login-busy'> {
    return new Promise((resolve) => {
      const run = (): Promise<void> | null => {
        const verdict = abandoned() ? 'gone' : this.verdict(access, user, password);
        if (verdict !== 'unknown') {
          resolve(verdict);
          return null;
        }
        this.hashed++;
        return access.matches(user, password).then(
          (matches) => {
            this.known.remember(user, access.stored(user)!, password, matches);
            resolve(matches ? 'right' : 'wrong');
          },
          () => resolve('wrong'),
        );
      };
      if (!this.queue.add({ address, name: user, run })) resolve('login-busy');
    });
  }

  private verdict(access: StoredPasswords, user: string, password: Buffer): 'right' | 'wrong' | 'unknown' {
    const stored = access.stored(user);
    return stored === null ? 'wrong' : this.known.verdict(user, stored, password);
  }
}
