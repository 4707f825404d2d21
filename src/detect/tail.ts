/**
 * Where the tail of a statistic ends: a running boundary that a non-negative statistic (the size of a forecast error, say)
 * of a healthy series passes only a few times in ten thousand readings, without assuming what its distribution is.
 *
 * Three quantiles (50, 90 and 99 %) are followed in logarithms by stochastic approximation (Robbins and Monro 1951): every
 * value moves each of them by a bounded step up or down, whatever its size, so a single enormous value counts no more
 * than a large one. The boundary lies beyond the 99 % quantile, farther the heavier the tail is, which the distance between
 * the 90 and the 99 % quantile tells: for Gaussian errors it comes to about 4.1 standard deviations, for a series that
 * is used to bursts to up to eleven times its 99 % quantile.
 *
 * A tail is the numbers `TAIL_SLOTS` at `base` of a state; its first `TAIL_WARMUP` values are gathered at `buffer` of the same
 * state, which several tails may use one after the other.
 */
import { offsets } from './slots.ts';

export const TAIL_SLOTS = ['count', 'q50', 'q90', 'q99'] as const;
const [COUNT, Q50, Q90, Q99] = offsets(TAIL_SLOTS);

/** How many values a tail needs before it has a boundary. */
export const TAIL_WARMUP = 100;

/** ln(q99/q90) and ln(q97/q90) of a half-normal distribution: the lightest tail that is assumed of a sample. */
const GAUSSIAN_99_90 = 0.4486;
const GAUSSIAN_97_90 = 0.277;
/** ln(boundary/q99) as long as the tail is not heavier than `HEAVY` = ln(1.79), and what each unit beyond that adds. */
const BEYOND_Q99 = 0.47;
const HEAVY = 0.58;
const BEYOND_HEAVY = 2.8;
/** Heavier than ln(q99/q90) = ln(3.5) makes no difference. */
const HEAVIEST = 1.253;
/** Few values, less certainty: the boundary is higher by 1 + UNCERTAIN / count. */
const UNCERTAIN = 15;
/** The same for the 99 % quantile itself. */
const Q99_UNCERTAIN = 35;
/** The gain falls as GAIN / count to LEAST_GAIN, so that the last two thousand values or so decide. */
const GAIN = 4;
const LEAST_GAIN = 0.004;

/** Whether the tail at `base` has seen enough to have a boundary. */
export function tailReady(s: Float64Array, base: number): boolean {
  return s[base + COUNT]! >= TAIL_WARMUP;
}

/**
 * Takes one of the first `TAIL_WARMUP` values; the last of them sets the quantiles.
 * @param buffer offset of `TAIL_WARMUP` slots that nothing else uses meanwhile; at the end the logarithms of the values are there
 * @param x positive, finite
 */
export function warmTail(s: Float64Array, base: number, buffer: number, x: number): void {
  const count = s[base + COUNT]!;
  s[buffer + count] = Math.log(x);
  s[base + COUNT] = count + 1;
  if (count + 1 < TAIL_WARMUP) return;
  const sample = s.slice(buffer, buffer + TAIL_WARMUP).sort();
  const q90 = sample[90]!;
  // The 99 % quantile of 100 values is nearly their maximum; the 97 % one says more, half trusted, and at most 3 Gaussians.
  const weight = 0.5 + (0.5 * (sample[97]! - q90)) / GAUSSIAN_97_90;
  s[base + Q50] = sample[50]!;
  s[base + Q90] = q90;
  s[base + Q99] = q90 + GAUSSIAN_99_90 * Math.min(3, Math.max(1, weight));
}

/** The boundary, in the units of the statistic; positive. Needs `tailReady`. */
export function tailBoundary(s: Float64Array, base: number): number {
  const q99 = s[base + Q99]!;
  const weight = Math.min(HEAVIEST, q99 - s[base + Q90]!);
  const beyond = BEYOND_Q99 + BEYOND_HEAVY * Math.max(0, weight - HEAVY);
  return Math.exp(q99 + beyond) * (1 + UNCERTAIN / s[base + COUNT]!);
}

/** The exponent of the Weibull tail through the 90 % and the 99 % quantile: 0.65 for Gaussian errors, 1 for exponential ones. Needs `tailReady`. */
export function tailWeight(s: Float64Array, base: number): number {
  return Math.min(HEAVIEST, Math.max(GAUSSIAN_99_90, s[base + Q99]! - s[base + Q90]!)) / Math.LN2;
}

/** The median of the statistic. Needs `tailReady`. */
export function tailMedian(s: Float64Array, base: number): number {
  return Math.exp(s[base + Q50]!);
}

/** The 99 % quantile of the statistic, raised while it is uncertain. Needs `tailReady`. */
export function tailQ99(s: Float64Array, base: number): number {
  return Math.exp(s[base + Q99]!) * (1 + Q99_UNCERTAIN / s[base + COUNT]!);
}

/**
 * Moves the quantiles by one value. Needs `tailReady`.
 * @param x positive, finite
 */
export function learnTail(s: Float64Array, base: number, x: number): void {
  const count = s[base + COUNT]! + 1;
  s[base + COUNT] = count;
  const gain = Math.max(LEAST_GAIN, GAIN / count);
  const log = Math.log(x);
  // The rarer the quantile the sparser the values around it: a larger step keeps it as quick as the others.
  s[base + Q50] = s[base + Q50]! + gain * (log > s[base + Q50]! ? 0.5 : -0.5);
  s[base + Q90] = s[base + Q90]! + 1.2 * gain * (log > s[base + Q90]! ? 0.9 : -0.1);
  s[base + Q99] = Math.max(
    s[base + Q90]!,
    s[base + Q99]! + 1.5 * gain * (log > s[base + Q99]! ? 0.99 : -0.01),
  );
}

/** Forgets everything. */
export function resetTail(s: Float64Array, base: number): void {
  s.fill(0, base, base + TAIL_SLOTS.length);
}
