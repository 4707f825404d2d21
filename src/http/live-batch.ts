/**
 * What is new since the last flush, cut down to a budget. While there is less than the budget, every reading is kept;
 * beyond it only the newest of each series, and the series that have waited longest go first. So however fast readings
 * are committed, a flush costs the same, and with many series each is still shown in its turn.
 */
import type { Alert } from '../domain/alert.ts';
import type { SeriesId } from '../domain/series.ts';
import type { SeriesStatus } from '../store/store.ts';

/** The data of a `reading` event. `state` is the series' after the commit, absent where the commit left it. */
export interface LiveReading extends SeriesId {
  /** ms UTC */
  readonly t: number;
  readonly v: number;
  readonly expected: number | null;
  readonly score: number | null;
  readonly state?: SeriesStatus;
}

export interface LiveNews {
  readonly readings: readonly LiveReading[];
  readonly alerts: readonly Alert[];
}

export class LiveBatch {
  private readonly series = new Map<string, LiveReading[]>();
  private readonly alerts = new Map<string, Alert>();
  private size = 0;
  /** Readings left out so far because newer ones of their series had come. */
  skipped = 0;

  /** @param budget readings per flush */
  constructor(private readonly budget: number) {}

  get empty(): boolean {
    return this.size === 0 && this.alerts.size === 0;
  }

  reading(reading: LiveReading): void {
    const key = `${reading.sensor}\n${reading.metric}`;
    const waiting = this.series.get(key);
    if (!waiting) {
      this.series.set(key, [reading]);
      this.size++;
    } else if (this.size < this.budget) {
      waiting.push(reading);
      this.size++;
    } else {
      this.skipped += waiting.length;
      this.size -= waiting.length - 1;
      const newest = waiting.reduce((a, b) => (b.t > a.t ? b : a), reading);
      waiting.splice(0, waiting.length, newest);
    }
  }

  /** Only the newest revision of an alert is news. */
  alert(alert: Alert): void {
    const known = this.alerts.get(alert.id);
    if (!known || known.revision <= alert.revision) this.alerts.set(alert.id, alert);
  }

  /** Takes what a flush may carry; readings of further series stay for the next. */
  take(): LiveNews {
    const readings: LiveReading[] = [];
    const all = this.size <= this.budget;
    for (const [key, waiting] of this.series) {
      if (readings.length >= this.budget) break;
      if (all) for (const reading of waiting) readings.push(reading);
      else {
        readings.push(waiting.reduce((a, b) => (b.t > a.t ? b : a)));
        this.skipped += waiting.length - 1;
      }
      this.size -= waiting.length;
      this.series.delete(key);
    }
    const alerts = [...this.alerts.values()];
    this.alerts.clear();
    return { readings, alerts };
  }

  clear(): void {
    this.series.clear();
    this.alerts.clear();
    this.size = 0;
  }
}
