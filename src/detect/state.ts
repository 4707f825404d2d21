/**
 * The state of a series: all that the fold over its readings carries from one reading to the next. It is stored beside
 * the samples as bytes, 1.7 KB and 8 bytes per value of the window (its detector again with a shadow model), with a format
 * number, and is equal on every replica that folded the same readings.
 */
import { VigiaError } from '../errors.ts';
import { type AdaptiveState, createAdaptive } from './adaptive.ts';
import { copyOf, doubles } from './doubles.ts';
import { createIntervals, type Intervals } from './intervals.ts';
import type { RateState } from './rate.ts';
import { cloneShadow, type Shadow } from './shadow.ts';

/** The rules that the fold raises alerts by, in the order of their numbers in a stored state. */
const FOLD_RULES = ['anomaly', 'min', 'max', 'rate'] as const;
export type FoldRule = (typeof FOLD_RULES)[number];

/** The reading that raised an alert which is still open. */
export interface Opening {
  readonly rule: FoldRule;
  readonly ts: number;
  readonly value: number;
  readonly expected: number | null;
  readonly score: number | null;
  readonly limit: number | null;
}

export interface SeriesState {
  /** Readings folded so far. */
  count: number;
  /** Timestamp of the newest, -1 before the first. */
  lastTs: number;
  /** The newest values, oldest first: as many as the model's (or its shadow's) window, fewer at the start. */
  values: Float64Array;
  /** Id of the model whose errors the detector has learned, '' before the first reading. */
  model: string;
  warmup: boolean;
  /** In the order in which they were raised, one per rule at most. */
  open: readonly Opening[];
  adaptive: AdaptiveState;
  intervals: Intervals;
  rate: RateState;
  /** The model that scores beside the active one, null where none does. */
  shadow: Shadow | null;
}

export const STATE_FORMAT = 2;
/** Doubles of the header, of the header of format 1, of a shadow besides its detector, of an opening. */
const HEADER = 9;
const HEADER_1 = 10;
const SHADOW_HEADER = 7;
const OPENING = 6;
const INTERVAL_BYTES = createIntervals().byteLength;
/** Doubles of the detector. */
const ADAPTIVE = createAdaptive().length;

export function emptyState(): SeriesState {
  return {
    count: 0,
    lastTs: -1,
    values: new Float64Array(0),
    model: '',
    warmup: true,
    open: [],
    adaptive: createAdaptive(),
    intervals: createIntervals(),
    rate: new Float64Array(0),
    shadow: null,
  };
}

/** A copy that can be advanced without touching the original. */
export function cloneState(state: SeriesState): SeriesState {
  return {
    ...state,
    adaptive: copyOf(state.adaptive),
    intervals: state.intervals.slice(),
    rate: state.rate.slice(),
    shadow: state.shadow && cloneShadow(state.shadow),
  };
}

const orNaN = (n: number | null): number => n ?? Number.NaN;
const orNull = (n: number): number | null => (Number.isNaN(n) ? null : n);

/**
 * Little-endian doubles (header, values, detector, rate, shadow, openings), the intervals, and the model ids in UTF-8, a line
 * each. A view into Node's pool.
 */
export function encodeState(state: SeriesState): Uint8Array {
  const { values, adaptive, rate, open, shadow, intervals } = state;
  const models = shadow ? `${state.model}\n${shadow.model}` : state.model;
  const beside = shadow ? SHADOW_HEADER + shadow.adaptive.length : 0;
  const length = HEADER + values.length + adaptive.length + rate.length + beside + OPENING * open.length;
  const end = 8 * length + intervals.byteLength;
  const size = end + Buffer.byteLength(models);
  // In whole doubles, so that there is room for them at a place where they can lie.
  const room = doubles(Math.ceil(size / 8));
  const bytes = Buffer.from(room.buffer, room.byteOffset, size);
  room[0] = STATE_FORMAT;
  room[1] = state.count;
  room[2] = state.lastTs;
  room[3] = state.warmup ? 1 : 0;
  room[4] = values.length;
  room[5] = adaptive.length;
  room[6] = rate.length;
  room[7] = open.length;
  room[8] = shadow ? 1 : 0;
  let at = HEADER;
  const put = (numbers: ArrayLike<number>) => {
    room.set(numbers, at);
    at += numbers.length;
  };
  put(values);
  put(adaptive);
  put(rate);
  if (shadow) {
    put(shadowNumbers(shadow));
    put(shadow.adaptive);
  }
  for (const opening of open) put(openingNumbers(opening));
  new Uint32Array(room.buffer, bytes.byteOffset + 8 * length, intervals.length).set(intervals);
  bytes.write(models, end);
  return bytes;
}

