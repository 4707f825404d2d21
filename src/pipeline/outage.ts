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
export const LONGEST_PAUSE = PAUSES.at(-1)!;

export class Outage {
  private current: StoreUnavailable | null = null;

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
    if (!this.current)
      this.logger.error({ err: error }, 'the store is away; nothing is acknowledged meanwhile');
    this.current = error;
    this.endings.failRequests(error, this.queue);
    this.queue.dropFailed();
    const pause = PAUSES[Math.min(attempt, PAUSES.length - 1)];
    await delay(pause, undefined, { signal: this.shutdown.signal });
  }

  /** A batch has been finished. */
  end(): void {
    this.current = null;
  }
}
