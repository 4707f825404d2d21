/** The commit and the reads of series. */
import { randomBytes } from 'node:crypto';
import type { Sample } from '../../domain/reading.ts';
import { type SampleText, sampleText, type TextFormat } from '../../domain/sample-text.ts';
import { type SeriesId, seriesKey } from '../../domain/series.ts';
import type { ScoredSample } from '../../domain/verdict.ts';
import { StoreUnavailable, VigiaError } from '../../errors.ts';
import { ROLLUPS } from '../rollup.ts';
import type {
  Aggregate,
  CommitResult,
  SeriesCommit,
  SeriesRecord,
  SeriesStore,
  SeriesSummary,
} from '../store.ts';
import { decodeAlert, encodeChange } from './alert-entry.ts';
import type { AlertLog, Outbox } from './alert-log.ts';
import { APPENDED, appendCall } from './append-call.ts';
import { type CommitAnswer, type CommitSettings, commitAnswer, commitCall } from './commit-call.ts';
import { fieldKey, ROLLUP_AGGREGATES, SERIES_KEY, seriesKeys } from './keys.ts';
import type { Layout } from './layout.ts';
import { checked, list, type Reply, text, textOrNull } from './reply.ts';
import { script } from './script.ts';
import type { Server } from './server.ts';
import { decodeRecord, decodeSummary, RECORD_FIELDS, SUMMARY_FIELDS, snapshotField } from './state-hash.ts';

const REMOVE = script('remove-series');

/** Series looked at in one pipeline where all of them are. */
const PAGE = 2000;

export interface SeriesSettings extends Omit<CommitSettings, 'script'> {
  readonly now: () => number;
}

export class SeriesKeys implements SeriesStore {
  private readonly settings: CommitSettings;
  private readonly now: () => number;
  /** The series entered since the registry was lost; null: it was never lost. */
  private registered: Set<string> | null = null;

  constructor(
    private readonly server: Server,
    private readonly layout: Layout,
    private readonly alerts: AlertLog,
    { now, ...settings }: SeriesSettings,
  ) {
    this.settings = { ...settings, script: layout.commit };
    this.now = now;
  }

  /** A series whose state cannot be read is null here; its commit is then refused with the reason. */
  async load(series: readonly SeriesId[]): Promise<(SeriesRecord | null)[]> {
    const replies = await this.server.run(
      series.map((id) => {
        const key = fieldKey(seriesKey(id), 'state');
        return { key, args: ['HMGET', key, ...RECORD_FIELDS] };
      }),
    );
    return replies.map((reply) => {
      if (reply instanceof StoreUnavailable) throw reply;
      return Array.isArray(reply) ? recordOrNull(reply) : null;
    });
  }

  async commit(all: readonly SeriesCommit[]): Promise<CommitResult[]> {
    const error = await this.register(all);
    if (error === null) return this.commitRegistered(all);
    const known = all.filter((commit) => !this.isNew(commit));
    const results = known.length === 0 ? [] : await this.commitRegistered(known);
    let next = 0;
    return all.map((commit) => (this.isNew(commit) ? { status: 'failed', error } : results[next++]!));
  }

  private async commitRegistered(commits: readonly SeriesCommit[]): Promise<CommitResult[]> {
    const random = randomBytes(8 * commits.length);
    const versions = commits.map(({ version }, i) => version ?? random.toString('hex', 8 * i, 8 * i + 8));
    const now = this.now();
    const replies = await this.write(commits, versions, now);
    const answers = commits.map(({ series }, i) => commitAnswer(series, replies[i]));
    const stuck = await this.relay(commits, answers);
    return answers.map((answer, i) => {
      if (answer.status !== 'committed') return answer;
      if (stuck && answer.pending.length > 0) return { status: 'failed', error: stuck };
      const { series, alerts, expectedVersion } = commits[i]!;
      return {
        status: 'committed',
        version: isEmpty(commits[i]!) ? (expectedVersion ?? '') : versions[i]!,
        alerts: alerts.flatMap((change, j) =>
          change.quiet ? [] : [decodeAlert(series, encodeChange(change)[0], text(answer.changed[j]))],
        ),
        ...(answer.restored > 0 && { restoredRollups: answer.restored }),
      };
    });
  }

