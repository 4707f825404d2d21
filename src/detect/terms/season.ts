/**
 * How far a value is from what the series was like at about this time of day 1, 2, 3 and 7 days ago. What recurs daily or
 * weekly is no anomaly, however badly it was forecast; what deviates from all of those days may be one, however well.
 *
 * Time is divided into slots of absolute time, about as wide as the usual interval between readings, five minutes to four
 * hours; the width is settled by the first intervals. A slot's value is the mean of its readings without their lowest and
 * highest, so that a spike does not become part of tomorrow's measure. Closed slots go to the ring (seasonal-ring.ts); the
 * open one is part of the state.
 */
import { RECENT_MEAN_SLOTS, stepRecentMean } from '../recent-mean.ts';
import type { SeasonalRing } from '../seasonal-ring.ts';
import { offsets, within } from '../slots.ts';
import { learnTail, resetTail, TAIL_SLOTS, tailBoundary, tailReady, warmTail } from '../tail.ts';
import type { Term, TermReading } from '../term.ts';
import { seedRecentMean } from './burst.ts';

/**
 * `interval`: ln of the running median of the intervals, ms. `width`: of a slot, ms; 0 until it is settled. `closed`: slots closed
 * so far. The others are of the open slot.
 */
export const SEASON_SLOTS = [
  'lastTs',
  'intervals',
  'interval',
  'width',
  'slot',
  'inSlot',
  'sum',
  'lowest',
  'highest',
  'closed',
  'suspect',
] as const;
const [LAST_TS, INTERVALS, INTERVAL, WIDTH, SLOT, IN_SLOT, SUM, LOWEST, HIGHEST, CLOSED, SUSPECT] =
  offsets(SEASON_SLOTS);
const TAIL = SEASON_SLOTS.length;
const RECENT = TAIL + TAIL_SLOTS.length;

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
/** A jump was a spike if more than this share of it is gone with the next reading. */
const BACK = 0.5;
/** Deviations of the recent mean that are an anomaly, and how uncertain they are with few readings (recent-mean.ts). */
const DEVIATIONS = 3.8;
const UNCERTAIN = 100;
/** Distances count as at most this, so that nothing made of them overflows. */
const LARGEST = Number.MAX_VALUE / 16;

export const season: Term = {
  name: 'season',
  slots: [...SEASON_SLOTS, ...within('tail', TAIL_SLOTS), ...within('recent', RECENT_MEAN_SLOTS)],
  limit: 1,
  hasty: true,
  desensitised: 0.15,
  step(s, at, reading) {
    return reading.fromSeason === Number.POSITIVE_INFINITY ? 0 : judge(s, at, reading);
  },
  /** A season that is itself still warming up begins again: it shares the buffer with the errors. */
  forget(s, at) {
    if (!tailReady(s, at + TAIL)) resetTail(s, at + TAIL);
  },
};

/** Whether readings have lately been farther from earlier days than usual. */
function judge(
  s: Float64Array,
  at: number,
  { fromSeason, rounding, grain, learn, buffer, bufferFree }: Readonly<TermReading>,
): number {
  const size = Math.min(LARGEST, Math.max(fromSeason, rounding));
  const tail = at + TAIL;
  if (tailReady(s, tail)) {
    const error = size <= grain ? 0 : Math.min(1, size / tailBoundary(s, tail));
    if (learn) learnTail(s, tail, size);
    return stepRecentMean(s, at + RECENT, error, learn, UNCERTAIN) / DEVIATIONS;
  }
  if (bufferFree) {
    warmTail(s, tail, buffer, size);
    if (tailReady(s, tail)) seedRecentMean(s, at + RECENT, buffer, tailBoundary(s, tail), UNCERTAIN);
  }
  return 0;
}

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
    if (!first && !wasSpike(s, base, value)) {
      ring.write(s[base + CLOSED]!, s[base + SLOT]!, slotValue(s, base));
      s[base + CLOSED] = s[base + CLOSED]! + 1;
    }
    s[base + SLOT] = slot;
    s[base + IN_SLOT] = 0;
    s[base + SUSPECT] = 0;
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

/**
 * How far the series moves in one direction from one slot to the next at about this time of other days, in its units; 0 where nothing is
 * known.
 */
export function seasonalStep(
  s: Float64Array,
  at: number,
  ring: SeasonalRing,
  ts: number,
  direction: number,
): number {
  const width = s[at + WIDTH]!;
  if (width === 0) return 0;
  const slot = Math.floor(ts / width);
  let largest = 0;
  for (const days of DAYS_BACK) {
    const age = Math.round((days * DAY) / width);
    largest = Math.max(
      largest,
      ring.largestStep(s[at + CLOSED]!, slot, age - NEAR - 1, age + NEAR + 1, direction),
    );
  }
  return largest;
}

/** An alert was raised, or is open, on the reading just taken. @param error signed, from the forecast to the value */
export function suspectSlot(s: Float64Array, base: number, error: number): void {
  if (s[base + IN_SLOT] === 1) s[base + SUSPECT] = error;
}

/** Whether the only reading of the open slot was a spike: the value after it is back. A spike is not the measure of tomorrow. */
function wasSpike(s: Float64Array, base: number, value: number): boolean {
  const jump = s[base + SUSPECT]!;
  if (jump === 0 || s[base + IN_SLOT] !== 1) return false;
  return (s[base + SUM]! - value) * Math.sign(jump) > BACK * Math.abs(jump);
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
