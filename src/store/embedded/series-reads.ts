/** What is read of series, whatever reads it. */
import type { Sample } from '../../domain/reading.ts';
import type { SampleText, TextFormat } from '../../domain/sample-text.ts';
import type { SeriesId } from '../../domain/series.ts';
import type { ScoredSample } from '../../domain/verdict.ts';
import { StoreUnavailable, VigiaError } from '../../errors.ts';
import { rollupFor } from '../rollup.ts';
import type { Aggregate, SeriesReads, SeriesStatus, SeriesSummary } from '../store.ts';
import { type Reads, scored } from './rows.ts';

/** Series that `list` reads at once. */
const PAGE = 2000;

export const SUMMARY = 'SELECT sensor, metric, status, last_ts, last_value, watch FROM series';
export type SummaryRow = [
  sensor: string,
  metric: string,
  status: SeriesStatus,
  ts: number | null,
  value: number,
  watch: string | null,
];

export const toSummary = ([sensor, metric, status, ts, value, watch]: SummaryRow): SeriesSummary => ({
  sensor,
  metric,
  status,
  last: ts === null ? null : { ts, value },
  watch: watch === null ? null : JSON.parse(watch),
});

const OF_SERIES = 'series = (SELECT id FROM series WHERE sensor = :sensor AND metric = :metric)';
const BETWEEN = `FROM samples WHERE ${OF_SERIES} AND ts >= :from AND ts <= :to`;
const SCORED = `SELECT ts, value, expected, score ${BETWEEN}`;

const OLDEST = `${SCORED} ORDER BY ts LIMIT :limit`;

const AGGREGATE = {
  avg: { raw: 'avg(value)', rollup: 'sum(sum) / sum(n)' },
  min: { raw: 'min(value)', rollup: 'min(min)' },
  max: { raw: 'max(value)', rollup: 'max(max)' },
} as const;

export class SeriesReader implements SeriesReads {
  constructor(private readonly reads: Reads) {}

  async range(series: SeriesId, from: number, to: number, limit = -1): Promise<ScoredSample[]> {
    const newest = `${SCORED} ORDER BY ts DESC LIMIT :limit`;
    return (await this.reads.rows(newest, { ...named(series), from, to, limit })).reverse().map(scored);
  }

  async newest(series: SeriesId, limit: number): Promise<Sample[]> {
    const newest = `SELECT ts, value FROM samples WHERE ${OF_SERIES} ORDER BY ts DESC LIMIT :limit`;
    return (await this.reads.rows(newest, { ...named(series), limit })).reverse().map(sample);
  }

  async oldest(series: SeriesId, from: number, to: number, limit: number): Promise<ScoredSample[]> {
    return (await this.reads.rows(OLDEST, { ...named(series), from, to, limit })).map(scored);
  }

  text(series: SeriesId, from: number, to: number, limit: number, format: TextFormat): Promise<SampleText> {
    return this.reads.text(OLDEST, { ...named(series), from, to, limit }, format);
  }

  async countBetween(series: SeriesId, from: number, to: number, limit: number): Promise<number> {
    const [row] = await this.reads.rows(`SELECT count(*) FROM (SELECT 1 ${BETWEEN} LIMIT :limit)`, {
      ...{ ...named(series), from, to, limit },
    });
    return row![0] as number;
  }

  async buckets(
    series: SeriesId,
    from: number,
    to: number,
    width: number,
    agg: Aggregate,
  ): Promise<Sample[]> {
    const rollup = rollupFor(width);
    const span = { ...named(series), first: from - (from % width), end: to - (to % width) + width };
    const sql = rollup
      ? `SELECT start / :width * :width, ${AGGREGATE[agg].rollup} FROM rollups
         WHERE ${OF_SERIES} AND width = :rollup AND start >= :first AND start < :end GROUP BY 1 ORDER BY 1`
      : `SELECT ts / :width * :width, ${AGGREGATE[agg].raw} FROM samples
         WHERE ${OF_SERIES} AND ts >= :first AND ts < :end GROUP BY 1 ORDER BY 1`;
    const bound = { ...span, width: BigInt(width), ...(rollup && { rollup: rollup.width }) };
    return (await this.reads.rows(sql, bound)).map(sample);
  }

  async list(): Promise<SeriesSummary[]> {
    const found: SeriesSummary[] = [];
    const page = 'WHERE (sensor, metric) > (?, ?) ORDER BY sensor, metric LIMIT ?';
    for (let after: readonly [string, string] = ['', '']; ; ) {
      const bound = [...after, PAGE];
      let rows: readonly [string, string, ...unknown[]][];
      try {
        rows = (await this.reads.rows(`${SUMMARY} ${page}`, bound)) as SummaryRow[];
        for (const row of rows) found.push(toSummary(row as unknown as SummaryRow));
      } catch (error) {
        if (!isFaultOfRow(error)) throw error;
        // The index knows the names of all; those that can be read are listed.
        rows = (await this.reads.rows(`SELECT sensor, metric FROM series ${page}`, bound)) as [
          string,
          string,
        ][];
        for (const name of rows) found.push(...(await this.readable(name)));
      }
      if (rows.length < PAGE) return found;
      const [sensor, metric] = rows.at(-1)!;
      after = [sensor, metric];
    }
  }

  private async readable([sensor, metric]: readonly [string, string, ...unknown[]]): Promise<
    SeriesSummary[]
  > {
    try {
      const rows = await this.reads.rows(`${SUMMARY} WHERE sensor = ? AND metric = ?`, [sensor, metric]);
      return (rows as SummaryRow[]).map(toSummary);
    } catch (error) {
      if (!isFaultOfRow(error)) throw error;
      return [];
    }
  }
}

/** Damage, or a field that should be JSON and is not. */
function isFaultOfRow(error: unknown): boolean {
  return (
    error instanceof SyntaxError || (error instanceof VigiaError && !(error instanceof StoreUnavailable))
  );
}

const named = ({ sensor, metric }: SeriesId) => ({ sensor, metric });

const sample = ([ts, value]: unknown[]): Sample => ({ ts, value }) as Sample;
