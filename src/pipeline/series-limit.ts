/**
 * Bounds the series that there are, and those that one user of the built-in broker begins: a series takes some 15 kB of the
 * store for good, and whoever may publish chooses its name. Readings of one series too many become dead letters.
 */
import type { Problem } from '../domain/decoded.ts';
import { StoreUnavailable } from '../errors.ts';
import type { PendingReading } from './ticket.ts';

/** The number of series in the store is read again after this time, ms: other replicas begin series too, and some are deleted. */
const READ_EVERY_MS = 10_000;

export interface SeriesLimitOptions {
  readonly max: number;
  readonly maxOfUser: number;
  /** Series in the store. @throws StoreUnavailable */
  readonly count: () => Promise<number>;
}

export class SeriesLimit {
  private known = 0;
  private readAt = Number.NEGATIVE_INFINITY;
  /** Begun by this process, and by whom. */
  private readonly begun = new Map<string, string>();
  private readonly ofUser = new Map<string, number>();

  constructor(private readonly options: SeriesLimitOptions) {}

  /** To be called before `problem`. @throws StoreUnavailable */
  async look(): Promise<void> {
    if (performance.now() - this.readAt < READ_EVERY_MS) return;
    try {
      this.known = await this.options.count();
    } catch (error) {
      if (error instanceof StoreUnavailable) throw error;
      // What the list of series has is not known; the commit will say why.
      this.known = 0;
    }
    this.readAt = performance.now();
  }

  /** @param pendings readings of a series that the store does not have @returns why it is not begun, null where it is */
  problem(key: string, pendings: readonly PendingReading[]): Problem | null {
    if (this.begun.has(key)) return null;
    const { max, maxOfUser } = this.options;
    const user = pendings[0]?.ticket.message?.user ?? '';
    if (this.known >= max) return refusal(`there are ${max} series already (MAX_SERIES)`);
    const count = this.ofUser.get(user) ?? 0;
    if (user !== '' && count >= maxOfUser)
      return refusal(`the user '${user}' has begun ${maxOfUser} series already (MAX_USER_SERIES)`);
    this.known++;
    this.begun.set(key, user);
    this.ofUser.set(user, count + 1);
    return null;
  }
}

function refusal(detail: string): Problem {
  return { field: 'sensor', reason: 'too-many-series', detail };
}
