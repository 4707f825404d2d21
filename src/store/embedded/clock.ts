/**
 * The clock of the embedded store, which decides what is old enough to be deleted. There is only the clock of this machine to
 * go by. So the store remembers the time: a clock that has jumped ahead since then, while the store was closed or open, is
 * believed only once it has stayed there for a day. Until then the store's time goes on from where it was.
 */
import { type Database, transaction } from './database.ts';
import { Query } from './query.ts';

/** A larger jump is not believed at once, ms. */
const JUMP = 86_400_000;
/** For how long a clock must stay ahead to be believed, ms. */
const PROBATION = 86_400_000;

export interface Clocks {
  /** The clock of this machine, ms UTC. */
  readonly now: () => number;
  /** A clock that nobody sets, ms. */
  readonly monotonic: () => number;
}

export class EmbeddedClock {
  /** The last time that was believed, and when that was on the clock that nobody sets. */
  private believed: { readonly at: number; readonly since: number } | null = null;
  /** Since when the clock is ahead. */
  private aheadSince: number | null = null;

  constructor(
    private readonly database: Database,
    private readonly clocks: Clocks,
  ) {}

  /** @returns ms UTC @throws StoreUnavailable */
  time(): number {
    const { now, monotonic } = this.clocks;
    const [time, elapsed] = [now(), monotonic()];
    this.believed ??= { at: this.remembered() ?? time, since: elapsed };
    const expected = this.believed.at + (elapsed - this.believed.since);
    if (time > expected + JUMP) {
      this.aheadSince ??= elapsed;
      if (elapsed - this.aheadSince < PROBATION) return expected;
    }
    this.aheadSince = null;
    this.believed = { at: time, since: elapsed };
    transaction(this.database, () =>
      this.database.prepare('INSERT OR REPLACE INTO clock (one, at) VALUES (1, ?)').run(time),
    );
    return time;
  }

  /** The time that an earlier process has believed; of a store from before this was remembered, its newest reading. */
  private remembered(): number | null {
    const row = new Query(
      this.database,
      'SELECT coalesce((SELECT at FROM clock), (SELECT max(last_ts) FROM series))',
    ).first();
    return (row?.[0] as number | null | undefined) ?? null;
  }
}
