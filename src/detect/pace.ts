/**
 * The pace of a series: the usual time between its readings, as a running median of the logarithms of the intervals, and whether it has
 * changed for good.
 */
import { offsets } from './slots.ts';

/** `interval` and `learned` are ln ms: the usual interval now, and when the errors of the forecast began to be learned. */
export const PACE_SLOTS = ['lastTs', 'count', 'interval', 'learned'] as const;
const [LAST_TS, COUNT, INTERVAL, LEARNED] = offsets(PACE_SLOTS);

/** The step of the running median: at first, and later. */
const FIRST_STEP = 0.1;
const FIRST_STEPS = 60;
const STEP = 0.03;
/** The interval has changed when it is this many times as long or as short as it was. */
const CHANGED = Math.log(2);

/** Takes one reading. @returns ms since the one before, 0 for the first */
export function stepPace(s: Float64Array, at: number, ts: number): number {
  const count = s[at + COUNT]!;
  const elapsed = count === 0 ? 0 : Math.max(1, ts - s[at + LAST_TS]!);
  s[at + LAST_TS] = ts;
  s[at + COUNT] = count + 1;
  if (count === 0) return 0;
  const log = Math.log(elapsed);
  const interval = s[at + INTERVAL]!;
  const step = count < FIRST_STEPS ? FIRST_STEP : STEP;
  if (count === 1) s[at + INTERVAL] = log;
  else s[at + INTERVAL] = interval + Math.max(-step, Math.min(step, log - interval));
  return elapsed;
}

/** How many readings there have been. */
export function readingsSeen(s: Float64Array, at: number): number {
  return s[at + COUNT]!;
}

/** The usual time between readings, ms; 1 while none is known. */
export function usualPace(s: Float64Array, at: number): number {
  return Math.exp(s[at + INTERVAL]!);
}

/** Whether the interval is another one than that at which the errors were learned. */
export function paceChanged(s: Float64Array, at: number): boolean {
  return Math.abs(s[at + INTERVAL]! - s[at + LEARNED]!) > CHANGED;
}

/** Errors are learned anew from now on. */
export function keepPace(s: Float64Array, at: number): void {
  s[at + LEARNED] = s[at + INTERVAL]!;
}
