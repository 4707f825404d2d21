/** The downsampled copies of a series: average, minimum and maximum per bucket, kept longer than the readings. */
export const ROLLUPS = [
  { name: '1m', width: 60_000 },
  { name: '1h', width: 3_600_000 },
] as const;

/** How long each rollup is kept, ms, by its name. */
export type RollupRetention = Readonly<Record<(typeof ROLLUPS)[number]['name'], number>>;

export const ROLLUP_RETENTION: RollupRetention = { '1m': 365 * 86_400_000, '1h': 3650 * 86_400_000 };

/** A late reading may fall into any bucket that is still whole, so its whole hour must lie within RETENTION. */
export const WIDEST_ROLLUP = 3_600_000;

/** The widest rollup that divides `width`, null when the raw samples are needed. */
export function rollupFor(width: number): (typeof ROLLUPS)[number] | null {
  return ROLLUPS.findLast((rollup) => width % rollup.width === 0) ?? null;
}