/**
 * Reads what `encodeState` wrote, also of format 1, which had no intervals and no rules but `anomaly`. The state is views into
 * `bytes`, or into a copy where they lie at an offset that doubles cannot be read at; who advances it clones it first.
 * @throws VigiaError `state_format` when the bytes are of another format (written by another version) or damaged
 */
export function decodeState(bytes: Uint8Array): SeriesState {
  const { buffer, byteOffset, byteLength } = bytes.byteOffset % 8 === 0 ? bytes : new Uint8Array(bytes);
  const numbers = new Float64Array(buffer, byteOffset, Math.floor(byteLength / 8));
  // One by one: as an iterable it takes ten times as long.
  const field = (i: number) => numbers[i] ?? 0;
  const [format, valueCount, adaptiveCount] = [field(0), field(4), field(5)];
  const former = format === 1;
  const [rateCount, openCount, hasShadow] = former ? [0, 0, 0] : [field(6), field(7), field(8)];
  const intervalBytes = former ? 0 : INTERVAL_BYTES;
  const shadowCount = hasShadow === 1 ? SHADOW_HEADER + adaptiveCount : 0;
  const header = former ? HEADER_1 : HEADER;
  const end = header + valueCount + adaptiveCount + rateCount + shadowCount + OPENING * openCount;
  const known = former || format === STATE_FORMAT;
  const size = 8 * end + intervalBytes;
  if (!known || !(size <= byteLength) || adaptiveCount !== ADAPTIVE) {
    const problem = !known
      ? `of format ${format} where ${STATE_FORMAT} is understood`
      : adaptiveCount !== ADAPTIVE
        ? `with a detector of ${adaptiveCount} numbers where ${ADAPTIVE} are understood`
        : `cut off at ${byteLength} of ${size} bytes`;
    throw new VigiaError('state_format', `series state ${problem}`, { field: 'state' });
  }
  let at = header;
  const take = (length: number) => {
    at += length;
    return numbers.subarray(at - length, at);
  };
  const values = take(valueCount);
  const adaptive = take(adaptiveCount);
  const rate = take(rateCount);
  const shadow = take(shadowCount);
  const open: Opening[] = [];
  while (open.length < openCount) open.push(openingOf(take(OPENING)));
  if (former && !Number.isNaN(numbers[6]!))
    open.push(openingOf([0, ...numbers.slice(6, HEADER_1), Number.NaN]));
  const ids = Buffer.from(buffer, byteOffset + size, byteLength - size).toString('utf8');
  const [model = '', shadowModel = ''] = shadowCount > 0 ? ids.split('\n') : [ids];
  return {
    count: field(1),
    lastTs: field(2),
    warmup: field(3) === 1,
    values,
    adaptive,
    rate,
    intervals: former ? createIntervals() : new Uint32Array(buffer, byteOffset + 8 * end, intervalBytes / 4),
    open,
    model,
    shadow: shadowCount > 0 ? shadowOf(shadowModel, shadow) : null,
  };
}

function openingNumbers({ rule, ts, value, expected, score, limit }: Opening): number[] {
  return [FOLD_RULES.indexOf(rule), ts, value, orNaN(expected), orNaN(score), orNaN(limit)];
}

type NumberOpening = [
  rule: number,
  ts: number,
  value: number,
  expected: number,
  score: number,
  limit: number,
];

function openingOf(numbers: ArrayLike<number>): Opening {
  const [rule, ts, value, expected, score, limit] = Array.from(numbers) as NumberOpening;
  return {
    rule: FOLD_RULES[rule]!,
    ts,
    value,
    expected: orNull(expected),
    score: orNull(score),
    limit: orNull(limit),
  };
}

function shadowNumbers({ warmup, comparison }: Shadow): number[] {
  const { since, readings, activeError, shadowError, activeAlerts, shadowAlerts } = comparison;
  return [warmup ? 1 : 0, since, readings, activeError, shadowError, activeAlerts, shadowAlerts];
}

function shadowOf(model: string, doubles: Float64Array): Shadow {
  const [warmup, since, readings, activeError, shadowError, activeAlerts, shadowAlerts] = doubles;
  return {
    model,
    warmup: warmup === 1,
    adaptive: doubles.subarray(SHADOW_HEADER),
    comparison: {
      since: since!,
      readings: readings!,
      activeError: activeError!,
      shadowError: shadowError!,
      activeAlerts: activeAlerts!,
      shadowAlerts: shadowAlerts!,
    },
  };
}
