/**
 * How long a batch waits for more readings while no other commit is running. A batch of one reading costs nearly as much as one
 * of four: each wakes this process, the store and the broker. So a batch waits a moment where more readings are on their way,
 * as their rate says, and not at all where a reading comes alone.
 */

/** Over which the rate of readings is averaged, ms. */
const AVERAGED_MS = 100;
/** Readings to be expected within the wait; with fewer it is not worth it. */
const WORTH = 1;
/** A batch of so many readings waits for no more: each costs little less in a larger one. */
const ENOUGH = 16;

export class Gathering {
  /** Readings per ms, averaged. */
  private rate = 0;
  private last = Number.NEGATIVE_INFINITY;

  /** @param longestMs the first reading of a batch waits no longer than that; 0: batches do not wait */
  constructor(private readonly longestMs: number) {}

  /** A batch of so many readings begins. @param now on the clock of `performance.now()`, ms */
  begun(readings: number, now: number): void {
    const passed = now - this.last;
    this.last = now;
    if (passed <= 0) return;
    const kept = Math.exp(-passed / AVERAGED_MS);
    this.rate = this.rate * kept + (readings / passed) * (1 - kept);
  }

  /**
   * @param waiting readings in the queue
   * @param since when the first of them came, on the clock of `performance.now()`, ms
   * @returns how long to wait before the batch begins, ms; 0: it begins now
   */
  wait(waiting: number, since: number, now: number): number {
    if (waiting >= ENOUGH || this.rate * this.longestMs < WORTH) return 0;
    return Math.max(0, since + this.longestMs - now);
  }
}
