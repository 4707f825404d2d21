/**
 * Compares the clock of this process with the store's. What cannot be undone, such as trimming, needs both to agree: one wrong
 * clock must not delete what all the others keep.
 */

import type { Logger } from 'pino';
import { Gauge, type Registry } from 'prom-client';
import { StoreUnavailable } from '../errors.ts';
import type { Store } from '../store/store.ts';

export interface StoreClockOptions {
  readonly store: Pick<Store, 'time'>;
  /** By how much the clocks may differ, ms. */
  readonly limit: number;
  readonly registry: Registry;
  readonly logger: Logger;
  /** ms UTC */
  readonly now: () => number;
}

export class StoreClock {
  /** How far this process's clock was ahead when the clocks were compared, ms. */
  private skew = 0;
  private told: 'agree' | 'differ' | 'unknown' = 'agree';

  constructor(private readonly options: StoreClockOptions) {
    const skew = () => this.skew;
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

  /** Compares the clocks. @returns whether they agree @throws StoreUnavailable */
  async agrees(): Promise<boolean> {
    const { store, limit, logger, now } = this.options;
    const before = now();
    try {
      const theirs = await store.time();
      this.skew = Math.round((before + now()) / 2 - theirs);
    } catch (error) {
      if (!(error instanceof StoreUnavailable) || !error.message.includes('NOPERM')) throw error;
      if (this.told !== 'unknown') {
        logger.warn(
          'the Redis user may not use TIME: the clock of this process is not compared with that of Redis',
        );
      }
      this.told = 'unknown';
      return true;
    }
    const agrees = Math.abs(this.skew) <= limit;
    if (!agrees) {
      const { skew } = this;
      const where = skew > 0 ? 'ahead of' : 'behind';
      logger.error(
        { skewMs: skew },
        `the clock of this process is ${Math.round(Math.abs(skew) / 1000)} s ${where} the store's; this process trims nothing`,
      );
    } else if (this.told === 'differ') logger.info("the clock of this process agrees with the store's again");
    this.told = agrees ? 'agree' : 'differ';
    return agrees;
  }
}
