/**
 * How large errors are just now. Many series are noisier at some times than at others (by day, in the sun, while a machine
 * runs), so an error is measured by the mean of the errors of the last dozens of readings, and what ratio of the two is unusual
 * is learned of the series (tail.ts). Where noise comes and goes, the ratios have a lighter tail than the errors.
 */
import { offsets, within } from './slots.ts';
import { learnTail, TAIL_SLOTS, TAIL_WARMUP, tailBoundary, tailQ99, tailWeight, warmTail } from './tail.ts';

const SCALARS = ['mean'] as const;
const [MEAN] = offsets(SCALARS);
const TAIL = SCALARS.length;
export const VOLATILITY_SLOTS = [...SCALARS, ...within('tail', TAIL_SLOTS)];

/** Readings over which errors are averaged. */
const MEMORY = 30;
/** An error counts as at most this many times the mean. */
const MOST = 12;

/**
 * Begins with the first errors.
 * @param buffer where their logarithms are; they stay
 * @param least the mean counts as at least this, in units of the series; positive
 */
export function beginVolatility(s: Float64Array, at: number, buffer: number, least: number): void {
  const logs = s.slice(buffer, buffer + TAIL_WARMUP);
  resetVolatility(s, at);
  s[at + MEAN] = least;
  for (const log of logs) {
    const size = Math.exp(log);
    warmTail(s, at + TAIL, buffer, size / scale(s, at, least));
    average(s, at, size, least);
  }
  s.set(logs, buffer);
}

/** Takes in one error. @param size of the error, in units of the series; positive */
export function learnVolatility(s: Float64Array, at: number, size: number, least: number): void {
  learnTail(s, at + TAIL, size / scale(s, at, least));
  average(s, at, size, least);
}

/** Where the tail of the errors ends just now, in units of the series. */
export function nowBoundary(s: Float64Array, at: number, least: number): number {
  return scale(s, at, least) * tailBoundary(s, at + TAIL);
}

/** The 99 % quantile of errors just now, in units of the series. */
export function nowQ99(s: Float64Array, at: number, least: number): number {
  return scale(s, at, least) * tailQ99(s, at + TAIL);
}

/** See `tailWeight`. */
export function ratioWeight(s: Float64Array, at: number): number {
  return tailWeight(s, at + TAIL);
}

export function resetVolatility(s: Float64Array, at: number): void {
  s.fill(0, at, at + VOLATILITY_SLOTS.length);
}

function scale(s: Float64Array, at: number, least: number): number {
  return Math.max(s[at + MEAN]!, least);
}

function average(s: Float64Array, at: number, size: number, least: number): void {
  const clipped = Math.min(size, MOST * scale(s, at, least));
  s[at + MEAN] = s[at + MEAN]! + (clipped - s[at + MEAN]!) / MEMORY;
}
