/**
 * Quarantine: readings of a series that cannot be written now wait here apart from the others, and go back into the queue
 * after a pause.
 */
import type { SeriesId } from '../domain/series.ts';
import { seriesKey } from '../domain/series.ts';
import { LONGEST_PAUSE } from './outage.ts';
import type { Shutdown } from './shutdown.ts';
import { firstArrival, type PendingReading } from './ticket.ts';

/** Key of elements that cannot be kept as dead letters at present. */
export const PROBLEMS = '';

/**
 * Why readings wait: their series cannot be written, the part of the store with their series is away, dead letters cannot be kept, or their arrival times would run ahead of
 * the clock.
 */
export type Wait = 'series' | 'store-part' | 'dead-letters' | 'clock';

interface Parked {
  readonly timer: NodeJS.Timeout;
  readonly pendings: PendingReading[];
  readonly why: Wait;
}

export class ParkedReadings {
  private readonly bySeries = new Map<string, Parked>();
  private readonly counts: Record<Wait, number> = { series: 0, 'store-part': 0, 'dead-letters': 0, clock: 0 };

  /** @param requeue puts readings back into the queue */
  constructor(
    private readonly requeue: (pendings: readonly PendingReading[]) => void,
    private readonly shutdown: Shutdown,
  ) {}

  /** How many wait, by reason. */
  get waiting(): Readonly<Record<Wait, number>> {
    return this.counts;
  }

  /**
   * Sets readings of one series aside, together with those of the series that wait here already.
   * @param key of the series, or `PROBLEMS`
   * @param ms how long
   */
  park(key: string, pendings: readonly PendingReading[], why: Wait, ms: number = LONGEST_PAUSE): void {
    if (pendings.length === 0 || this.shutdown.begun) return;
    for (const { ticket } of pendings) ticket.message?.leaveAckOrder?.();
    const waiting = this.bySeries.get(key);
    this.counts[waiting?.why ?? why] += pendings.length;
    if (waiting) {
      for (const pending of pendings) waiting.pendings.push(pending);
      return;
    }
    const timer = setTimeout(() => {
      const { pendings } = this.bySeries.get(key)!;
      this.bySeries.delete(key);
      this.counts[why] -= pendings.length;
      this.requeue(pendings);
    }, ms);
    this.bySeries.set(key, { timer, pendings: [...pendings], why });
  }

  /** How many of one series wait. @param key of the series */
  of(key: string): number {
    return this.bySeries.get(key)?.pendings.length ?? 0;
  }

  /** When the first reading of the series that waits here came, on the clock of `performance.now()`, ms; infinite without any. */
  waitingSince(series: SeriesId): number {
    return firstArrival(this.bySeries.get(seriesKey(series))?.pendings ?? []);
  }

  /** Nothing goes back into the queue any more. */
  close(): void {
    for (const { timer } of this.bySeries.values()) clearTimeout(timer);
  }
}
