/**
 * What the detectors say of one reading. `expected` is the forecast made from the W values before it, in the units of
 * the series, null while there are fewer than W. `score` is the adaptive detector's, 1.0 is the alarm boundary, null
 * while it is unknown (`warmup`).
 */
export interface Verdict {
  readonly expected: number | null;
  readonly score: number | null;
  readonly warmup: boolean;
  /** Null without a score, and where nothing was compared (right after a gap). */
  readonly explanation: Explanation | null;
}

/** The terms of the adaptive detector, in the order of their numbers in a stored state. */
export const REASONS = ['jump', 'range', 'drift', 'burst', 'season', 'stuck'] as const;
export type Reason = (typeof REASONS)[number];

/**
 * Why a score is what it is: the term that decided it, and what that term compared. `observed` and `usual` are
 * - jump: distances from the forecast, in units of the series;
 * - range: distances outside of what the series has shown, in boundaries of that term;
 * - drift: errors in one direction, added up, in boundaries of that term;
 * - burst: deviations of the mean of the last errors from its own past. season: the same of the distances from the same time of other
 *   days, in boundaries of that term;
 * - stuck: repetitions of the value.
 */
export interface Explanation {
  readonly reason: Reason;
  /** What the term found. Finite, not negative. */
  readonly observed: number;
  /** What it would have to exceed for a score of 1. Finite. */
  readonly usual: number;
  /**
   * Where the value was expected, in the units of the series: outside of it the score is 1 or more whatever the other terms say. Null
   * where the forecast cannot be trusted (right after a gap).
   */
  readonly low: number | null;
  readonly high: number | null;
}

/** A sample with its verdict, as stored and as read back. */
export interface ScoredSample {
  readonly ts: number;
  readonly value: number;
  readonly expected: number | null;
  readonly score: number | null;
}
