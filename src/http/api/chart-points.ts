/**
 * What a chart of a series shows: the readings while there are few enough, else averages with their extremes. The server
 * decides this because only the store knows how many readings there are in the time shown.
 */
import type { SeriesId } from '../../domain/series.ts';
import type { ScoredSample } from '../../domain/verdict.ts';
import type { SeriesReads } from '../../store/store.ts';

/** More than a chart has pixels. */
const MAX_READINGS = 4_000;
const MAX_BUCKETS = 500;
/** Readings before the time shown. The panel computes the usual error of a forecast from them, and the line begins at the last of them. */
const LEAD = 100;
const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const WEEK = 7 * 1440 * MINUTE;
/** From one minute on, multiples of the widths that the store has rollups of. */
const WIDTHS = [
  ...[1, 2, 5, 10, 15, 30].map((seconds) => seconds * SECOND),
  ...[1, 2, 5, 15, 30, 60, 180, 360, 720, 1440].map((minutes) => minutes * MINUTE),
];

export interface ChartPoints {
  /** Of a bucket, ms; null: every point is a reading. */
  readonly width: number | null;
  /** Ascending: time, value, forecast and score of readings; or middle, average, minimum and maximum of buckets. */
  readonly points: [number, number, number | null, number | null][];
}

/** @returns of the time from `from` to `to`; of readings also the last few before it */
export async function chartPoints(
  store: Pick<SeriesReads, 'range' | 'buckets'>,
  series: SeriesId,
  from: number,
  to: number,
): Promise<ChartPoints> {
  const width = bucketWidth(to - from);
  const readings = await store.range(series, from, to, MAX_READINGS + 1);
  if (readings.length > MAX_READINGS) return buckets(store, series, from, to, width);
  const lead = from > 0 ? await store.range(series, 0, from - 1, LEAD) : [];
  if (lead.length === 0) {
    // Rollups are kept longer than readings: the readings may begin at RETENTION although the series is older.
    const first = readings[0]?.ts ?? to;
    const rollup = Math.max(width, MINUTE);
    const older = await store.buckets(series, from, first, rollup, 'avg');
    if (older.some(({ ts }) => ts + rollup <= first)) return buckets(store, series, from, to, rollup);
  }
  return { width: null, points: [...lead, ...readings].map(point) };
}

const point = ({ ts, value, expected, score }: ScoredSample): ChartPoints['points'][number] => [
  ts,
  value,
  expected,
  score,
];

async function buckets(
  store: Pick<SeriesReads, 'buckets'>,
  series: SeriesId,
  from: number,
  to: number,
  width: number,
): Promise<ChartPoints> {
  const [average, low, high] = await Promise.all(
    (['avg', 'min', 'max'] as const).map(async (agg) => store.buckets(series, from, to, width, agg)),
  );
  // A commit between two of these reads may have begun another bucket.
  const [lows, highs] = [low!, high!].map((list) => new Map(list.map(({ ts, value }) => [ts, value])));
  const points = average!.map(({ ts, value }): ChartPoints['points'][number] => [
    // The last bucket is not complete: its middle may be in the future.
    Math.min(to, Math.max(from, ts + width / 2)),
    value,
    lows!.get(ts) ?? value,
    highs!.get(ts) ?? value,
  ]);
  return { width, points };
}

function bucketWidth(span: number): number {
  return WIDTHS.find((width) => span / width <= MAX_BUCKETS) ?? Math.ceil(span / MAX_BUCKETS / WEEK) * WEEK;
}
