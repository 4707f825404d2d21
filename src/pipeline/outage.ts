/**
 * An outage of the store. Messages wait and are tried again with back-off for ever; requests are answered with
 * StoreUnavailable, because somebody waits for the answer.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { StoreUnavailable } from '../errors.ts';
import type { Endings } from './endings.ts';
import type { ReadingQueue } from './reading-queue.ts';
import type { Shutdown } from './shutdown.ts';

/** Pauses between tries while the store is away, ms. */
const PAUSES = [50, 100, 200, 400, 800, 1600, 3000] as const;
/** Between two lines where the reason changes, ms. */
const LOG_EVERY_MS = 5000;
export const LONGEST_PAUSE = PAUSES.at(-1)!;

export class Outage {
  private current: StoreUnavailable | null = null;
  /** When it began, and when the reason was logged last, on the clock of `performance.now()`, ms. */
  private since = 0;
  private toldAt = 0;

  constructor(
    private readonly queue: ReadingQueue,
    private readonly endings: Endings,
    private readonly logger: Logger,
    private readonly shutdown: Shutdown,
  ) {}

  /** Why the store is away, while something is being tried again; null otherwise. */
  get error(): StoreUnavailable | null {
    return this.current;
  }

  /**
   * Waits before the next try, and fails the requests in the queue meanwhile.
   * @param attempt tries before this one that failed, one after the other
   * @throws AbortError when the pipeline gives up
   */
  async backOff(attempt: number, error: StoreUnavailable): Promise<void> {
    this.tell(error);
    this.current = error;
    this.endings.failRequests(error, this.queue);
    this.queue.dropFailed();
    const pause = PAUSES[Math.min(attempt, PAUSES.length - 1)];
    await delay(pause, undefined, { signal: this.shutdown.signal });
  }

  /** A batch has been finished. */
  end(): void {
    if (!this.current) return;
    this.current = null;
    const awayMs = Math.round(performance.now() - this.since);
    this.logger.info({ awayMs }, 'the store is back; readings are acknowledged again');
  }

  private tell(error: StoreUnavailable): void {
    const now = performance.now();
    if (!this.current) {
      this.since = now;
      this.logger.error({ err: error }, 'the store is away; nothing is acknowledged meanwhile');
    } else if (error.message === this.current.message || now - this.toldAt < LOG_EVERY_MS) return;
    else this.logger.error({ err: error }, 'the store is still away, for another reason now');
    this.toldAt = now;
  }
}
