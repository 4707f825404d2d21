/**
 * Raises the alert `missing` for series that have become stale. Every replica watches all series. The commit under the version
 * check makes sure that one replica raises the alert, and that a reading which came meanwhile goes first. The next reading of
 * the series clears the alert (planning/plan.ts).
 *
 * The watchdog remembers from when on each series is stale. It learns this from the commits of this replica. Other replicas
 * commit series too, so it asks the store before it raises an alert, and reads all series from the store now and then.
 *
 * A replica that may have missed readings reports no series. Four things must be true: the replica has been subscribed for as
 * long as the limit of the series, and for MISSING_PATIENCE at least; this process did not stand still meanwhile; the broker
 * answers; everything that came in before the series became stale is stored.
 */
import { EventEmitter } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Alert, AlertState } from '../domain/alert.ts';
import { type SeriesId, seriesKey } from '../domain/series.ts';
import type { Watch } from '../domain/watch.ts';
import { StoreUnavailable, VigiaError } from '../errors.ts';
import type { SeriesCommit, SeriesRecord, Store } from '../store/store.ts';
import { staleFrom } from './staleness.ts';

/** What brings the readings to this replica. */
export interface Subscription {
  /** Since when everything that is published comes in, ms; null while it does not. */
  since(): number | null;
  /** Whether the broker answers at this moment. */
  answers(): Promise<boolean>;
  /** Everything of a series that came in before this time is stored, ms. */
  storedUntil(series: SeriesId): number;
}

export interface WatchdogOptions {
  readonly store: Store;
  readonly rules: {
    /** How long a series may be without a reading, ms; null: for ever. @param interval its usual one, null while unknown */
    staleAfter(series: SeriesId, interval: number | null): number | null;
  };
  /** The commit that raises the alert, null where there is nothing to raise. @throws VigiaError for a damaged record */
  readonly commitOf: (series: SeriesId, record: SeriesRecord, limit: number) => SeriesCommit | null;
  readonly subscription: Subscription;
  /** How long this replica must have been subscribed at least, ms. */
  readonly patience: number;
  readonly metrics: {
    /** How many series are stale. */
    staleSeries(n: number): void;
    alertChanged(state: AlertState): void;
  };
  readonly logger: Logger;
  readonly now: () => number;
}

interface Due {
  readonly series: SeriesId;
  /** From when on it is stale, ms. */
  readonly from: number;
  /** How long it may be without a reading, ms. */
  readonly limit: number;
}

interface WatchdogEvents {
  /** After each alert raised. */
  committed: [series: SeriesId, planned: { readonly commit: SeriesCommit }, alerts: readonly Alert[]];
}

/** Between two checks of what is due, ms. */
const SHORTEST_PAUSE = 250;
const LONGEST_PAUSE = 1000;
/** Between two readings of all series from the store, ms. The pause is longer where reading takes more than 1/`SHARE` of it. */
const SURVEY_PAUSE = 10_000;
const SHARE = 100;
/** After the store was away, ms. */
const AWAY_PAUSE = 5000;
/** A beat that comes so much later than planned means that this process stood still and took nothing in, or that the clock was set, ms. */
const STOOD_STILL = 2000;
/** The same moment may be this much later by the clock of readings, which is corrected now and then, ms. */
const CLOCK_SLACK = 50;
/** Tries for series whose sender has ended, and the pause in which readings from before are stored, ms. */
const ATTEMPTS = 5;
const ENDING_PAUSE = 50;
/** Asks a rule whether the alert is wanted at all, ms. */
const ANY_INTERVAL = 1000;
/** Series read or committed together. */
const BATCH = 256;

export class Watchdog extends EventEmitter<WatchdogEvents> {
  /** Since when this process runs without standing still, and reaches the store, ms. */
  private awakeSince: number;
  /** When this process last ran, ms. */
  private lastBeat: number;
  private readonly beating: NodeJS.Timeout;
  private readonly abort = new AbortController();
  /** The series that are watched, as far as this replica knows. */
  private readonly due = new Map<string, Due>();
  /** Series whose alert is open. */
  private readonly stale = new Set<string>();
  /** Series whose state cannot be read. The log has said so. */
  private readonly unreadable = new Set<string>();
  private surveyAt = Number.NEGATIVE_INFINITY;

