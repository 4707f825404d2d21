/**
 * The commit and the reads of series. One commit call is one durable transaction over all its series; each series is
 * applied only if its version still matches.
 */
import { randomBytes } from 'node:crypto';
import type { Alert } from '../../domain/alert.ts';
import type { Sample } from '../../domain/reading.ts';
import type { SampleText, TextFormat } from '../../domain/sample-text.ts';
import type { SeriesId } from '../../domain/series.ts';
import type { ScoredSample } from '../../domain/verdict.ts';
import type { VigiaError } from '../../errors.ts';
import type {
  Aggregate,
  CommitResult,
  SeriesCommit,
  SeriesRecord,
  SeriesStore,
  SeriesSummary,
} from '../store.ts';
import type { AlertTable } from './alert-table.ts';
import { available, type Database, tolerant, transaction } from './database.ts';
import type { DiskReserve } from './disk-reserve.ts';
import { Query } from './query.ts';
import { readsOf } from './rows.ts';
import { SampleWriter } from './sample-writer.ts';
import { SeriesReader, SUMMARY, type SummaryRow, toSummary } from './series-reads.ts';

type SeriesRow = [
  id: number,
  version: string,
  state: Uint8Array,
  assignments: string,
  lastTs: number | null,
  watch: string | null,
];

export class SeriesTable implements SeriesStore {
  private readonly find;
  private readonly summary;
  private readonly insert;
  private readonly update;
  private readonly season;
  private readonly putSeason;
  private readonly marks;
  private readonly snapshotBytes;
  private readonly putSnapshot;
  private readonly dropSnapshots;
  private readonly samples;
  private readonly reads;

