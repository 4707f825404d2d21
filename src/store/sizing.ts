/** How much room a load needs, by the bytes that were measured (docs/deploy.md, Sizes). */
import type { RollupRetention } from './rollup.ts';

export interface Load {
  readonly series: number;
  /** Between two readings of one series, ms. */
  readonly interval: number;
}

export interface Retention {
  /** ms */
  readonly readings: number;
  readonly rollups: RollupRetention;
}

/** Bytes of a reading with its verdict, of a bucket of a rollup, and of a series with its season. */
export const SIZES = {
  timeseries: { reading: 22, bucket: 31, series: 71_000 },
  'sorted-set': { reading: 37, bucket: 48, series: 40_000 },
  embedded: { reading: 45, bucket: 48, series: 31_000 },
} as const;

export type SizedStore = keyof typeof SIZES;

/** @param after how long the load has gone on, ms @returns bytes */
export function bytesAfter(store: SizedStore, load: Load, kept: Retention, after: number): number {
  const { reading, bucket, series } = SIZES[store];
  const count = (retention: number, width: number) =>
    Math.min(after, retention) / Math.max(width, load.interval);
  const buckets = count(kept.rollups['1m'], 60_000) + count(kept.rollups['1h'], 3_600_000);
  return load.series * (series + reading * count(kept.readings, 0) + bucket * buckets);
}

/** @returns when so much room is full, ms after the load has begun; infinite where it suffices for good */
export function fullAfter(store: SizedStore, load: Load, kept: Retention, room: number): number {
  const longest = Math.max(kept.readings, ...Object.values(kept.rollups));
  if (bytesAfter(store, load, kept, longest) <= room) return Number.POSITIVE_INFINITY;
  let [low, high] = [0, longest];
  while (high - low > 60_000) {
    const middle = (low + high) / 2;
    if (bytesAfter(store, load, kept, middle) > room) high = middle;
    else low = middle;
  }
  return low;
}
