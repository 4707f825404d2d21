/**
 * Compares the clock of this process with the store's. What cannot be undone, such as trimming, needs both to agree: one wrong
 * clock must not delete what all the others keep.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import { Gauge, type Registry } from 'prom-client';
import { StoreUnavailable } from '../errors.ts';
import type { Store } from '../store/store.ts';
import { ReadingClock } from './reading-clock.ts';

export interface StoreClockOptions {
  readonly store: Pick<Store, 'time' | 'kind'>;
  /** By how much the clocks may differ, ms. */
  readonly limit: number;
  readonly registry: Registry;
  readonly logger: Logger;
  /** ms UTC */
  readonly now: () => number;
}

/** Between two looks at a clock, ms. */
const EVERY_MS = 2000;
/** Between two lines in the log while the clocks differ, ms. */
const LOG_EVERY_MS = 60_000;
/** An answer that took longer says too little, ms. */
const SLOW_MS = 500;
/** Two clocks that differ by less say the same, ms. */
const SAME_MS = 1000;

export class StoreClock {
  /** The clock by which readings are taken in. */
  readonly readings: ReadingClock;
  /** How far this process's clock was ahead when the clocks were compared, ms. */
  private skew = 0;
  private told: 'agree' | 'differ' | 'unknown' = 'agree';
  private toldAt = Number.NEGATIVE_INFINITY;

  constructor(private readonly options: StoreClockOptions) {
    const skew = () => this.skew;
    this.readings = new ReadingClock({ wall: options.now, logger: options.logger });
    new Gauge({
      name: 'vigia_clock_skew_seconds',
      help: "How far the clock of this process is ahead of the store's; beyond MAX_CLOCK_SKEW, either way, it trims nothing.",
      registers: [options.registry],
      collect() {
        this.set(skew() / 1000);
      },
    });
  }

  /** The store's time as far as it is known, ms UTC. */
  now(): number {
    return this.options.now() - this.skew;
  }

  /** Why the clock of this process is wrong; null while it agrees with the store's. */
  problem(): string | null {
    const { skew } = this;
    if (Math.abs(skew) <= this.options.limit) return null;
    const where = skew > 0 ? 'ahead of' : 'behind';
    return `the clock of this process is ${Math.round(Math.abs(skew) / 1000)} s ${where} the store's`;
  }

  /** Compares the clocks. @returns whether they agree @throws StoreUnavailable */
  async agrees(): Promise<boolean> {
    const { store, logger, now } = this.options;
    const [before, began] = [now(), performance.now()];
    try {
      const theirs = await store.time();
      this.take(theirs, before, performance.now() - began);
    } catch (error) {
      if (!(error instanceof StoreUnavailable) || !error.message.includes('NOPERM')) throw error;
      if (this.told !== 'unknown') {
        logger.warn(
          'the Redis user may not use TIME: the clock of this process is not compared with that of Redis',
        );
      }
      this.told = 'unknown';
      this.readings.take(now());
      return true;
    }
    const problem = this.problem();
    if (problem === null && this.told === 'differ') {
      logger.info("the clock of this process agrees with the store's again");
    }
    if (problem !== null && performance.now() - this.toldAt >= LOG_EVERY_MS) {
      this.toldAt = performance.now();
      logger.error({ skewMs: this.skew }, `${problem}; this process trims nothing`);
    }
    this.told = problem === null ? 'agree' : 'differ';
    if (problem === null) this.toldAt = Number.NEGATIVE_INFINITY;
    return problem === null;
  }

  /** Looks at the clocks until `signal`. */
  async follow(signal: AbortSignal): Promise<void> {
    const { store, now, logger } = this.options;
    while (!signal.aborted) {
      await delay(EVERY_MS, undefined, { signal, ref: false }).catch(() => {});
      if (signal.aborted) return;
      // The embedded store has no clock of its own: it is asked before it trims.
      if (store.kind === 'embedded') this.readings.take(now());
      else
        await this.agrees().catch((error) =>
          logger.debug({ err: error }, 'the clock of the store cannot be read'),
        );
    }
  }

  /** @param before the clock of this process when the store was asked, ms @param took ms */
  private take(theirs: number, before: number, took: number): void {
    const { store, now } = this.options;
    this.skew = Math.round(before + took / 2 - theirs);
    if (store.kind === 'embedded') this.readings.take(now());
    else if (took <= SLOW_MS || !this.readings.known)
      this.readings.take(theirs + took / 2, Math.abs(this.skew) <= SAME_MS);
  }
}
