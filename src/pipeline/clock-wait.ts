/**
 * Readings without a time that came faster than one each millisecond: the clock has no time left for them. They wait for the
 * clock, but not for long and not too many of them, because what waits takes the place of other readings. What may not wait
 * becomes a dead letter.
 */
import type { Logger } from 'pino';
import type { Problem } from '../domain/decoded.ts';
import type { ParkedReadings } from './parked-readings.ts';
import type { Group } from './reading-queue.ts';
import type { PendingReading } from './ticket.ts';

/** Until they are tried again, ms. */
const PAUSE = 100;
const LOG_EVERY_MS = 60_000;

export interface ClockWaitOptions {
  readonly parked: ParkedReadings;
  /** Puts readings back into the queue. */
  readonly enqueue: (pendings: readonly PendingReading[]) => void;
  /** How long a reading may wait, ms. */
  readonly patienceMs: number;
  /** How many may wait at a time. */
  readonly max: number;
  readonly logger: Logger;
  /** A monotonic clock, ms. */
  readonly monotonic?: () => number;
}

export class ClockWait {
  private told = Number.NEGATIVE_INFINITY;

  constructor(private readonly options: ClockWaitOptions) {}

  /** @param busy readings of messages, all of one series */
  wait({ key }: Pick<Group, 'key'>, busy: readonly PendingReading[]): void {
    const { parked, enqueue, patienceMs, max, monotonic = () => performance.now() } = this.options;
    const now = monotonic();
    let room = max - parked.waiting.clock;
    const waiting: PendingReading[] = [];
    const refused: PendingReading[] = [];
    for (const pending of busy) {
      const waits = room > 0 && now - pending.ticket.arrived < patienceMs;
      if (waits) room--;
      else pending.problem = problemOf(key);
      (waits ? waiting : refused).push(pending);
    }
    this.tell(now, key, waiting.length, refused.length);
    parked.park(key, waiting, 'clock', PAUSE);
    if (refused.length > 0) enqueue(refused);
  }

  private tell(now: number, series: string, waiting: number, refused: number): void {
    if (now - this.told < LOG_EVERY_MS) return;
    this.told = now;
    this.options.logger.warn(
      { series, waiting, refused },
      'readings without a time come faster than one each millisecond: they wait for the clock, or become dead letters',
    );
  }
}

function problemOf(key: string): Problem {
  return {
    field: 'ts',
    reason: 'too-many-without-time',
    detail: `${key} got more readings without a time than there are milliseconds up to ARRIVAL_LEAD ahead of the clock`,
  };
}
