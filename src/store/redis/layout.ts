/**
 * The two ways samples lie in Redis: `timeseries` with RedisTimeSeries, `sorted-set` without. A layout is the script that
 * writes them and the reads that go with it; everything else of a series is the same in both.
 */
import type { Sample } from '../../domain/reading.ts';
import type { ScoredSample } from '../../domain/verdict.ts';
import type { Aggregate } from '../store.ts';
import type { Call } from './connection.ts';
import type { Script } from './script.ts';

export type LayoutName = 'timeseries' | 'sorted-set';

/** `key` is the series' key, see `seriesKey`. All throw StoreUnavailable, and VigiaError `store_key` for foreign keys. */
export interface Layout {
  readonly name: LayoutName;
  readonly commit: Script;
  /** Does what `commit` does for one reading at the end; null where there is no such script. */
  readonly append: Script | null;
  /** Does what `commit` does, and takes it back. */
  readonly probe: Script;
  range(key: string, from: number, to: number, limit?: number): Promise<ScoredSample[]>;
  newest(key: string, limit: number): Promise<Sample[]>;
  /** The oldest `limit` of them. */
  oldest(key: string, from: number, to: number, limit: number): Promise<ScoredSample[]>;
  /** How many there are, counted no further than `limit`. */
  countBetween(key: string, from: number, to: number, limit: number): Promise<number>;
  samplesAt(key: string, timestamps: readonly number[]): Promise<Sample[]>;
  buckets(key: string, from: number, to: number, width: number, agg: Aggregate): Promise<Sample[]>;
  /** What drops the samples before `before` (ms) and the rollups past their time, as far as Redis does not by itself. */
  trimming(key: string, before: number, now: number): Call[];
}

/**
 * Reads of one series are not one transaction. Verdicts are read after the values, and with a limit some more of them,
 * so that readings committed between the two reads take no verdict away from an older one.
 */
export const VERDICT_SLACK = 64;

export function scored(
  values: readonly Sample[],
  expected: readonly Sample[],
  scores: readonly Sample[],
): ScoredSample[] {
  const expectedAt = new Map(expected.map(({ ts, value }) => [ts, value]));
  const scoreAt = new Map(scores.map(({ ts, value }) => [ts, value]));
  return values.map(({ ts, value }) => ({
    ts,
    value,
    expected: expectedAt.get(ts) ?? null,
    score: scoreAt.get(ts) ?? null,
  }));
}

/** The whole buckets that `from` to `to` touches. */
export function wholeBuckets(from: number, to: number, width: number): { first: number; last: number } {
  return { first: Math.max(0, from - (from % width)), last: to - (to % width) + width - 1 };
}

/** Some samples, or a finer bucket, with the aggregates that a wider bucket is made of. */
export interface Part {
  readonly ts: number;
  readonly n: number;
  readonly sum: number;
  /** The minimum or maximum; not looked at for averages. */
  readonly extreme: number;
}

/** Merges parts, ascending by ts, into buckets of `width` ms. */
export function merged(parts: Iterable<Part>, width: number, agg: Aggregate): Sample[] {
  const buckets: { ts: number; n: number; sum: number; extreme: number }[] = [];
  const pick = agg === 'min' ? Math.min : Math.max;
  for (const { ts, n, sum, extreme } of parts) {
    const start = ts - (ts % width);
    const bucket = buckets.at(-1);
    if (bucket?.ts === start) {
      bucket.n += n;
      bucket.sum += sum;
      bucket.extreme = pick(bucket.extreme, extreme);
    } else buckets.push({ ts: start, n, sum, extreme });
  }
  return buckets.map(({ ts, n, sum, extreme }) => ({ ts, value: agg === 'avg' ? sum / n : extreme }));
}
