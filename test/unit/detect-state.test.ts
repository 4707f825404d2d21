/** A stored state is read back as it was, also those of earlier formats. */
import { expect, it } from 'vitest';
import { ADAPTIVE_SLOTS, createAdaptive } from '../../src/detect/adaptive.ts';
import { newFormerDetector } from '../../src/detect/former-state.ts';
import { createRate, stepRate } from '../../src/detect/rate.ts';
import { startShadow } from '../../src/detect/shadow.ts';
import { layout } from '../../src/detect/slots.ts';
import { cloneState, emptyState, type SeriesState } from '../../src/detect/state.ts';
import { decodeState, encodeState } from '../../src/detect/state-format.ts';

const rate = createRate(60_000);
stepRate(rate, 1e12, 20);
const full: SeriesState = {
  count: 640,
  lastTs: 1_700_000_000_000,
  values: Float64Array.from({ length: 10 }, (_, i) => i / 3),
  model: 'default-0123456789abcdef',
  warmup: false,
  open: [
    { rule: 'max', ts: 5, value: 31, expected: null, score: null, limit: 30 },
    { rule: 'anomaly', ts: 6, value: 31.5, expected: 21, score: 2.5, limit: null },
    { rule: 'rate', ts: 7, value: 31.5, expected: 21, score: 2.5, limit: 5 },
    { rule: 'min', ts: 8, value: 31.5, expected: 21, score: 2.5, limit: 100 },
  ],
  adaptive: createAdaptive().map((_, i) => i / 7),
  intervals: Uint32Array.from({ length: 16 }, (_, i) => i * 1000),
  rate,
  waiting: [],
  shadow: null,
  former: null,
  outdated: false,
};

it('reads back what was written', () => {
  expect(decodeState(encodeState(full))).toEqual(full);
  expect(decodeState(encodeState(emptyState()))).toEqual(emptyState());
  const shadow = startShadow('other', full.adaptive, 5);
  const bytes = encodeState({ ...full, shadow });
  expect(decodeState(bytes)).toEqual({ ...full, shadow });
  // A store may hand out parts of a buffer that begin anywhere.
  for (const offset of [1, 4, 8]) {
    const part = new Uint8Array(offset + bytes.length + 3).subarray(offset, offset + bytes.length);
    part.set(bytes);
    expect(decodeState(part)).toEqual({ ...full, shadow });
  }
});

it.each([
  ['as it is now', {}],
  ['where release 0.1 reads it', { former: newFormerDetector() }],
  ['without a rule of rate', { rate: new Float64Array(0) }],
  ['without one, where release 0.1 reads it', { former: newFormerDetector(), rate: new Float64Array(0) }],
  ['with a shadow', { shadow: startShadow('other', full.adaptive, 5) }],
] as const)('keeps which limits are passed, but not for long enough: %s', (_what, over) => {
  const waiting = [
    { rule: 'min', since: 1_699_999_990_000 },
    { rule: 'rate', since: 1_699_999_980_000 },
  ] as const;
  const state = { ...full, waiting, ...over };
  expect(decodeState(encodeState(state)).waiting).toEqual(waiting);
  expect(decodeState(encodeState(state)).rate).toEqual(state.rate);
});

it('stays as it was stored while a clone of what was read advances', () => {
  const bytes = encodeState({ ...full, shadow: startShadow('other', full.adaptive, 5) });
  const before = bytes.slice();
  const state = cloneState(decodeState(bytes));
  for (const part of [state.adaptive, state.intervals, state.rate, state.shadow!.adaptive]) part.fill(7);
  expect(bytes).toEqual(before);
});

it('takes at most 4 KB with an open alert of every rule', () => {
  expect(encodeState(full).length).toBeLessThanOrEqual(4096);
});

/** What release 0.1 wrote: its format, and a detector of this many numbers. */
function written(
  format: 1 | 2,
  adaptive: Float64Array,
  openings: readonly number[],
  rate: readonly number[] = [],
) {
  const { values, count, lastTs, intervals, model } = full;
  const head = [format, count, lastTs, 0, values.length, adaptive.length];
  const header = format === 1 ? [...head, ...openings] : [...head, rate.length, openings.length / 6, 0];
  const behind = format === 1 ? [] : openings;
  const numbers = Float64Array.of(...header, ...values, ...adaptive, ...rate, ...behind);
  const parts: Uint8Array[] = [Buffer.from(numbers.buffer)];
  if (format === 2) parts.push(Buffer.from(intervals.buffer));
  return new Uint8Array(Buffer.concat([...parts, Buffer.from(model)]));
}

