/**
 * The commit and the reads of series. One commit call is one durable transaction over all its series; each series is
 * applied only if its version still matches.
 */
import { randomBytes } from 'node:crypto';
import type { Alert } from '../../domain/alert.ts';
import type { Sample } from '../../domain/reading.ts';
import type { SeriesId } from '../../domain/series.ts';
import type { ScoredSample } from '../../domain/verdict.ts';
import type { VigiaError } from '../../errors.ts';
import { rollupFor } from '../rollup.ts';
import type {
  Aggregate,
  CommitResult,
  SeriesCommit,
  SeriesRecord,
  SeriesStatus,
  SeriesStore,
  SeriesSummary,
} from '../store.ts';
import type { AlertTable } from './alert-table.ts';
import { available, type Database, tolerant, transaction } from './database.ts';
import { Query } from './query.ts';
import { SampleWriter } from './sample-writer.ts';

type SeriesRow = [
  id: number,
  version: string,
  state: Uint8Array,
  assignments: string,
  lastTs: number | null,
  watch: string | null,
];

const SUMMARY = 'SELECT sensor, metric, status, last_ts, last_value, watch FROM series';
type SummaryRow = [
  sensor: string,
  metric: string,
  status: SeriesStatus,
  ts: number | null,
  value: number,
  watch: string | null,
];

const toSummary = ([sensor, metric, status, ts, value, watch]: SummaryRow): SeriesSummary => ({
  sensor,
  metric,
  status,
  last: ts === null ? null : { ts, value },
  watch: watch === null ? null : JSON.parse(watch),
});

const AGGREGATE = {
  avg: { raw: 'avg(value)', rollup: 'sum(sum) / sum(n)' },
  min: { raw: 'min(value)', rollup: 'min(min)' },
  max: { raw: 'max(value)', rollup: 'max(max)' },
} as const;

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
  private readonly newestSamples;
  private readonly samples;

  /** When a commit was last on the disk, on the clock of `performance.now()`. */
  committedAt = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly database: Database,
    private readonly alerts: AlertTable,
  ) {
    this.samples = new SampleWriter(database);
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
    this.newestSamples = prepare(
      'SELECT ts, value FROM samples WHERE series = ? ORDER BY ts DESC LIMIT ?',
    ).raw();
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
    const alerts: Alert[] = commit.alerts.map((change) => this.alerts.put(commit.series, id, change));
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

  async range(series: SeriesId, from: number, to: number, limit?: number): Promise<ScoredSample[]> {
    return available(() => {
      const id = this.row(series)?.[0];
      if (id === undefined) return [];
      const rows = this.database
        .prepare(
          'SELECT ts, value, expected, score FROM samples WHERE series = ? AND ts >= ? AND ts <= ? ORDER BY ts DESC LIMIT ?',
        )
        .raw()
        .all(id, from, to, limit ?? -1) as [number, number, number | null, number | null][];
      return rows.reverse().map(([ts, value, expected, score]) => ({ ts, value, expected, score }));
    });
  }

  async newest(series: SeriesId, limit: number): Promise<Sample[]> {
    return available(() => {
      const id = this.row(series)?.[0];
      if (id === undefined) return [];
      const rows = this.newestSamples.all(id, limit) as [number, number][];
      return rows.reverse().map(([ts, value]) => ({ ts, value }));
    });
  }

  async oldest(series: SeriesId, from: number, to: number, limit: number): Promise<ScoredSample[]> {
    return available(() => {
      const id = this.row(series)?.[0];
      if (id === undefined) return [];
      const rows = this.database
        .prepare(
          'SELECT ts, value, expected, score FROM samples WHERE series = ? AND ts >= ? AND ts <= ? ORDER BY ts LIMIT ?',
        )
        .raw()
        .all(id, from, to, limit) as [number, number, number | null, number | null][];
      return rows.map(([ts, value, expected, score]) => ({ ts, value, expected, score }));
    });
  }

  async remove(series: SeriesId): Promise<boolean> {
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

  async buckets(
    series: SeriesId,
    from: number,
    to: number,
    width: number,
    agg: Aggregate,
  ): Promise<Sample[]> {
    return available(() => {
      const id = this.row(series)?.[0];
      if (id === undefined) return [];
      const first = from - (from % width);
      const end = to - (to % width) + width;
      const rollup = rollupFor(width);
      const statement = rollup
        ? this.database.prepare(
            `SELECT start / :width * :width, ${AGGREGATE[agg].rollup} FROM rollups
             WHERE series = :id AND width = :rollup AND start >= :first AND start < :end GROUP BY 1 ORDER BY 1`,
          )
        : this.database.prepare(
            `SELECT ts / :width * :width, ${AGGREGATE[agg].raw} FROM samples
             WHERE series = :id AND ts >= :first AND ts < :end GROUP BY 1 ORDER BY 1`,
          );
      const bound = { width: BigInt(width), id, first, end, ...(rollup && { rollup: rollup.width }) };
      return (statement.raw().all(bound) as [number, number][]).map(([ts, value]) => ({ ts, value }));
    });
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

  async list(): Promise<SeriesSummary[]> {
    const all = () =>
      (this.database.prepare(`${SUMMARY} ORDER BY sensor, metric`).raw().all() as SummaryRow[]).map(
        toSummary,
      );
    return tolerant(all, () => this.readable());
  }

  /** The summaries of the series that can be read, where others cannot. The index knows the names of all. */
  private readable(): SeriesSummary[] {
    const names = available(() =>
      this.database.prepare('SELECT sensor, metric FROM series ORDER BY sensor, metric').raw().all(),
    ) as [string, string][];
    return names.flatMap((name) =>
      tolerant(
        () => [toSummary(this.summary.first(...name) as SummaryRow)],
        () => [],
      ),
    );
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
