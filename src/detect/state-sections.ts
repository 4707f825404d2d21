/** The parts that stored states of every format have in common, as doubles. */
import { doubles } from './doubles.ts';
import { PEAK_SLOTS, peakNumbers, withPeaks } from './peak.ts';
import type { Comparison, Shadow } from './shadow.ts';
import { FOLD_RULES, type Opening, type SeriesState } from './state.ts';
import { WAITING_SLOTS, waitingNumbers, waitingOf } from './waiting.ts';

/** Doubles of an opening, and of a shadow besides its detector. */
export const OPENING = 6;
export const SHADOW_HEADER = 7;

const orNaN = (n: number | null): number => n ?? Number.NaN;
const orNull = (n: number): number | null => (Number.isNaN(n) ? null : n);

/** Doubles that are read one section after the other. */
export class Sections {
  constructor(
    private readonly numbers: Float64Array,
    public at: number,
  ) {}

  /** The next `length` doubles: a view. */
  next(length: number): Float64Array {
    this.at += length;
    return this.numbers.subarray(this.at - length, this.at);
  }

  openings(count: number): Opening[] {
    return Array.from({ length: count }, () => openingOf(this.next(OPENING)));
  }
}

export function openingNumbers({ rule, ts, value, expected, score, limit }: Opening): number[] {
  return [FOLD_RULES.indexOf(rule), ts, value, orNaN(expected), orNaN(score), orNaN(limit)];
}

export function openingOf(numbers: ArrayLike<number>): Opening {
  const [rule, ts, value, expected, score, limit] = Array.from(numbers) as [
    rule: number,
    ts: number,
    value: number,
    expected: number,
    score: number,
    limit: number,
  ];
  return {
    rule: FOLD_RULES[rule]!,
    ts,
    value,
    expected: orNull(expected),
    score: orNull(score),
    limit: orNull(limit),
  };
}

/** What stands behind the numbers of the rate rule: rules that wait, and the peaks of open alerts. Most states have neither. */
export function restNumbers({ waiting, open }: Pick<SeriesState, 'waiting' | 'open'>): number[] {
  return [...waitingNumbers(waiting), ...peakNumbers(open)];
}

/** @param rest what `restNumbers` gave, of this release or an earlier one @returns null: it is none */
export function restOf(
  rest: Float64Array,
  open: readonly Opening[],
): Pick<SeriesState, 'waiting' | 'open'> | null {
  // An odd number of rules may wait, and a peak has two numbers.
  const waits = rest.length % PEAK_SLOTS === 0 ? 0 : WAITING_SLOTS;
  const peaks = rest.subarray(waits);
  if (rest.length < waits || ![0, PEAK_SLOTS * open.length].includes(peaks.length)) return null;
  return { waiting: waitingOf(rest.subarray(0, waits)), open: withPeaks(open, peaks) };
}

export function shadowNumbers({ warmup, comparison }: Shadow): number[] {
  const { since, readings, activeError, shadowError, activeAlerts, shadowAlerts } = comparison;
  return [warmup ? 1 : 0, since, readings, activeError, shadowError, activeAlerts, shadowAlerts];
}

/** @param numbers what `shadowNumbers` gave */
export function shadowOf(model: string, numbers: Float64Array, adaptive: Float64Array): Shadow {
  const [warmup, since, readings, activeError, shadowError, activeAlerts, shadowAlerts] = numbers;
  const comparison: Comparison = {
    since: since!,
    readings: readings!,
    activeError: activeError!,
    shadowError: shadowError!,
    activeAlerts: activeAlerts!,
    shadowAlerts: shadowAlerts!,
  };
  return { model, warmup: warmup === 1, adaptive, comparison };
}

/** The bytes of a state: its sections, then the intervals, then the model ids. A view into Node's pool. */
export function joined(
  parts: readonly ArrayLike<number>[],
  { intervals, shadow, model }: SeriesState,
): Uint8Array {
  const models = shadow ? `${model}\n${shadow.model}` : model;
  let length = 0;
  for (const part of parts) length += part.length;
  const end = 8 * length + intervals.byteLength;
  const size = end + Buffer.byteLength(models);
  // In whole doubles, so that there is room for them at a place where they can lie.
  const room = doubles(Math.ceil(size / 8));
  const bytes = Buffer.from(room.buffer, room.byteOffset, size);
  let at = 0;
  for (const part of parts) {
    room.set(part, at);
    at += part.length;
  }
  new Uint32Array(room.buffer, bytes.byteOffset + 8 * length, intervals.length).set(intervals);
  bytes.write(models, end);
  return bytes;
}
