/**
 * Whether the forecast has been wrong in one direction for a while: a two-sided cumulative sum of the errors (CUSUM, Page
 * 1954). Errors count in robust standard deviations, clipped so that a single spike is not a drift, less the forecaster's own
 * slow bias. What sum is unusual is learned from the sums of this series (tail.ts), because the errors of real series
 * are not independent.
 *
 * */
import { offsets, within } from '../slots.ts';
import { learnTail, resetTail, TAIL_SLOTS, tailBoundary, tailReady, warmTail } from '../tail.ts';
import type { Term } from '../term.ts';

const SUMS = ['up', 'down', 'bias'] as const;
const [UP, DOWN, BIAS] = offsets(SUMS);
const TAIL = SUMS.length;
/** Median of |x| of a standard normal distribution. */
const NORMAL_MEDIAN = 0.6745;

/** What each reading takes off the sums, and the most that it adds, in standard deviations. */
const ALLOWANCE = 0.4;
const CLIP = 3;
/** Sums below this are noise: they count as this, so that the tail of a quiet series is not measured near 0. */
const LEAST_SUM = 2;
/** No sum grows beyond this many boundaries, so that it falls again soon after the drift. */
const MOST = 2;
/** Readings over which the bias is learned; slow from the start, or an early drift would pass for one. */
const BIAS_MEMORY = 2000;

export const drift: Term = {
  name: 'drift',
  slots: [...SUMS, ...within('tail', TAIL_SLOTS)],
  limit: 1,
  hasty: true,
  desensitised: 0.15,
  step(s, at, { judged, error, median, buffer, learn }) {
    return judged ? stepDrift(s, at, (NORMAL_MEDIAN * error) / median, buffer, learn) : 0;
  },
  forget(s, at) {
    s.fill(0, at, at + TAIL);
    resetTail(s, at + TAIL);
  },
};

/**
 * Takes one signed error.
 * @param error in robust standard deviations of the errors; may be infinite, not NaN
 * @param buffer where its tail may gather its first values
 * @param learn false while an anomaly lasts
 * @returns the term's score: 1 or more is an anomaly, 0 while too little is known; finite
 */
function stepDrift(s: Float64Array, base: number, error: number, buffer: number, learn: boolean): number {
  const clipped = Math.max(-CLIP, Math.min(CLIP, error));
  const off = clipped - s[base + BIAS]!;
  if (learn) {
    s[base + BIAS] = s[base + BIAS]! + off / BIAS_MEMORY;
  }
  const tail = base + TAIL;
  const ready = tailReady(s, tail);
  const boundary = ready ? tailBoundary(s, tail) : Number.MAX_VALUE;
  const most = ready ? MOST * boundary : Number.MAX_VALUE;
  s[base + UP] = Math.min(most, Math.max(0, s[base + UP]! + off - ALLOWANCE));
  s[base + DOWN] = Math.min(most, Math.max(0, s[base + DOWN]! - off - ALLOWANCE));
  const sum = Math.max(s[base + UP]!, s[base + DOWN]!, LEAST_SUM);
  if (ready) {
    if (learn) learnTail(s, tail, sum);
    return sum / boundary;
  }
  warmTail(s, tail, buffer, sum);
  return 0;
}

/** Whether its tail has left the buffer. */
export function driftReady(s: Float64Array, base: number): boolean {
  return tailReady(s, base + TAIL);
}