  /** Most commits are made by the short script; what that one leaves is committed by the script of all commits. */
  private async write(
    commits: readonly SeriesCommit[],
    versions: readonly string[],
    now: number,
  ): Promise<Reply[]> {
    const { settings, server, layout } = this;
    const whole = (i: number) => commitCall(commits[i]!, versions[i]!, now, settings);
    const short = new Set<number>();
    const replies = await server.commit(
      commits.map((commit, i) => {
        const call = layout.append && appendCall(commit, versions[i]!, settings, layout.append);
        if (call) short.add(i);
        return call ?? whole(i);
      }),
    );
    // The server is away from some series, and would be for the other script.
    const left = [...short].filter(
      (i) => replies[i] !== APPENDED && !(replies[i] instanceof StoreUnavailable),
    );
    if (left.length === 0) return replies;
    const rest = await server.commit(left.map(whole));
    for (const [j, i] of left.entries()) replies[i] = rest[j]!;
    return replies;
  }

  private isNew(commit: SeriesCommit): boolean {
    if (isEmpty(commit)) return false;
    return commit.expectedVersion === null || this.registered?.has(seriesKey(commit.series)) === false;
  }

  /**
   * A series is in the registry before its first commit, so that none is stored and not listed.
   * @returns why new series cannot be entered, while known ones can be stored; null where all are
   */
  private async register(commits: readonly SeriesCommit[]): Promise<StoreUnavailable | null> {
    const names = commits.filter((commit) => this.isNew(commit)).map(({ series }) => seriesKey(series));
    if (names.length === 0) return null;
    try {
      const [reply] = await this.server.commit([{ key: SERIES_KEY, args: ['SADD', SERIES_KEY, ...names] }]);
      checked(reply, SERIES_KEY);
    } catch (error) {
      if (error instanceof StoreUnavailable && error.partial) return error;
      throw error;
    }
    for (const name of names) this.registered?.add(name);
    return null;
  }

  /** The registry was lost, and maybe not the series: each is entered again before its next commit. */
  registerAgain(): void {
    this.registered = new Set();
  }

  /** @returns why the alert stream takes nothing, null when everything pending is in it */
  private async relay(
    commits: readonly SeriesCommit[],
    answers: readonly CommitAnswer[],
  ): Promise<VigiaError | null> {
    const pending = answers.flatMap((answer, i): Outbox[] =>
      answer.status === 'committed' && answer.pending.length > 0
        ? [{ series: commits[i]!.series, entries: answer.pending }]
        : [],
    );
    if (pending.length === 0) return null;
    try {
      await this.alerts.relay(pending);
      return null;
    } catch (error) {
      if (!(error instanceof VigiaError)) throw error;
      if (error instanceof StoreUnavailable && !error.partial) throw error;
      return error;
    }
  }

  async snapshot(series: SeriesId, n: number): Promise<Uint8Array | null> {
    const key = fieldKey(seriesKey(series), 'state');
    const [reply] = await this.server.run([{ key, args: ['HGET', key, snapshotField(n)] }]);
    return (checked(reply, key) as Buffer | null) ?? null;
  }

  range(series: SeriesId, from: number, to: number, limit?: number): Promise<ScoredSample[]> {
    return this.layout.range(seriesKey(series), from, to, limit);
  }

  newest(series: SeriesId, limit: number): Promise<Sample[]> {
    return this.layout.newest(seriesKey(series), limit);
  }

  oldest(series: SeriesId, from: number, to: number, limit: number): Promise<ScoredSample[]> {
    return this.layout.oldest(seriesKey(series), from, to, limit);
  }

  async text(
    series: SeriesId,
    from: number,
    to: number,
    limit: number,
    format: TextFormat,
  ): Promise<SampleText> {
    return sampleText(await this.oldest(series, from, to, limit), format);
  }

  countBetween(series: SeriesId, from: number, to: number, limit: number): Promise<number> {
    return this.layout.countBetween(seriesKey(series), from, to, limit);
  }

  /** The series' own keys go in one step; what is kept of it across series goes after that, and again when called again. */
  async remove(series: SeriesId): Promise<boolean> {
    const name = seriesKey(series);
    const keys = seriesKeys(series);
    const state = keys[0]!;
    const args = ['EVALSHA', REMOVE.sha, String(keys.length), ...keys];
    await this.alerts.announceEnd(series, this.now());
    const [removed] = await this.server.commit([{ key: state, args, script: REMOVE }]);
    const existed = checked(removed, state) === 1;
    await this.alerts.forget(name);
    const [gone] = await this.server.commit([{ key: SERIES_KEY, args: ['SREM', SERIES_KEY, name] }]);
    checked(gone, SERIES_KEY);
    // Another replica may have begun the series anew in between: it entered the list before that.
    const [again] = await this.server.run([{ key: state, args: ['EXISTS', state] }]);
    if (checked(again, state) === 1) {
      await this.server.commit([{ key: SERIES_KEY, args: ['SADD', SERIES_KEY, name] }]);
    }
    return existed;
  }

