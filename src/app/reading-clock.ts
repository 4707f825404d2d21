/**
 * The clock by which readings are taken in: arrival times, and what lies in the future. All replicas on one store go by the
 * store's clock, so it does not matter which of them gets a reading. In between, time goes on by a clock that nobody sets. A
 * source that jumps is believed once it has stayed where it jumped to for a while: a step of an hour for five seconds would
 * otherwise leave readings an hour ahead.
 */
import type { Logger } from 'pino';

/** A smaller difference is no jump, ms. */
const JUMP = 1000;
/** For how long a source must stay where it has jumped to, ms. */
const PROBATION = 10_000;

export interface ReadingClockOptions {
  /** The clock of this process, ms UTC. */
  readonly wall: () => number;
  /** A clock that nobody sets, ms. */
  readonly monotonic?: () => number;
  readonly logger: Logger;
}

export class ReadingClock {
  /** The time that is believed, and when that was on the clock that nobody sets. */
  private believed: { readonly at: number; readonly since: number } | null = null;
  /** The source says something else, and since when. */
  private jump: { readonly by: number; readonly since: number } | null = null;
  private readonly monotonic: () => number;

  constructor(private readonly options: ReadingClockOptions) {
    this.monotonic = options.monotonic ?? (() => performance.now());
  }

  /** ms UTC, a whole number */
  now(): number {
    const { believed } = this;
    return Math.round(believed ? believed.at + (this.monotonic() - believed.since) : this.options.wall());
  }

  /** Whether the source was ever asked. */
  get known(): boolean {
    return this.believed !== null;
  }

  /** Between which times it is, whichever clock is right, ms UTC: nothing is refused for its time by one clock alone. */
  between(): { readonly earliest: number; readonly latest: number } {
    const times = [this.now(), this.now() + (this.jump?.by ?? 0), this.options.wall()];
    return { earliest: Math.min(...times), latest: Math.max(...times) };
  }

  /**
   * Takes what the source says now.
   * @param witnessed whether a second clock says the same, so that a jump is believed at once
   */
  take(time: number, witnessed = false): void {
    const since = this.monotonic();
    const by = this.believed ? time - (this.believed.at + (since - this.believed.since)) : 0;
    if (!this.believed || Math.abs(by) <= JUMP) {
      this.believe(time, since);
      return;
    }
    if (this.jump === null || Math.abs(by - this.jump.by) > JUMP) {
      this.jump = { by, since };
      if (!witnessed) {
        this.options.logger.warn(
          { jumpMs: Math.round(by) },
          'the clock has jumped: readings without a time go by it once it has stayed there for 10 s',
        );
      }
    }
    if (!witnessed && since - this.jump.since < PROBATION) return;
    this.options.logger.warn(
      { jumpMs: Math.round(by) },
      'readings without a time go by the clock that has jumped',
    );
    this.believe(time, since);
  }

  private believe(at: number, since: number): void {
    this.believed = { at, since };
    this.jump = null;
  }
}
