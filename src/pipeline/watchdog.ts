/**
 * Raises `missing` for series that have fallen silent. Every replica looks at all series from time to time; the commit under
 * the version check sees to it that one of them raises the alert, and that a reading which came meanwhile goes first. The
 * next reading of the series clears it (plan.ts).
 *
 * A replica that does not hear reports nobody as silent: it must have been able to hear for as long as the silence has to
 * last, and for the patience at least; the broker must answer; everything that came before the silence was too long must be stored.
 */
import { EventEmitter } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Alert } from '../domain/alert.ts';
import type { SeriesId } from '../domain/series.ts';
import { StoreUnavailable } from '../errors.ts';
import type { SeriesCommit, SeriesRecord, SeriesSummary, Store } from '../store/store.ts';
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
  /** Everything that came in before this time is stored, ms. */
  storedUntil(): number;
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

interface WatchdogEvents {
  /** After each alert raised. */
  committed: [series: SeriesId, planned: { readonly commit: SeriesCommit }, alerts: readonly Alert[]];
}

/** Between two looks at all series, ms; more where a look takes longer than one part in `SHARE` of the time. */
const SHORTEST_PAUSE = 250;
const LONGEST_PAUSE = 1000;
const SHARE = 100;
/** A look that comes so much later than planned means that this process stood still, and did not hear, ms. */
const STOOD_STILL = 2000;
/** Series committed together. */
const BATCH = 256;

export class Watchdog extends EventEmitter<WatchdogEvents> {
  /** Since when this process runs without standing still, with the store at hand, ms. */
  private awakeSince: number;
  private readonly abort = new AbortController();

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

  private async run(): Promise<void> {
    const { now, logger } = this.options;
    const { signal } = this.abort;
    let pause = SHORTEST_PAUSE;
    while (!signal.aborted) {
      const planned = now() + pause;
      await delay(pause, undefined, { signal, ref: false }).catch(() => {});
      if (signal.aborted) return;
      if (now() > planned + STOOD_STILL) this.awakeSince = now();
      const started = performance.now();
      try {
        const next = await this.look();
        const wanted = Math.max(SHORTEST_PAUSE, Math.min(LONGEST_PAUSE, next - now()));
        pause = Math.max(wanted, SHARE * (performance.now() - started));
      } catch (error) {
        if (signal.aborted) return;
        this.awakeSince = now();
        pause = LONGEST_PAUSE;
        if (!(error instanceof StoreUnavailable))
          logger.error({ err: error }, 'looking for silent series failed');
      }
    }
  }

  /** Raises what is to be raised now. @returns when to look again at the latest, ms */
  private async look(): Promise<number> {
    const { store, hearing, accounting, patience, now } = this.options;
    const list = await store.list();
    const time = now();
    const since = hearing.since();
    const heardSince = since === null ? null : Math.max(since, this.awakeSince);
    accounting.silentSeries(list.filter(({ watch }) => watch?.missing).length);
    let next = Number.POSITIVE_INFINITY;
    const silent: SeriesSummary[] = [];
    for (const series of list) {
      const { limit, from } = this.silence(series, series.watch);
      if (from === null || limit === null || heardSince === null) continue;
      const at = Math.max(from, heardSince + Math.max(patience, limit));
      if (at > time) next = Math.min(next, at);
      else silent.push(series);
    }
    // Whatever was on its way when the broker was asked comes before its answer, and has then to be stored.
    if (silent.length === 0 || !(await hearing.answers())) return next;
    for (let i = 0; i < silent.length && !this.abort.signal.aborted; i += BATCH) {
      await this.raise(silent.slice(i, i + BATCH), heardSince!);
    }
    return next;
  }

  private silence(series: SeriesId, watch: SeriesRecord['watch']) {
    const limit = this.options.rules.longestSilence(series, watch?.interval ?? null);
    return { limit, from: silentFrom(watch, limit) };
  }

  private async raise(series: readonly SeriesSummary[], heardSince: number): Promise<void> {
    const { store, accounting, hearing, logger, now } = this.options;
    const records = await store.load(series);
    const storedUntil = hearing.storedUntil();
    const since = hearing.since();
    if (since === null || since > heardSince) return;
    const commits = series.flatMap((summary, i) => {
      const record = records[i];
      const { limit, from } = this.silence(summary, record?.watch ?? null);
      if (!record || limit === null || from === null || from > Math.min(now(), storedUntil)) return [];
      const commit = silenceCommit(summary, record, limit);
      return commit ? [commit] : [];
    });
    const results = commits.length === 0 ? [] : await store.commit(commits);
    results.forEach((result, i) => {
      const commit = commits[i]!;
      if (result.status === 'failed') logger.warn({ err: result.error }, 'a silent series cannot be written');
      // After a conflict it is not silent any more, or another replica has said so.
      if (result.status !== 'committed') return;
      for (const { state } of result.alerts) accounting.alertChanged(state);
      this.emit('committed', commit.series, { commit }, result.alerts);
    });
  }
}

/** The record as it is, but silent. @returns null for a series whose newest reading is not known */
function silenceCommit(
  { sensor, metric, last }: SeriesSummary,
  record: SeriesRecord,
  limit: number,
): SeriesCommit | null {
  const { state, snapshots } = entryOf(record);
  if (state.lastTs < 0 || record.watch === null) return null;
  const value = last?.ts === state.lastTs ? last.value : state.values.at(-1)!;
  const missing = { ts: state.lastTs + limit, value, limit };
  return {
    series: { sensor, metric },
    expectedVersion: record.version,
    samples: [],
    verdicts: [],
    next: {
      state: record.state,
      snapshots: [],
      oldestSnapshot: oldestSnapshot(state.count),
      horizon: horizonOf(state.count, snapshots),
      assignments: record.assignments,
      status: 'silent',
      watch: { ...record.watch, missing },
    },
    alerts: [missingAlert(missing, null)],
    duplicates: 0,
  };
}