  async samplesAt(series: SeriesId, timestamps: readonly number[]): Promise<Sample[]> {
    return timestamps.length === 0 ? [] : this.layout.samplesAt(seriesKey(series), timestamps);
  }

  buckets(series: SeriesId, from: number, to: number, width: number, agg: Aggregate): Promise<Sample[]> {
    return this.layout.buckets(seriesKey(series), from, to, width, agg);
  }

  /** How many series lack rules of RedisTimeSeries, or some. @throws StoreUnavailable */
  async lackingRules(): Promise<number> {
    let lacking = 0;
    for await (const names of this.pages()) {
      const replies = await this.server.run(
        names.map((name) => {
          const key = fieldKey(name, 'value');
          return { key, args: ['TS.INFO', key] };
        }),
      );
      for (const reply of replies) {
        if (!Array.isArray(reply)) continue;
        const rules = reply[reply.findIndex((field) => text(field) === 'rules') + 1];
        if (list(rules, 'TS.INFO').length < ROLLUPS.length * ROLLUP_AGGREGATES.length) lacking++;
      }
    }
    return lacking;
  }

  /** A series is registered before its first commit, so one that is just being born is counted too. */
  async count(): Promise<number> {
    const [reply] = await this.server.run([{ key: SERIES_KEY, args: ['SCARD', SERIES_KEY] }]);
    return checked(reply, SERIES_KEY) as number;
  }

  async summaries(series: readonly SeriesId[]): Promise<(SeriesSummary | null)[]> {
    const replies = await this.server.run(
      series.map((id) => {
        const key = fieldKey(seriesKey(id), 'state');
        return { key, args: ['HMGET', key, ...SUMMARY_FIELDS] };
      }),
    );
    return series.map(({ sensor, metric }, i) => {
      if (replies[i] instanceof StoreUnavailable) throw replies[i];
      const summary = Array.isArray(replies[i]) ? decodeSummary(replies[i] as readonly Reply[]) : null;
      return summary && { sensor, metric, ...summary };
    });
  }

  async list(): Promise<SeriesSummary[]> {
    const summaries: SeriesSummary[] = [];
    for await (const names of this.pages()) {
      const found = await this.summaries(names.map(nameParts));
      for (const summary of found) if (summary) summaries.push(summary);
    }
    return summaries.sort((a, b) => compare(a.sensor, b.sensor) || compare(a.metric, b.metric));
  }

  /**
   * Drops what RETENTION no longer covers, never what comes after a series' horizon, and relays what a process that
   * died left in an outbox.
   */
  async trim(now: number): Promise<void> {
    for await (const names of this.pages()) {
      const read = names.flatMap((name) => {
        const [state, outbox] = [fieldKey(name, 'state'), fieldKey(name, 'outbox')];
        return [
          { key: state, args: ['HGET', state, 'h'] },
          { key: outbox, args: ['HGETALL', outbox] },
        ];
      });
      const replies = await this.server.run(read);
      const left = names.flatMap((name, i): Outbox[] => {
        const entries = replies[2 * i + 1];
        return Array.isArray(entries) && entries.length > 0 ? [{ series: nameParts(name), entries }] : [];
      });
      await this.alerts.relay(left);
      await this.server.run(
        names.flatMap((name, i) => {
          const reply = replies[2 * i];
          const horizon = reply instanceof Error ? null : textOrNull(reply);
          const before = horizon === null ? 0 : Math.min(now - this.settings.retention, Number(horizon) + 1);
          return this.layout.trimming(name, before, now);
        }),
      );
    }
  }

  private async *pages(): AsyncGenerator<string[]> {
    const [reply] = await this.server.run([{ key: SERIES_KEY, args: ['SMEMBERS', SERIES_KEY] }]);
    const names = list(reply, SERIES_KEY).map(text);
    for (let i = 0; i < names.length; i += PAGE) yield names.slice(i, i + PAGE);
  }
}

function isEmpty({ next, samples, verdicts, alerts }: SeriesCommit): boolean {
  return next === null && samples.length === 0 && verdicts.length === 0 && alerts.length === 0;
}

function recordOrNull(fields: readonly Reply[]): SeriesRecord | null {
  try {
    return decodeRecord(fields);
  } catch {
    return null;
  }
}

function nameParts(key: string): SeriesId {
  const [sensor, metric] = key.split('/') as [string, string];
  return { sensor: decodeURIComponent(sensor), metric: decodeURIComponent(metric) };
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
