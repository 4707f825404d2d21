/** Writes the samples of a commit, their verdicts and the rollups that they belong to. */
import { ROLLUPS } from '../rollup.ts';
import type { SeriesCommit } from '../store.ts';
import type { Database } from './database.ts';
import { Query } from './query.ts';

type RollupRow = [n: number, sum: number, min: number, max: number];

export class SampleWriter {
  private readonly putSample;
  private readonly putVerdict;
  private readonly rollup;
  private readonly putRollup;
  private readonly values;
  private readonly putLast;

  constructor(database: Database) {
    const prepare = (sql: string) => database.prepare(sql);
    this.putSample = prepare(
      `INSERT INTO samples (series, ts, value, expected, score) VALUES (?, ?, ?, ?, ?)
       ON CONFLICT DO UPDATE SET value = max(value, excluded.value),
         expected = coalesce(excluded.expected, expected), score = coalesce(excluded.score, score)`,
    );
    this.putVerdict = prepare('UPDATE samples SET expected = ?, score = ? WHERE series = ? AND ts = ?');
    this.rollup = new Query(
      database,
      'SELECT n, sum, min, max FROM rollups WHERE series = ? AND width = ? AND start = ?',
    );
    this.putRollup = prepare(
      'INSERT OR REPLACE INTO rollups (series, width, start, n, sum, min, max) VALUES (?, ?, ?, ?, ?, ?, ?)',
    );
    this.values = prepare(
      'SELECT value FROM samples WHERE series = ? AND ts >= ? AND ts < ? ORDER BY ts',
    ).raw();
    this.putLast = prepare(
      `UPDATE series SET (last_ts, last_value) =
         (SELECT ts, value FROM samples WHERE series = series.id ORDER BY ts DESC LIMIT 1) WHERE id = ?`,
    );
  }

  /** Inside the caller's transaction. @param id of the series  @param lastTs of its newest stored sample, -1 for none */
  write(id: number, lastTs: number, { samples, verdicts }: SeriesCommit): void {
    const verdictAt = new Map(verdicts.map((verdict) => [verdict.ts, verdict]));
    const buckets = new Map<string, { width: number; start: number; added: number[]; stale: boolean }>();
    for (const { ts, value } of samples) {
      const verdict = verdictAt.get(ts);
      verdictAt.delete(ts);
      this.putSample.run(id, ts, value, verdict?.expected ?? null, verdict?.score ?? null);
      for (const { width } of ROLLUPS) {
        const start = ts - (ts % width);
        const key = `${width}/${start}`;
        const bucket = buckets.get(key) ?? { width, start, added: [], stale: false };
        bucket.added.push(value);
        bucket.stale ||= ts <= lastTs;
        buckets.set(key, bucket);
      }
    }
    for (const { ts, expected, score } of verdictAt.values()) this.putVerdict.run(expected, score, id, ts);
    for (const { width, start, added, stale } of buckets.values()) {
      if (stale) {
        const rows = this.values.all(id, start, start + width) as [number][];
        this.writeRollup(
          id,
          width,
          start,
          null,
          rows.map(([value]) => value),
        );
      } else {
        const row = this.rollup.first(id, width, start) as RollupRow | undefined;
        this.writeRollup(id, width, start, row ?? null, added);
      }
    }
    if (samples.length > 0) this.putLast.run(id);
  }

  /**
   * Adds one value after the other, in time order, to what the bucket had: floating-point sums depend on the order, and
   * the rollups of two replicas must not. A bucket with a sample that is not the newest is made anew for the same reason.
   */
  private writeRollup(
    id: number,
    width: number,
    start: number,
    row: RollupRow | null,
    values: readonly number[],
  ): void {
    let [n, sum, min, max] = row ?? [0, 0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
    for (const value of values) {
      n++;
      sum += value;
      min = Math.min(min, value);
      max = Math.max(max, value);
    }
    this.putRollup.run(id, width, start, n, sum, min, max);
  }
}
