/**
 * Collects what is new since the last flush, and bounds it. While there are fewer readings than the bound, every reading is
 * kept. Beyond the bound only the newest reading of each series is kept, and the series that have waited longest are sent
 * first. So the cost of a flush does not depend on how fast readings are committed, and every series gets its turn.
 */
import type { Alert } from '../../domain/alert.ts';
import type { SeriesId } from '../../domain/series.ts';
import type { SeriesStatus } from '../../store/store.ts';

/** The data of a `reading` event. `state` is the series' after the commit, absent where the commit left it. */
export interface LiveReading extends SeriesId {
  /** ms UTC */
  readonly t: number;
  readonly v: number;
  readonly expected: number | null;
  readonly score: number | null;
  readonly state?: SeriesStatus;
}

/** The data of a `state` event: a commit without readings has changed the state (the series is stale), or the series is deleted. */
export interface LiveState extends SeriesId {
  readonly state: SeriesStatus | 'deleted';
}

/** In the order in which they are to be told. */
export interface LiveNews {
  readonly deleted: readonly LiveState[];
  readonly readings: readonly LiveReading[];
  readonly states: readonly LiveState[];
  readonly alerts: readonly Alert[];
}

export class LiveBatch {
  private readonly series = new Map<string, LiveReading[]>();
  private readonly states = new Map<string, LiveState>();
  /** Before every reading that waits. */
  private readonly deleted = new Map<string, LiveState>();
  private readonly alerts = new Map<string, Alert>();
  private size = 0;
  /** Readings left out so far because newer ones of their series had come. */
  skipped = 0;

  /** @param budget readings per flush */
  constructor(private readonly budget: number) {}

  get empty(): boolean {
    return [this.series, this.states, this.deleted, this.alerts].every(({ size }) => size === 0);
  }

  reading(reading: LiveReading): void {
    const key = keyOf(reading);
    if (reading.state !== undefined) this.states.delete(key);
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
      waiting.splice(0, waiting.length, newestOf([...waiting, reading]));
    }
  }

  /** The change comes after all readings and states so far: the last state that is told holds. */
  state(change: LiveState): void {
    const key = keyOf(change);
    const waiting = this.series.get(key);
    if (change.state === 'deleted') {
      this.size -= waiting?.length ?? 0;
      this.series.delete(key);
      this.states.delete(key);
      for (const [id, alert] of this.alerts) if (keyOf(alert) === key) this.alerts.delete(id);
      this.deleted.set(key, change);
    } else if (waiting) waiting.push({ ...waiting.pop()!, state: change.state });
    else this.states.set(key, change);
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
        readings.push(newestOf(waiting));
        this.skipped += waiting.length - 1;
      }
      this.size -= waiting.length;
      this.series.delete(key);
    }
    const [deleted, states, alerts] = [taken(this.deleted), taken(this.states), taken(this.alerts)];
    return { deleted, readings, states, alerts };
  }

  clear(): void {
    this.series.clear();
    this.states.clear();
    this.deleted.clear();
    this.alerts.clear();
    this.size = 0;
  }
}

const keyOf = ({ sensor, metric }: SeriesId) => `${sensor}\n${metric}`;

/** The newest by its time, with the state after all of them. */
function newestOf(readings: readonly LiveReading[]): LiveReading {
  const newest = readings.reduce((a, b) => (b.t > a.t ? b : a));
  const state = readings.findLast((reading) => reading.state !== undefined)?.state;
  return state === undefined || state === newest.state ? newest : { ...newest, state };
}

function taken<T>(map: Map<string, T>): T[] {
  const values = [...map.values()];
  map.clear();
  return values;
}
