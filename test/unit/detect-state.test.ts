/** A stored state is read back as it was, also that of the format before, and fits into 2 KB. */
import { expect, it } from 'vitest';
import { ADAPTIVE_SLOTS, createAdaptive } from '../../src/detect/adaptive.ts';
import { createRate, stepRate } from '../../src/detect/rate.ts';
import { startShadow } from '../../src/detect/shadow.ts';
import { layout } from '../../src/detect/slots.ts';
import {
  cloneState,
  decodeState,
  emptyState,
  encodeState,
  type SeriesState,
} from '../../src/detect/state.ts';

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
  shadow: null,
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

it('stays as it was stored while a clone of what was read advances', () => {
  const bytes = encodeState({ ...full, shadow: startShadow('other', full.adaptive, 5) });
  const before = bytes.slice();
  const state = cloneState(decodeState(bytes));
  for (const part of [state.adaptive, state.intervals, state.rate, state.shadow!.adaptive]) part.fill(7);
  expect(bytes).toEqual(before);
});

it('takes at most 2 KB with an open alert of every rule', () => {
  expect(encodeState(full).length).toBeLessThanOrEqual(2048);
});

it('reads format 1: one open alert, no intervals', () => {
  const { values, adaptive } = full;
  const one = (open: readonly number[]) => {
    const doubles = Float64Array.of(
      1,
      640,
      full.lastTs,
      0,
      10,
      adaptive.length,
      ...open,
      ...values,
      ...adaptive,
    );
    return Buffer.concat([Buffer.from(doubles.buffer), Buffer.from(full.model)]);
  };
  const { intervals, rate } = emptyState();
  expect(decodeState(new Uint8Array(one([6, 31.5, 21, 2.5])))).toEqual({
    ...full,
    intervals,
    rate,
    open: [full.open[1]],
  });
  expect(decodeState(new Uint8Array(one(Array(4).fill(Number.NaN))))).toEqual({
    ...full,
    intervals,
    rate,
    open: [],
  });
});

it('refuses other formats and damaged bytes', () => {
  const later = new Uint8Array(encodeState(full));
  new Float64Array(later.buffer, 0, 1)[0] = 3;
  expect(() => decodeState(later)).toThrow(/format 3 where 2 is understood/);
  const bytes = encodeState(full);
  for (const length of [0, 7, 64, 800, 1800]) {
    expect(() => decodeState(bytes.slice(0, length)), String(length)).toThrow(/series state/);
  }
});

it('names the length of a detector that an earlier version wrote', () => {
  const earlier = { ...full, adaptive: full.adaptive.slice(0, 186) };
  expect(() => decodeState(encodeState(earlier))).toThrow(
    `detector of 186 numbers where ${createAdaptive().length} are understood`,
  );
});

it('stores the numbers of the detector under names, in an order that a new term does not change', () => {
  expect(ADAPTIVE_SLOTS.length).toBe(createAdaptive().length);
  const at = (name: string): number => ADAPTIVE_SLOTS.indexOf(name);
  expect(
    ['alert.open', 'magnitude.largest', 'sensitivity.drift', 'range.count', 'stuck.last'].map(at),
  ).toEqual([0, 3, 4, 7, 14]);
  expect(
    ['jump.largest.0', 'errors.count', 'drift.up', 'burst.sum', 'season.lastTs', 'buffer.value.0'].map(at),
  ).toEqual([21, 25, 29, 36, 56, 90]);
  expect(() => layout([['a', ['x', 'x']]])).toThrow(RangeError);
});
