/**
 * Raises `missing` for series that have fallen silent. Every replica watches all series; the commit under the version
 * check sees to it that one of them raises the alert, and that a reading which came meanwhile goes first. The next reading of
 * the series clears it (plan.ts).
 *
 * It remembers from when on each series is silent: from what this replica commits, and from the store where that says nothing,
 * because other replicas commit the same series. So it reads few series from the store, and all of them seldom, for those
 * that only others have heard.
 *
 * A replica that does not hear reports nobody as silent: it must have been able to hear for as long as the silence has to
 * last, and for the patience at least; the broker must answer; everything that came before the silence was too long must be
 * stored.
 */
import { EventEmitter } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Alert } from '../domain/alert.ts';
import { type SeriesId, seriesKey } from '../domain/series.ts';
import type { Watch } from '../domain/watch.ts';
import { StoreUnavailable, VigiaError } from '../errors.ts';
import type { SeriesCommit, SeriesRecord, Store } from '../store/store.ts';
import type { Accounting } from './accounting.ts';
import type { RuleBook } from './rule-book.ts';
import { entryOf, horizonOf, oldestSnapshot } from './series-entry.ts';
import { missingAlert, silentFrom } from './silence.ts';

/** What brings the readings here. */
export interface Hearing {
  /** Since when what is sent comes in, ms; null while it does not. */
  since(): number | null;
  /** Whether the broker answers at this moment. */
  answers(): Promise<boolean>;
  /** Everything of a series that came in before this time is stored, ms. */
  storedUntil(series: SeriesId): number;
}

export interface WatchdogOptions {
  readonly store: Store;
  readonly rules: RuleBook;
  readonly hearing: Hearing;
  /** How long this replica must have heard at least, ms. */
  readonly patience: number;
  readonly accounting: Accounting;
  readonly logger: Logger;
  readonly now: () => number;
}

interface Due {
  readonly series: SeriesId;
  readonly from: number;
  /** The silence that is too long, ms. */
  readonly limit: number;
}

interface WatchdogEvents {
  /** After each alert raised. */
  committed: [series: SeriesId, planned: { readonly commit: SeriesCommit }, alerts: readonly Alert[]];
}

/** Between two looks at what is due, ms. */
const SHORTEST_PAUSE = 250;
const LONGEST_PAUSE = 1000;
/** Between two readings of all series from the store, ms; more where one takes longer than one part in `SHARE` of that. */
const SURVEY_PAUSE = 10_000;
const SHARE = 100;
/** After the store was away, ms. */
const AWAY_PAUSE = 5000;
/** A look that comes so much later than planned means that this process stood still, and did not hear, ms. */
const STOOD_STILL = 2000;
/** Series read or committed together. */
const BATCH = 256;

export class Watchdog extends EventEmitter<WatchdogEvents> {
  /** Since when this process runs without standing still, with the store at hand, ms. */
  private awakeSince: number;
  private readonly abort = new AbortController();
  /** The series that are watched, and from when on they are silent, ms, as far as is known here. */
  private readonly due = new Map<string, Due>();
  /** Those whose alert is open. */
  private readonly silent = new Set<string>();
  /** Those whose state cannot be read, which the log has said. */
  private readonly unreadable = new Set<string>();
  private surveyAt = Number.NEGATIVE_INFINITY;

  constructor(private readonly options: WatchdogOptions) {
    super();
    this.awakeSince = options.now();
  }

  start(): void {
    void this.run();
  }

  /** Does not wait for a look that is under way: the store may be away. */
  close(): void {
    this.abort.abort();
  }

  /** Takes note of what is stored of a series now. */
  note({ sensor, metric }: SeriesId, watch: Watch | null): void {
    const series = { sensor, metric };
    const key = seriesKey(series);
    const { limit, from } = this.silence(series, watch);
    if (watch?.missing) this.silent.add(key);
    else this.silent.delete(key);
    if (limit === null || from === null) this.due.delete(key);
    else this.due.set(key, { series, from, limit });
  }

  private silence(series: SeriesId, watch: Watch | null): { limit: number | null; from: number | null } {
    const limit = this.options.rules.longestSilence(series, watch?.interval ?? null);
    return { limit, from: silentFrom(watch, limit) };
  }