  /** When a commit was last on the disk, on the clock of `performance.now()`. */
  committedAt = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly database: Database,
    private readonly alerts: AlertTable,
    private readonly reserve: DiskReserve,
  ) {
    this.samples = new SampleWriter(database);
    this.reads = new SeriesReader(readsOf(database));
    const prepare = (sql: string) => database.prepare(sql);
    const query = (sql: string) => new Query(database, sql);
    this.find = query(
      'SELECT id, version, state, assignments, last_ts, watch FROM series WHERE sensor = ? AND metric = ?',
    );
    this.summary = query(`${SUMMARY} WHERE sensor = ? AND metric = ?`);
    this.insert = prepare(
      "INSERT INTO series (sensor, metric, version, state, assignments, status, horizon) VALUES (?, ?, '', x'', '[]', 'warmup', -1)",
    );
    this.update = prepare(
      `UPDATE series SET version = ?, state = ?, assignments = coalesce(?, assignments), status = ?, horizon = ?, watch = coalesce(?, watch)
       WHERE id = ?`,
    );
    this.season = query('SELECT bytes FROM rings WHERE series = ?');
    this.putSeason = prepare('INSERT OR REPLACE INTO rings (series, bytes) VALUES (?, ?)');
    this.marks = prepare('SELECT n, ts FROM snapshots WHERE series = ? ORDER BY n').raw();
    this.snapshotBytes = query('SELECT bytes FROM snapshots WHERE series = ? AND n = ?');
    this.putSnapshot = prepare('INSERT OR REPLACE INTO snapshots (series, n, ts, bytes) VALUES (?, ?, ?, ?)');
    this.dropSnapshots = prepare('DELETE FROM snapshots WHERE series = ? AND n < ?');
  }

  /** A series that cannot be read is null here; its commit is then refused with the reason. */
  async load(series: readonly SeriesId[]): Promise<(SeriesRecord | null)[]> {
    const load = (id: SeriesId) => {
      const row = this.row(id);
      return row && this.record(row);
    };
    return series.map((id) =>
      tolerant(
        () => load(id),
        () => null,
      ),
    );
  }

  async commit(commits: readonly SeriesCommit[]): Promise<CommitResult[]> {
    // Nothing but redelivered readings: they are stored already, and durably.
    if (commits.every(isEmpty)) {
      return commits.map((commit) => tolerant(() => this.unchanged(commit), failed));
    }
    const random = randomBytes(8 * commits.length);
    const version = (i: number) => commits[i]!.version ?? random.toString('hex', 8 * i, 8 * i + 8);
    return this.together(commits.map((commit, i) => ({ commit, version: version(i) })));
  }

  /** In one transaction. Where one series is at fault, that one is found by halves, and the others are committed. */
  private together(parts: readonly { commit: SeriesCommit; version: string }[]): CommitResult[] {
    return tolerant(
      () => {
        const apply = () => parts.map(({ commit, version }) => this.apply(commit, version));
        const results = transaction(this.database, apply);
        this.committedAt = performance.now();
        return results;
      },
      (error) => {
        if (parts.length === 1) return [failed(error)];
        const half = parts.length >> 1;
        return [...this.together(parts.slice(0, half)), ...this.together(parts.slice(half))];
      },
    );
  }

  private apply(commit: SeriesCommit, version: string): CommitResult {
    const row = this.row(commit.series);
    if ((row?.[1] ?? null) !== commit.expectedVersion) {
      return { status: 'conflict', current: row && this.record(row) };
    }
    if (isEmpty(commit)) return { status: 'committed', version: row?.[1] ?? '', alerts: [] };
    const id =
      row?.[0] ?? Number(this.insert.run(commit.series.sensor, commit.series.metric).lastInsertRowid);
    const { next } = commit;
    this.samples.write(id, row?.[4] ?? -1, commit);
    if (next) {
      const { state, assignments, status, horizon, watch } = next;
      const assigned = assignments ? JSON.stringify(assignments) : null;
      const watched = watch ? JSON.stringify(watch) : null;
      this.update.run(version, state, assigned, status, horizon, watched, id);
      if (next.season) this.putSeason.run(id, next.season);
      for (const { n, ts, bytes } of next.snapshots) this.putSnapshot.run(id, n, ts, bytes);
      if (next.snapshots.length > 0) this.dropSnapshots.run(id, next.oldestSnapshot);
    } else {
      this.database.prepare('UPDATE series SET version = ? WHERE id = ?').run(version, id);
    }
    const alerts: Alert[] = commit.alerts.flatMap(
      (change) => this.alerts.put(commit.series, id, change) ?? [],
    );
    return { status: 'committed', version, alerts };
  }

  private unchanged(commit: SeriesCommit): CommitResult {
    const row = this.row(commit.series);
    if ((row?.[1] ?? null) === commit.expectedVersion) {
      return { status: 'committed', version: row?.[1] ?? '', alerts: [] };
    }
    return { status: 'conflict', current: row && this.record(row) };
  }

  async snapshot(series: SeriesId, n: number): Promise<Uint8Array | null> {
    return available(() => {
      const id = this.row(series)?.[0];
      if (id === undefined) return null;
      return (this.snapshotBytes.first(id, n) as [Uint8Array] | undefined)?.[0] ?? null;
    });
  }

  range(series: SeriesId, from: number, to: number, limit?: number): Promise<ScoredSample[]> {
    return this.reads.range(series, from, to, limit);
  }

  newest(series: SeriesId, limit: number): Promise<Sample[]> {
    return this.reads.newest(series, limit);
  }

  oldest(series: SeriesId, from: number, to: number, limit: number): Promise<ScoredSample[]> {
    return this.reads.oldest(series, from, to, limit);
  }

  text(series: SeriesId, from: number, to: number, limit: number, format: TextFormat): Promise<SampleText> {
    return this.reads.text(series, from, to, limit, format);
  }

  countBetween(series: SeriesId, from: number, to: number, limit: number): Promise<number> {
    return this.reads.countBetween(series, from, to, limit);
  }

  async remove(series: SeriesId): Promise<boolean> {
    return this.reserve.use(() => this.removeNow(series));
  }

  private removeNow(series: SeriesId): boolean {
    return transaction(this.database, () => {
      const id = this.row(series)?.[0];
      if (id === undefined) return false;
      this.alerts.forget(id);
      for (const table of ['samples', 'rollups', 'snapshots', 'seasons', 'rings']) {
        this.database.prepare(`DELETE FROM ${table} WHERE series = ?`).run(id);
      }
      this.database
        .prepare(
          "DELETE FROM alert_stream WHERE json_extract(alert, '$.sensor') = ? AND json_extract(alert, '$.metric') = ?",
        )
        .run(series.sensor, series.metric);
      this.database.prepare('DELETE FROM series WHERE id = ?').run(id);
      return true;
    });
  }

  async samplesAt(series: SeriesId, timestamps: readonly number[]): Promise<Sample[]> {
    return available(() => {
      const id = this.row(series)?.[0];
      if (id === undefined) return [];
      const at = this.database.prepare('SELECT ts, value FROM samples WHERE series = ? AND ts = ?').raw();
      return timestamps.flatMap((wanted) => {
        const row = at.get(id, wanted) as [number, number] | undefined;
        return row ? [{ ts: row[0], value: row[1] }] : [];
      });
    });
  }

  buckets(series: SeriesId, from: number, to: number, width: number, agg: Aggregate): Promise<Sample[]> {
    return this.reads.buckets(series, from, to, width, agg);
  }

  async count(): Promise<number> {
    return available(() => (this.database.prepare('SELECT count(*) FROM series').raw().get() as [number])[0]);
  }

  async summaries(series: readonly SeriesId[]): Promise<(SeriesSummary | null)[]> {
    return series.map(({ sensor, metric }) =>
      tolerant(
        () => {
          const row = this.summary.first(sensor, metric) as SummaryRow | undefined;
          return row ? toSummary(row) : null;
        },
        () => null,
      ),
    );
  }

  list(): Promise<SeriesSummary[]> {
    return this.reads.list();
  }

  private row(series: SeriesId): SeriesRow | null {
    return (this.find.first(series.sensor, series.metric) as SeriesRow | undefined) ?? null;
  }

  private record([id, version, state, assignments, , watch]: SeriesRow): SeriesRecord {
    return {
      version,
      state,
      season: (this.season.first(id) as [Uint8Array] | undefined)?.[0] ?? new Uint8Array(0),
      snapshots: (this.marks.all(id) as [number, number][]).map(([n, ts]) => ({ n, ts })),
      assignments: JSON.parse(assignments),
      watch: watch === null ? null : JSON.parse(watch),
    };
  }
}

function failed(error: VigiaError): CommitResult {
  return { status: 'failed', error };
}

function isEmpty(commit: SeriesCommit): boolean {
  return commit.next === null && commit.samples.length === 0 && commit.alerts.length === 0;
}