  constructor(private readonly options: WatchdogOptions) {
    super();
    this.awakeSince = options.now();
    this.lastBeat = this.awakeSince;
    this.beating = setInterval(() => this.beat(), SHORTEST_PAUSE).unref();
  }

  start(): void {
    void this.run();
  }

  /** Does not wait for a check that is under way, because the store may be away. */
  close(): void {
    clearInterval(this.beating);
    this.abort.abort();
  }

  /** Notices that this process has stood still, or that its clock was set. */
  private beat(): void {
    const time = this.options.now();
    if (time > this.lastBeat + SHORTEST_PAUSE + STOOD_STILL || time < this.lastBeat - CLOCK_SLACK) {
      this.awakeSince = time;
      this.surveyAt = Number.NEGATIVE_INFINITY;
    }
    this.lastBeat = time;
  }

  /** Takes note of what is stored of a series now. */
  note({ sensor, metric }: SeriesId, watch: Watch | null): void {
    const series = { sensor, metric };
    const key = seriesKey(series);
    const { limit, from } = this.staleness(series, watch);
    if (watch?.missing) this.stale.add(key);
    else this.stale.delete(key);
    if (limit === null || from === null) this.due.delete(key);
    else this.due.set(key, { series, from, limit });
  }

  /**
   * Raises the alert at once for the series of a sender that has said that it ends. Where no such alert is wanted, none is raised.
   * @param ended tells the sensors of that sender
   * @throws StoreUnavailable
   */
  async senderEnded(ended: (sensor: string) => boolean): Promise<void> {
    const { store, rules, subscription, now } = this.options;
    const said = now();
    const all = (await store.series.list()).filter((series) => ended(series.sensor));
    let open: SeriesId[] = all.filter(
      (series) => series.watch?.missing === null && rules.staleAfter(series, ANY_INTERVAL) !== null,
    );
    for (let attempt = 0; open.length > 0 && attempt < ATTEMPTS && !this.abort.signal.aborted; attempt++) {
      // A reading from before the end must not come after the alert: it would clear the alert.
      while (open.some((series) => subscription.storedUntil(series) < said) && !this.abort.signal.aborted)
        await delay(ENDING_PAUSE);
      const left: SeriesId[] = [];
      for (let i = 0; i < open.length; i += BATCH)
        left.push(...(await this.end(open.slice(i, i + BATCH), said)));
      open = left;
    }
  }

  /** @param said when the sender said so, ms @returns the series that another replica has committed meanwhile */
  private async end(series: readonly SeriesId[], said: number): Promise<SeriesId[]> {
    const { store } = this.options;
    const [summaries, records] = [await store.series.summaries(series), await store.series.load(series)];
    const commits = series.flatMap((id, i) => {
      const record = records[i];
      if (!record?.watch || record.watch.missing !== null) return [];
      const since = summaries[i]?.last?.ts ?? said;
      const commit = this.commitOf(id, record, Math.max(0, said - since));
      return commit ? [commit] : [];
    });
    return this.apply(commits);
  }

  private staleness(series: SeriesId, watch: Watch | null): { limit: number | null; from: number | null } {
    const limit = this.options.rules.staleAfter(series, watch?.interval ?? null);
    return { limit, from: staleFrom(watch, limit) };
  }

  private async run(): Promise<void> {
    const { now, logger, metrics } = this.options;
    const { signal } = this.abort;
    let pause = SHORTEST_PAUSE;
    while (!signal.aborted) {
      await delay(pause, undefined, { signal, ref: false }).catch(() => {});
      if (signal.aborted) return;
      this.beat();
      try {
        if (now() >= this.surveyAt) await this.survey();
        const next = await this.check();
        metrics.staleSeries(this.stale.size);
        pause = Math.max(SHORTEST_PAUSE, Math.min(LONGEST_PAUSE, next - now()));
      } catch (error) {
        if (signal.aborted) return;
        this.awakeSince = now();
        pause = AWAY_PAUSE;
        if (error instanceof StoreUnavailable) continue;
        logger.error({ err: error }, 'looking for stale series failed');
      }
    }
  }

