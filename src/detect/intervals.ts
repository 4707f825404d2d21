/**
 * The usual interval of a series: the median of its last 16 intervals. It is known when three quarters of them lie between
 * half and twice the median, so that a gap, a burst or jitter does not change it, and a series that reports when it likes
 * has none.
 */
const KEPT = 16;
const REGULAR = 12;

/** ms, the newest first, 0 where there is none yet; at most 2^32 − 1 (49 days). */
export type Intervals = Uint32Array;

export function createIntervals(): Intervals {
  return new Uint32Array(KEPT);
}

/** Takes in the time between two readings, in place. @param ms at least 1 */
export function addInterval(intervals: Intervals, ms: number): void {
  intervals.copyWithin(1, 0, KEPT - 1);
  intervals[0] = Math.min(ms, 0xffffffff);
}

/** ms, or null while there are too few intervals or they differ too much. */
export function usualInterval(intervals: Intervals): number | null {
  const newest = intervals[0]!;
  if (intervals[KEPT - 1] === 0) return null;
  // As with most sensors at most times.
  if (intervals.every((ms) => ms === newest)) return newest;
  const median = intervals.slice().sort()[KEPT / 2]!;
  const alike = intervals.filter((ms) => ms >= median / 2 && ms <= 2 * median);
  return alike.length >= REGULAR ? median : null;
}
