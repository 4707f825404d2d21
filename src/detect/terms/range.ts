/**
 * How far a value lies outside everything the series has shown, in widths of what it has shown: until the reading before
 * (`outside`), and until a while ago (`excursion`). A fault that grows over many readings is never far outside the former,
 * because each of its steps stretches it. It needs no forecast and never forgets.
 *
 * Readings are gathered in blocks of `BLOCK`. The older range takes a block in when the next one is full, so it lags by one
 * to two blocks.
 */
import { offsets } from '../slots.ts';
import type { Term } from '../term.ts';

/** `low` and `high` are what the series had shown before the waiting and the open block. */
export const RANGE_SLOTS = [
  'count',
  'low',
  'high',
  'waitingLow',
  'waitingHigh',
  'openLow',
  'openHigh',
] as const;
const [COUNT, LOW, HIGH, WAITING_LOW, WAITING_HIGH, OPEN_LOW, OPEN_HIGH] = offsets(RANGE_SLOTS);

const BLOCK = 25;
/**
 * A young series often leaves its range by far: the excursion counts as smaller by 1 + YOUNG / readings. A steady climb from the
 * first reading on is no excursion then.
 */
const YOUNG = 200;
/** In the first minutes of the first day a range counts as 1 + UNSEEN times as wide: what the hours to come are like was not seen. */
const UNSEEN = 2;
/** A value this share of the range outside the range is new, if its error is beyond the 99 % quantile by this factor. */
const NEW = 0.05;
const NEW_ERROR = 1.15;
/** This far outside what was the range a while ago it is new whatever the forecast says. */
const FAR = 0.3;

export interface RangeStep {
  /** 0 inside, else the distance as a share of the width before this value; Infinity after a constant past. */
  outside: number;
  /** 0 inside, and while the older range is unknown or has no width; else the distance as a share of its width. */
  excursion: number;
}
const step: RangeStep = { outside: 0, excursion: 0 };

export const range: Term = {
  name: 'range',
  slots: RANGE_SLOTS,
  limit: 1,
  hasty: true,
  desensitised: 0,
  step(s, at, { value, grain, judged, size, q99, days }) {
    const { outside, excursion } = stepRange(s, at, value);
    // One grain beside what was shown is no news.
    return judged && size > 1.6 * grain
      ? Math.max(
          Math.min(outside / NEW, size / (NEW_ERROR * q99)),
          excursion / (FAR * (1 + UNSEEN * Math.max(0, 1 - days))),
        )
      : 0;
  },
};

/** The width of what the series had shown a while ago; 0 at first. */
export function shownWidth(s: Float64Array, base: number): number {
  return s[base + COUNT]! < 2 * BLOCK ? 0 : s[base + HIGH]! / 2 - s[base + LOW]! / 2;
}

/** Whether a value is within what the series has shown, or so little beside. */
export function insideRange(s: Float64Array, base: number, value: number, spare: number): boolean {
  const count = s[base + COUNT]!;
  let low = s[base + OPEN_LOW]!;
  let high = s[base + OPEN_HIGH]!;
  if (count >= BLOCK) {
    low = Math.min(low, s[base + WAITING_LOW]!);
    high = Math.max(high, s[base + WAITING_HIGH]!);
  }
  if (count >= 2 * BLOCK) {
    low = Math.min(low, s[base + LOW]!);
    high = Math.max(high, s[base + HIGH]!);
  }
  return value >= low - spare && value <= high + spare;
}

/**
 * Takes one value, finite.
 * @returns one object that the next call overwrites
 */
export function stepRange(s: Float64Array, base: number, value: number): Readonly<RangeStep> {
  const count = s[base + COUNT]!;
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  step.excursion = 0;
  if (count >= 2 * BLOCK) {
    low = s[base + LOW]!;
    high = s[base + HIGH]!;
    const share = shareOutside(low, high, value);
    step.excursion = low < high ? share / (1 + YOUNG / count) : 0;
  }
  if (count >= BLOCK) {
    low = Math.min(low, s[base + WAITING_LOW]!);
    high = Math.max(high, s[base + WAITING_HIGH]!);
  }
  const inOpen = count % BLOCK;
  if (inOpen > 0) {
    low = Math.min(low, s[base + OPEN_LOW]!);
    high = Math.max(high, s[base + OPEN_HIGH]!);
  }
  step.outside = count === 0 ? 0 : shareOutside(low, high, value);

  s[base + OPEN_LOW] = inOpen === 0 ? value : Math.min(s[base + OPEN_LOW]!, value);
  s[base + OPEN_HIGH] = inOpen === 0 ? value : Math.max(s[base + OPEN_HIGH]!, value);
  s[base + COUNT] = count + 1;
  if (inOpen === BLOCK - 1) closeBlock(s, base, count + 1);
  return step;
}

function closeBlock(s: Float64Array, base: number, count: number): void {
  if (count >= 2 * BLOCK) {
    const first = count === 2 * BLOCK;
    s[base + LOW] = first ? s[base + WAITING_LOW]! : Math.min(s[base + LOW]!, s[base + WAITING_LOW]!);
    s[base + HIGH] = first ? s[base + WAITING_HIGH]! : Math.max(s[base + HIGH]!, s[base + WAITING_HIGH]!);
  }
  s[base + WAITING_LOW] = s[base + OPEN_LOW]!;
  s[base + WAITING_HIGH] = s[base + OPEN_HIGH]!;
}

/** 0 inside. Halved, so that a range of the whole of the doubles does not overflow. */
function shareOutside(low: number, high: number, value: number): number {
  if (value >= low && value <= high) return 0;
  return (Math.max(low - value, value - high) / 2 || Number.MIN_VALUE) / (high / 2 - low / 2);
}
