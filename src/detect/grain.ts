/**
 * The grain of a series: the least step by which it moves, as a low quantile of the differences of its values that are not 0. A sensor of
 * a coarse resolution, a switch or a counter moves by its grain or not at all, and one grain more or less is no news; for a series
 * that takes any value the grain is far below its noise.
 */
import { offsets } from './slots.ts';

/** `seen`: steps lately; `log`: ln of the grain. */
export const GRAIN_SLOTS = ['last', 'count', 'seen', 'log'] as const;
const [LAST, COUNT, SEEN, LOG] = offsets(GRAIN_SLOTS);

/** The quantile, and the steps by which it is followed: at first, and later. */
const QUANTILE = 0.1;
const GAIN = 8;
const LEAST_GAIN = 0.02;
/**
 * A grain is known after so many steps within a day or so: a series that was constant and moves for once has none, and what it does is
 * news.
 */
const KNOWN = 5;
const DAY = 86_400_000;

/** Takes a value, a usual one or not. @param elapsed ms since the reading before */
export function learnGrain(s: Float64Array, at: number, value: number, elapsed: number): void {
  const step = Math.abs(value - s[at + LAST]!);
  s[at + LAST] = value;
  const known = s[at + SEEN]! >= KNOWN;
  if (!known) s[at + SEEN] = s[at + SEEN]! * Math.exp(-elapsed / DAY);
  if (step === 0 || step === Number.POSITIVE_INFINITY || elapsed === 0) return;
  if (!known) s[at + SEEN] = s[at + SEEN]! + 1;
  const count = s[at + COUNT]! + 1;
  s[at + COUNT] = count;
  const log = Math.log(step);
  const before = s[at + LOG]!;
  const gain = Math.max(LEAST_GAIN, GAIN / (count + 10));
  if (count === 1) s[at + LOG] = log;
  // Not beyond the value: a grain that most steps are equal to is found exactly, and kept.
  else if (log > before) s[at + LOG] = Math.min(log, before + gain * QUANTILE);
  else s[at + LOG] = Math.max(log, before - gain * (1 - QUANTILE));
}

/** The grain, in the units of the series; 0 while none is known. */
export function grainOf(s: Float64Array, at: number): number {
  return s[at + SEEN]! < KNOWN ? 0 : Math.exp(s[at + LOG]!);
}
