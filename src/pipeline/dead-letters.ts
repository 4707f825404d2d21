/** Refuses readings that can never be stored: bad requests are answered, bad messages are kept as dead letters. */
import type { Logger } from 'pino';
import { StoreUnavailable } from '../errors.ts';
import type { Store } from '../store/store.ts';
import type { Accounting } from './accounting.ts';
import { DeadLetterLog } from './dead-letter-log.ts';
import type { Endings } from './endings.ts';
import { type Letter, lettersOf, type Refused } from './letters.ts';
import type { Outage } from './outage.ts';
import { type ParkedReadings, PROBLEMS } from './parked-readings.ts';
import type { Shutdown } from './shutdown.ts';

export interface DeadLettersOptions {
  readonly store: Store;
  readonly accounting: Accounting;
  readonly endings: Endings;
  readonly outage: Outage;
  readonly parked: ParkedReadings;
  readonly logger: Logger;
  readonly shutdown: Shutdown;
}

export class DeadLetters {
  private readonly log;

  constructor(private readonly options: DeadLettersOptions) {
    this.log = new DeadLetterLog(options.logger);
  }

  /** Waits while the store is away. @param time now, ms */
  async refuse(refused: readonly Refused[], time: number): Promise<void> {
    const messages: Refused[] = [];
    for (const one of refused) {
      if (one.pending.ticket.message) messages.push(one);
      else this.reject(one);
    }
    if (messages.length === 0) return;
    const letters = lettersOf(messages, time);
    if (!(await this.keep(letters))) {
      this.options.parked.park(
        PROBLEMS,
        messages.map(({ pending }) => pending),
        'dead-letters',
      );
      return;
    }
    this.log.add(letters);
    for (const one of messages) this.reject(one);
  }

  /** @returns false where the letters cannot be kept now, for another reason than an outage */
  private async keep(letters: readonly Letter[]): Promise<boolean> {
    const { store, accounting, outage, logger, shutdown } = this.options;
    for (let attempt = 0; ; attempt++) {
      try {
        const dropped = await store.deadLetters.add(letters);
        if (dropped > 0) {
          accounting.deadLettersDropped(dropped);
          logger.warn(
            { dropped },
            'DEAD_LETTER_MAX or DEAD_LETTER_MAX_BYTES reached: the oldest dead letters were dropped',
          );
        }
        return true;
      } catch (error) {
        if (shutdown.signal.aborted) throw error;
        if (!(error instanceof StoreUnavailable)) {
          logger.error({ err: error }, 'dead letters cannot be kept; their messages wait');
          return false;
        }
        // The messages wait apart, and series on other parts of the store go on.
        if (error.partial) return false;
        await outage.backOff(attempt, error);
      }
    }
  }

  private reject({ pending, problem: { field, reason, detail } }: Refused): void {
    this.options.endings.resolve(pending, { status: 'rejected', field, reason, detail });
  }
}