  /** Reads all series. */
  private async survey(): Promise<void> {
    const { store, now } = this.options;
    const started = performance.now();
    const list = await store.series.list();
    this.surveyAt = now() + Math.max(SURVEY_PAUSE, SHARE * (performance.now() - started));
    this.due.clear();
    this.stale.clear();
    for (const summary of list) this.note(summary, summary.watch);
  }

  /** Raises what is due. @returns when to check again at the latest, ms */
  private async check(): Promise<number> {
    const { store, subscription, now } = this.options;
    const since = subscription.since();
    if (since === null) return Number.POSITIVE_INFINITY;
    const completeSince = Math.max(since, this.awakeSince);
    const time = now();
    // Another replica may have committed readings of these series.
    const { overdue: asked } = this.overdue(time, completeSince);
    for (let i = 0; i < asked.length; i += BATCH) {
      const part = asked.slice(i, i + BATCH);
      const found = await store.series.summaries(part);
      for (const [j, series] of part.entries()) this.note(series, found[j]?.watch ?? null);
    }
    const { overdue, next } = this.overdue(time, completeSince);
    // What was on its way when the broker was asked comes before its answer. `raise` requires that all of it is stored.
    if (overdue.length === 0 || !(await subscription.answers())) return next;
    for (let i = 0; i < overdue.length && !this.abort.signal.aborted; i += BATCH) {
      await this.raise(overdue.slice(i, i + BATCH), completeSince, time);
    }
    return next;
  }

  /** The series that are stale by what is known here, and when the next one will be, ms. */
  private overdue(time: number, completeSince: number): { overdue: SeriesId[]; next: number } {
    const overdue: SeriesId[] = [];
    let next = Number.POSITIVE_INFINITY;
    for (const { series, from, limit } of this.due.values()) {
      const at = Math.max(from, completeSince + Math.max(this.options.patience, limit));
      if (at > time) next = Math.min(next, at);
      else overdue.push(series);
    }
    return { overdue, next };
  }

  /** @param asked a time before the broker was asked, ms: what was published later may not have come in yet */
  private async raise(series: readonly SeriesId[], completeSince: number, asked: number): Promise<void> {
    const { store, subscription } = this.options;
    const records = await store.series.load(series);
    const since = subscription.since();
    if (since === null || since > completeSince + CLOCK_SLACK) return;
    this.beat();
    if (this.awakeSince > completeSince) return;
    const commits = series.flatMap((id, i) => {
      const record = records[i];
      const { limit, from } = this.staleness(id, record?.watch ?? null);
      if (!record || limit === null || from === null) return [];
      if (from > Math.min(asked, subscription.storedUntil(id))) return [];
      const commit = this.commitOf(id, record, limit);
      return commit ? [commit] : [];
    });
    await this.apply(commits);
  }

  /** @returns the series whose commit was a conflict */
  private async apply(commits: readonly SeriesCommit[]): Promise<SeriesId[]> {
    const { store, metrics, logger } = this.options;
    const results = commits.length === 0 ? [] : await store.series.commit(commits);
    results.forEach((result, i) => {
      const commit = commits[i]!;
      if (result.status === 'failed') logger.warn({ err: result.error }, 'a stale series cannot be written');
      // After a conflict the series has a new reading, or another replica has raised the alert. The next check asks again.
      if (result.status !== 'committed') return;
      this.note(commit.series, commit.next!.watch!);
      for (const { state } of result.alerts) metrics.alertChanged(state);
      this.emit('committed', commit.series, { commit }, result.alerts);
    });
    return commits.flatMap(({ series }, i) => (results[i]!.status === 'conflict' ? [series] : []));
  }

  /** @returns null also where the state cannot be read: other series must not wait for it, and the next survey asks again */
  private commitOf(series: SeriesId, record: SeriesRecord, limit: number): SeriesCommit | null {
    const key = seriesKey(series);
    try {
      const commit = this.options.commitOf(series, record, limit);
      this.unreadable.delete(key);
      return commit;
    } catch (error) {
      if (!(error instanceof VigiaError)) throw error;
      if (!this.unreadable.has(key))
        this.options.logger.error({ series: key, err: error }, 'a stale series cannot be reported');
      this.unreadable.add(key);
      this.due.delete(key);
      return null;
    }
  }
}
