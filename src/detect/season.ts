/**
 * How far a value is from what the series was like at about this time of day 1, 2, 3 and 7 days ago. What recurs daily or
 * weekly is no anomaly, however badly it was forecast; what deviates from all of those days may be one, however well.
 *
 * Time is divided into slots of absolute time, about as wide as the usual interval between readings, five minutes to four
 * hours; the width is settled by the first intervals. A slot's value is the mean of its readings without their lowest and
 * highest, so that a spike does not become part of tomorrow's measure. Closed slots go to the ring (seasonal-ring.ts); the
 * open one is part of the state: `SEASON_SLOTS` doubles at `base`.
 */
import type { SeasonalRing } from './seasonal-ring.ts';

const LAST_TS = 0;
const INTERVALS = 1;
/** ln of the running median of the intervals, ms. */
const INTERVAL = 2;
/** Width of a slot, ms; 0 until it is settled. */
const WIDTH = 3;
const SLOT = 4;
const IN_SLOT = 5;
const SUM = 6;
const LOWEST = 7;
const HIGHEST = 8;
/** Slots closed so far. */
const CLOSED = 9;
export const SEASON_SLOTS = 10;

const MINUTE = 60_000;
const DAY = 1440 * MINUTE;
const WIDTHS = [5, 10, 15, 30, 60, 120, 240].map((minutes) => minutes * MINUTE);
/** Intervals that settle the width: the narrowest that is not shorter than their median by more than the tolerance. */
const SETTLED_BY = 60;
const TOLERANCE = 1.5;
const MEDIAN_STEP = 0.1;
const DAYS_BACK = [1, 2, 3, 7];
/** Slots before and after the same time of day that count as this time. */
const NEAR = 3;

/**
 * Takes one reading, in ts order.
 * @param ring receives the slot that this reading closes, if it is the first after one
 * @returns the distance, Infinity while nothing is known of those days
 */
export function stepSeason(
  s: Float64Array,
  base: number,
  ring: SeasonalRing,
  ts: number,
  value: number,
): number {
  const width = s[base + WIDTH]!;
  if (width === 0) {
    settleWidth(s, base, ts);
    return Number.POSITIVE_INFINITY;
  }
  const slot = Math.floor(ts / width);
  const first = s[base + IN_SLOT] === 0;
  if (first || slot !== s[base + SLOT]) {
    if (!first) {
      ring.write(s[base + CLOSED]!, s[base + SLOT]!, slotValue(s, base));
      s[base + CLOSED] = s[base + CLOSED]! + 1;
    }
    s[base + SLOT] = slot;
    s[base + IN_SLOT] = 0;
    s[base + SUM] = 0;
    s[base + LOWEST] = value;
    s[base + HIGHEST] = value;
  }
  s[base + IN_SLOT] = s[base + IN_SLOT]! + 1;
  s[base + SUM] = s[base + SUM]! + value;
  s[base + LOWEST] = Math.min(s[base + LOWEST]!, value);
  s[base + HIGHEST] = Math.max(s[base + HIGHEST]!, value);

  const closed = s[base + CLOSED]!;
  let nearest = Number.POSITIVE_INFINITY;
  for (const days of DAYS_BACK) {
    const age = Math.round((days * DAY) / width);
    nearest = Math.min(nearest, ring.distance(closed, slot, age - NEAR, age + NEAR, value));
  }
  return nearest;
}

/** How many slots were closed: it grows by one with every entry of the ring that is written. */
export function slotsClosed(s: Float64Array, base: number): number {
  return s[base + CLOSED]!;
}

function settleWidth(s: Float64Array, base: number, ts: number): void {
  const count = s[base + INTERVALS]!;
  s[base + INTERVALS] = count + 1;
  if (count > 0) {
    const log = Math.log(Math.max(1, ts - s[base + LAST_TS]!));
    if (count === 1) s[base + INTERVAL] = log;
    else if (log !== s[base + INTERVAL])
      s[base + INTERVAL] = s[base + INTERVAL]! + (log > s[base + INTERVAL]! ? MEDIAN_STEP : -MEDIAN_STEP);
  }
  s[base + LAST_TS] = ts;
  if (count < SETTLED_BY) return;
  const median = Math.exp(s[base + INTERVAL]!);
  s[base + WIDTH] = WIDTHS.find((width) => median <= TOLERANCE * width) ?? WIDTHS.at(-1)!;
}

function slotValue(s: Float64Array, base: number): number {
  const n = s[base + IN_SLOT]!;
  const sum = s[base + SUM]!;
  return n > 2 ? (sum - s[base + LOWEST]! - s[base + HIGHEST]!) / (n - 2) : sum / n;
}
