/**
 * What the detectors say of one reading. `expected` is the forecast made from the W values before it, in the units of
 * the series, null while there are fewer than W. `score` is the adaptive detector's, 1.0 is the alarm boundary, null
 * while it is unknown (`warmup`).
 */
export interface Verdict {
  readonly expected: number | null;
  readonly score: number | null;
  readonly warmup: boolean;
}

/** A sample with its verdict, as stored and as read back. */
export interface ScoredSample {
  readonly ts: number;
  readonly value: number;
  readonly expected: number | null;
  readonly score: number | null;
}
