/**
 * How a state is stored: little-endian doubles (header, values, detector, rate, shadow, openings), the intervals, and the
 * model ids in UTF-8, a line each. The first double is the number of the format.
 *
 * - Format 1 had one opening, and neither intervals nor a rate. It is read.
 * - Format 2 is that of release 0.1. It is read, and written where that release shares the store (former-state.ts).
 * - Format 3 also names the version of the detector. A state with the numbers of an earlier detector is not refused: the
 *   detector is rebuilt from the stored readings.
 *
 * A state takes at most 4 KB and 8 bytes per value of the window (its detector again with a shadow).
 */
import { VigiaError } from '../errors.ts';
import { createAdaptive, DETECTOR_VERSION } from './adaptive.ts';
import { encodeFormer, FORMER_FORMAT, readFormer, withNewDetector } from './former-state.ts';
import { createIntervals } from './intervals.ts';
import { RATE_SLOTS } from './rate.ts';
import type { Opening, SeriesState } from './state.ts';
import {
  joined,
  OPENING,
  openingNumbers,
  openingOf,
  restNumbers,
  restOf,
  Sections,
  SHADOW_HEADER,
  shadowNumbers,
  shadowOf,
} from './state-sections.ts';

export const STATE_FORMAT = 3;
/** Doubles of the header, by format. */
const HEADERS: Readonly<Record<number, number>> = { 1: 10, [FORMER_FORMAT]: 9, [STATE_FORMAT]: 10 };
/** Where the one opening of format 1 begins in its header. */
const OPENING_1 = 6;
const INTERVAL_BYTES = createIntervals().byteLength;
/** Doubles of the detector. */
const ADAPTIVE = createAdaptive().length;

/** The state as bytes: a view into Node's pool. */
export function encodeState(state: SeriesState): Uint8Array {
  if (state.former) return encodeFormer(state, state.former);
  const { values, adaptive, open, shadow } = state;
  const rate = [...state.rate, ...restNumbers(state)];
  const header = [
    STATE_FORMAT,
    state.count,
    state.lastTs,
    state.warmup ? 1 : 0,
    values.length,
    adaptive.length,
  ];
  header.push(rate.length, open.length, shadow ? 1 : 0, DETECTOR_VERSION);
  const parts: ArrayLike<number>[] = [header, values, adaptive, rate];
  if (shadow) parts.push(shadowNumbers(shadow), shadow.adaptive);
  return joined([...parts, ...open.map(openingNumbers)], state);
}

/**
 * Reads what `encodeState` wrote, in this release or in an earlier one. The state is views into `bytes`, or into a copy where
 * they lie at an offset that doubles cannot be read at; who advances it clones it first.
 * @throws VigiaError `state_format` when a later release wrote the bytes, or they are damaged
 */
export function decodeState(bytes: Uint8Array): SeriesState {
  const { buffer, byteOffset, byteLength } = bytes.byteOffset % 8 === 0 ? bytes : new Uint8Array(bytes);
  const numbers = new Float64Array(buffer, byteOffset, Math.floor(byteLength / 8));
  // One by one: as an iterable it takes ten times as long.
  const field = (i: number) => numbers[i] ?? 0;
  const format = field(0);
  const header = HEADERS[format];
  if (header === undefined) throw unreadable(`of format ${format} where ${STATE_FORMAT} is understood`);
  const first = format === 1;
  const [valueCount, adaptiveCount] = [field(4), field(5)];
  const [rateCount, openCount, shadowed] = first ? [0, 0, 0] : [field(6), field(7), field(8)];
  const shadowCount = shadowed === 1 ? SHADOW_HEADER + adaptiveCount : 0;
  const end = header + valueCount + adaptiveCount + rateCount + shadowCount + OPENING * openCount;
  const intervalBytes = first ? 0 : INTERVAL_BYTES;
  const size = 8 * end + intervalBytes;
  if (!(size <= byteLength)) throw unreadable(`cut off at ${byteLength} of ${size} bytes`);
  const sections = new Sections(numbers, header);
  const values = sections.next(valueCount);
  const adaptive = sections.next(adaptiveCount);
  const rates = sections.next(rateCount);
  // The annex of format 2 lies here too; `readFormer` takes it apart.
  const rate = format === STATE_FORMAT ? rates.subarray(0, rateCount < RATE_SLOTS ? 0 : RATE_SLOTS) : rates;
  const ids = Buffer.from(buffer, byteOffset + size, byteLength - size).toString('utf8');
  const [model = '', shadowModel = ''] = shadowCount > 0 ? ids.split('\n') : [ids];
  const shadow =
    shadowCount > 0
      ? shadowOf(shadowModel, sections.next(SHADOW_HEADER), sections.next(adaptiveCount))
      : null;
  const state: SeriesState = {
    count: field(1),
    lastTs: field(2),
    warmup: field(3) === 1,
    values,
    adaptive,
    rate,
    waiting: [],
    intervals: first ? createIntervals() : new Uint32Array(buffer, byteOffset + 8 * end, INTERVAL_BYTES / 4),
    open: first ? openingOfFormat1(numbers) : sections.openings(openCount),
    model,
    shadow,
    former: null,
    outdated: false,
  };
  if (format !== STATE_FORMAT) return readFormer(state);
  const rest = restOf(rates.subarray(rate.length), state.open);
  if (!rest) throw unreadable('with numbers that are none of this format');
  Object.assign(state, rest);
  const detector = field(9);
  if (detector > DETECTOR_VERSION)
    throw unreadable(`with detector version ${detector} where ${DETECTOR_VERSION} is understood`);
  return detector === DETECTOR_VERSION && adaptiveCount === ADAPTIVE ? state : withNewDetector(state);
}

function openingOfFormat1(numbers: Float64Array): Opening[] {
  if (Number.isNaN(numbers[OPENING_1]!)) return [];
  return [openingOf([0, ...numbers.slice(OPENING_1, OPENING_1 + 4), Number.NaN])];
}

function unreadable(problem: string): VigiaError {
  return new VigiaError('state_format', `series state ${problem}`, { field: 'state' });
}