const numbersOf01 = Float64Array.from({ length: 190 }, (_, i) => i / 9);
const rebuilt = { adaptive: createAdaptive(), warmup: true, outdated: true };

it('reads format 1: one open alert, no intervals, a detector to be rebuilt', () => {
  const { intervals } = emptyState();
  const earlier = { ...full, ...rebuilt, intervals, rate: new Float64Array(0) };
  const former = { active: numbersOf01, shadow: null };
  const { limit: _, ...opening } = full.open[1]!;
  expect(decodeState(written(1, numbersOf01, [6, 31.5, 21, 2.5]))).toEqual({
    ...earlier,
    former,
    open: [{ ...opening, limit: null }],
  });
  expect(decodeState(written(1, numbersOf01, Array(4).fill(Number.NaN)))).toEqual({
    ...earlier,
    former,
    open: [],
  });
});

it('reads format 2 of release 0.1 with a detector to be rebuilt', () => {
  const opening = [2, 5, 31, Number.NaN, Number.NaN, 30];
  const state = decodeState(written(2, numbersOf01, opening, [...rate]));
  expect(state).toEqual({
    ...full,
    ...rebuilt,
    open: [full.open[0]],
    former: { active: numbersOf01, shadow: null },
  });
  // An earlier detector still: it says nothing to release 0.1 either.
  const earlier = decodeState(written(2, numbersOf01.slice(0, 186), opening));
  expect(earlier.former!.active.length).toBe(190);
  expect(earlier.outdated).toBe(true);
});

it('writes what release 0.1 can read, and reads it back in full', () => {
  const former = { active: numbersOf01, shadow: null };
  for (const state of [
    { ...full, former },
    { ...full, former, rate: new Float64Array(0) },
    { ...full, former: { ...former, shadow: numbersOf01 }, shadow: startShadow('other', full.adaptive, 5) },
  ]) {
    const bytes = encodeState(state);
    const numbers = new Float64Array(bytes.buffer, bytes.byteOffset, 9 + 10 + 190);
    expect([...numbers.subarray(0, 6)]).toEqual([2, full.count, full.lastTs, 0, 10, 190]);
    expect(numbers.subarray(19)).toEqual(numbersOf01);
    expect(decodeState(bytes)).toEqual(state);
  }
});

it('has the detector rebuilt after a commit of release 0.1', () => {
  const former = { active: numbersOf01, shadow: null };
  const bytes = encodeState({ ...full, former });
  const numbers = new Float64Array(bytes.buffer, bytes.byteOffset, 2);
  // That release keeps what stands behind the rate, and counts on.
  numbers[1]!++;
  const state = decodeState(bytes);
  expect(state).toEqual({ ...full, ...rebuilt, count: full.count + 1, former });
});

it('has the detector of an earlier version rebuilt, and refuses later ones', () => {
  const bytes = new Uint8Array(encodeState(full));
  const version = new Float64Array(bytes.buffer, 0, 10).subarray(9);
  version[0]!--;
  expect(decodeState(bytes)).toEqual({ ...full, ...rebuilt });
  version[0]! += 2;
  expect(() => decodeState(bytes)).toThrow(/detector version \d+ where \d+ is understood/);
});

it('refuses other formats and damaged bytes', () => {
  const later = new Uint8Array(encodeState(full));
  new Float64Array(later.buffer, 0, 1)[0] = 4;
  expect(() => decodeState(later)).toThrow(/format 4 where 3 is understood/);
  const bytes = encodeState(full);
  for (const length of [0, 7, 64, 800, 1800]) {
    expect(() => decodeState(bytes.slice(0, length)), String(length)).toThrow(/series state/);
  }
});

it('stores the numbers of the detector under names, in an order that a new term does not change', () => {
  expect(ADAPTIVE_SLOTS.length).toBe(createAdaptive().length);
  const at = (name: string): number => ADAPTIVE_SLOTS.indexOf(name);
  expect(
    ['alert.open', 'magnitude.largest', 'sensitivity.drift', 'range.count', 'stuck.last'].map(at),
  ).toEqual([0, 3, 4, 7, 14]);
  expect(
    ['jump.largest.0', 'errors.count', 'drift.up', 'burst.sum', 'season.lastTs', 'buffer.value.0'].map(at),
  ).toEqual([30, 34, 38, 45, 65, 100]);
  expect(() => layout([['a', ['x', 'x']]])).toThrow(RangeError);
});
