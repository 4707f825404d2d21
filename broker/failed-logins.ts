/**
 * Failed logins of one address, user name and client id together, so that nobody is locked out by the failures of others
 * behind the same address. Beyond a number of failures each further one bars these three for twice as long as the one before.
 */
export interface LoginLimits {
  /** Failures after which the first ban begins; 0: none ever does. */
  readonly maxLoginFailures: number;
  /** Longest ban, ms. */
  readonly maxLoginBanMs: number;
}

interface Failures {
  count: number;
  until: number;
  last: number;
}

const FIRST_BAN_MS = 1000;
/** After so long without a failure everything is forgiven. */
const FORGET_MS = 600_000;
/** Who has failed is remembered for this many; the longest ago is forgotten first. */
const MAX_ENTRIES = 20_000;

export class FailedLogins {
  private readonly entries = new Map<string, Failures>();

  constructor(
    private readonly limits: LoginLimits,
    private readonly now: () => number,
  ) {}

  banned(key: string): boolean {
    return (this.entries.get(key)?.until ?? 0) > this.now();
  }

  count(key: string): void {
    const { maxLoginFailures, maxLoginBanMs } = this.limits;
    if (maxLoginFailures === 0) return;
    const now = this.now();
    const before = this.entries.get(key);
    const count = before && now - before.last < FORGET_MS ? before.count + 1 : 1;
    const over = count - maxLoginFailures;
    const ban = over < 0 ? 0 : Math.min(maxLoginBanMs, FIRST_BAN_MS * 2 ** Math.min(over, 30));
    this.entries.delete(key);
    this.entries.set(key, { count, until: now + ban, last: now });
    if (this.entries.size > MAX_ENTRIES) this.entries.delete(this.entries.keys().next().value!);
  }

  forgive(key: string): void {
    this.entries.delete(key);
  }
}