  private async run(): Promise<void> {
    const { now, logger, accounting } = this.options;
    const { signal } = this.abort;
    let pause = SHORTEST_PAUSE;
    while (!signal.aborted) {
      const planned = now() + pause;
      await delay(pause, undefined, { signal, ref: false }).catch(() => {});
      if (signal.aborted) return;
      if (now() > planned + STOOD_STILL) this.awakeSince = now();
      try {
        if (now() >= this.surveyAt) await this.survey();
        const next = await this.look();
        accounting.silentSeries(this.silent.size);
        pause = Math.max(SHORTEST_PAUSE, Math.min(LONGEST_PAUSE, next - now()));
      } catch (error) {
        if (signal.aborted) return;
        this.awakeSince = now();
        pause = AWAY_PAUSE;
        if (error instanceof StoreUnavailable) continue;
        logger.error({ err: error }, 'looking for silent series failed');
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
    this.silent.clear();
    for (const summary of list) this.note(summary, summary.watch);
  }

  /** Raises what is to be raised now. @returns when to look again at the latest, ms */
  private async look(): Promise<number> {
    const { store, hearing, now } = this.options;
    const since = hearing.since();
    if (since === null) return Number.POSITIVE_INFINITY;
    const heardSince = Math.max(since, this.awakeSince);
    const time = now();
    // Another replica may have heard them.
    const { overdue: asked } = this.overdue(time, heardSince);
    for (let i = 0; i < asked.length; i += BATCH) {
      const part = asked.slice(i, i + BATCH);
      const found = await store.series.summaries(part);
      for (const [j, series] of part.entries()) this.note(series, found[j]?.watch ?? null);
    }
    const { overdue, next } = this.overdue(time, heardSince);
    // Whatever was on its way when the broker was asked comes before its answer, and has then to be stored.
    if (overdue.length === 0 || !(await hearing.answers())) return next;
    for (let i = 0; i < overdue.length && !this.abort.signal.aborted; i += BATCH) {
      await this.raise(overdue.slice(i, i + BATCH), heardSince);
    }
    return next;
  }

  /** The series that are silent by what is known here, and when the first of the others is to be, ms. */
  private overdue(time: number, heardSince: number): { overdue: SeriesId[]; next: number } {
    const overdue: SeriesId[] = [];
    let next = Number.POSITIVE_INFINITY;
    for (const { series, from, limit } of this.due.values()) {
      const at = Math.max(from, heardSince + Math.max(this.options.patience, limit));
      if (at > time) next = Math.min(next, at);
      else overdue.push(series);
    }
    return { overdue, next };
  }

  private async raise(series: readonly SeriesId[], heardSince: number): Promise<void> {
    const { store, accounting, hearing, logger, now } = this.options;
    const records = await store.series.load(series);
    const since = hearing.since();
    if (since === null || since > heardSince) return;
    const commits = series.flatMap((id, i) => {
      const record = records[i];
      const { limit, from } = this.silence(id, record?.watch ?? null);
      if (!record || limit === null || from === null) return [];
      if (from > Math.min(now(), hearing.storedUntil(id))) return [];
      const commit = this.silenceCommit(id, record, limit);
      return commit ? [commit] : [];
    });
    const results = commits.length === 0 ? [] : await store.series.commit(commits);
    results.forEach((result, i) => {
      const commit = commits[i]!;
      if (result.status === 'failed') logger.warn({ err: result.error }, 'a silent series cannot be written');
      // After a conflict it is not silent any more, or another replica has said so: the next look asks again.
      if (result.status !== 'committed') return;
      this.note(commit.series, commit.next!.watch!);
      for (const { state } of result.alerts) accounting.alertChanged(state);
      this.emit('committed', commit.series, { commit }, result.alerts);
    });
  }

  /** null also where the state cannot be read: the others must not wait for it, and the next survey asks again. */
  private silenceCommit(series: SeriesId, record: SeriesRecord, limit: number): SeriesCommit | null {
    const key = seriesKey(series);
    try {
      const commit = silenceCommit(series, record, limit);
      this.unreadable.delete(key);
      return commit;
    } catch (error) {
      if (!(error instanceof VigiaError)) throw error;
      if (!this.unreadable.has(key))
        this.options.logger.error({ series: key, err: error }, 'a silent series cannot be reported');
      this.unreadable.add(key);
      this.due.delete(key);
      return null;
    }
  }
}

/** The record as it is, but silent. @returns null for a series whose newest reading is not known */
function silenceCommit(series: SeriesId, record: SeriesRecord, limit: number): SeriesCommit | null {
  const { state, snapshots } = entryOf(record);
  if (state.lastTs < 0 || record.watch === null) return null;
  const missing = { ts: state.lastTs + limit, value: state.values.at(-1)!, limit };
  return {
    series,
    expectedVersion: record.version,
    samples: [],
    verdicts: [],
    next: {
      state: record.state,
      snapshots: [],
      oldestSnapshot: oldestSnapshot(state.count),
      horizon: horizonOf(state.count, snapshots),
      status: 'silent',
      watch: { ...record.watch, missing },
    },
    alerts: [missingAlert(missing, null)],
    duplicates: 0,
  };
}
