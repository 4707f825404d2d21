/** The parts of the adaptive detector that the whole shows only in the long run. */
import { describe, expect, it } from 'vitest';
import { random } from '../../devices/random.ts';
import { SeasonalRing } from '../../src/detect/seasonal-ring.ts';
import { desensitise, echo, recover } from '../../src/detect/sensitivity.ts';
import {
  learnTail,
  TAIL_SLOTS,
  TAIL_WARMUP,
  tailBoundary,
  tailMedian,
  tailReady,
  warmTail,
} from '../../src/detect/tail.ts';
import { fadeJumps, JUMP_SLOTS, knownJump, rememberJump, resetJumps } from '../../src/detect/terms/jump.ts';
import { RANGE_SLOTS, stepRange } from '../../src/detect/terms/range.ts';
import { SEASON_SLOTS, stepSeason } from '../../src/detect/terms/season.ts';

describe('the tail', () => {
  function boundary(draw: () => number, length: number): number {
    const s = new Float64Array(TAIL_SLOTS.length + TAIL_WARMUP);
    for (let i = 0; i < length; i++)
      if (tailReady(s, 0)) learnTail(s, 0, draw());
      else warmTail(s, 0, TAIL_SLOTS.length, draw());
    return tailBoundary(s, 0);
  }

  it('of Gaussian errors ends about four standard deviations out, after few values and after many', () => {
    for (const length of [TAIL_WARMUP, 300, 20_000]) {
      const source = random('tail', length);
      const ends = Array.from({ length: 20 }, () =>
        boundary(() => Math.abs(source.gaussian()) + 1e-12, length),
      );
      const mean = ends.reduce((sum, end) => sum + end / ends.length, 0);
      expect(mean).toBeGreaterThan(3.6);
      expect(mean).toBeLessThan(5.5);
    }
  });

  it('scales with the values', () => {
    const ends = [1e-200, 1, 1e200].map((scale) => {
      const source = random('scale');
      return boundary(() => scale * (Math.abs(source.gaussian()) + 1e-12), 2000) / scale;
    });
    expect(ends[0]).toBeCloseTo(ends[1]!, 6);
    expect(ends[2]).toBeCloseTo(ends[1]!, 6);
  });

  it('of a heavy-tailed series is passed rarely', () => {
    const source = random('heavy');
    const s = new Float64Array(TAIL_SLOTS.length + TAIL_WARMUP);
    let passed = 0;
    for (let i = 0; i < 50_000; i++) {
      const x = Math.exp(1.5 * source.gaussian());
      if (!tailReady(s, 0)) warmTail(s, 0, TAIL_SLOTS.length, x);
      else {
        if (x > tailBoundary(s, 0)) passed++;
        learnTail(s, 0, x);
      }
    }
    expect(passed).toBeLessThan(50);
    expect(tailMedian(s, 0)).toBeGreaterThan(0.8);
    expect(tailMedian(s, 0)).toBeLessThan(1.25);
  });

  it('is not moved far by one enormous value', () => {
    const source = random('outlier');
    const s = new Float64Array(TAIL_SLOTS.length + TAIL_WARMUP);
    for (let i = 0; i < 1000; i++)
      if (tailReady(s, 0)) learnTail(s, 0, Math.abs(source.gaussian()) + 1e-12);
      else warmTail(s, 0, TAIL_SLOTS.length, Math.abs(source.gaussian()) + 1e-12);
    const before = tailBoundary(s, 0);
    learnTail(s, 0, 1e300);
    expect(tailBoundary(s, 0) / before).toBeLessThan(1.03);
  });
});

describe('jumps', () => {
  it('are known after the fourth, up to somewhat more than the smallest of the four, and fade', () => {
    const s = new Float64Array(JUMP_SLOTS.length);
    for (const size of [9, 5, 7]) rememberJump(s, 0, size);
    expect(knownJump(s, 0)).toBe(0);
    rememberJump(s, 0, 6);
    expect(knownJump(s, 0)).toBeGreaterThan(5);
    expect(knownJump(s, 0)).toBeLessThan(9);
    expect([...s]).toEqual([9, 7, 6, 5]);
    rememberJump(s, 0, 1);
    expect([...s]).toEqual([9, 7, 6, 5]);
    const known = knownJump(s, 0);
    for (let i = 0; i < 10_000; i++) fadeJumps(s, 0);
    expect(knownJump(s, 0)).toBeLessThan(known / 5);
    resetJumps(s, 0);
    expect([...s]).toEqual([0, 0, 0, 0]);
  });
});

describe('sensitivity', () => {
  it('decays in a term that raised alerts and recovers over thousands of readings', () => {
    const s = new Float64Array(1);
    expect(recover(s, 0)).toBe(1);
    desensitise(s, 0, 0.25);
    expect(recover(s, 0)).toBeCloseTo(1.25, 3);
    for (let i = 0; i < 10_000; i++) recover(s, 0);
    expect(recover(s, 0)).toBeLessThan(1.02);
  });

  it('is largest right after an alert and gone some hundred readings later', () => {
    expect(echo(0)).toBe(3);
    expect(echo(75)).toBeGreaterThan(1.5);
    expect(echo(400)).toBeLessThan(1.02);
    expect(echo(1e6)).toBe(1);
  });
});

describe('a slot', () => {
  const MINUTE = 60_000;

  it('stands for its readings without the lowest and the highest', () => {
    const s = new Float64Array(SEASON_SLOTS.length);
    const ring = SeasonalRing.empty();
    const at = (day: number, minute: number): number => (day * 1440 + minute) * MINUTE;
    for (let minute = 0; minute < 70; minute++) stepSeason(s, 0, ring, at(0, minute), 0);
    for (const [i, value] of [10, 90, 12, 14, -50].entries()) stepSeason(s, 0, ring, at(0, 70 + i), value);
    expect(stepSeason(s, 0, ring, at(1, 87), 12)).toBe(0);
    expect(stepSeason(s, 0, ring, at(1, 87), 90)).toBe(78);
  });

  it('is as wide as the usual interval', () => {
    for (const [interval, near, far] of [
      [1000, 17, 25],
      [600_000, 32, 45],
      [3_600_000, 190, 270],
    ] as const) {
      const s = new Float64Array(SEASON_SLOTS.length);
      const ring = SeasonalRing.empty();
      let ts = 0;
      for (let i = 0; i <= 61; i++, ts += i === 30 ? 5 * interval : interval) stepSeason(s, 0, ring, ts, 7);
      const slot = Math.max(interval, 5 * MINUTE);
      const start = (Math.ceil(ts / slot) + 8) * slot;
      for (let t = start; t < start + slot; t += interval) stepSeason(s, 0, ring, t, 100);
      const later = start + 1440 * MINUTE;
      expect(stepSeason(s, 0, ring, later + near * MINUTE, 100)).toBe(0);
      expect(stepSeason(s, 0, ring, later + far * MINUTE, 100)).toBeGreaterThan(0);
    }
  });
});

describe('the range', () => {
  /** Each value's distance outside, now and against the range of a while ago. */
  function outside(values: readonly number[]): { now: number[]; before: number[] } {
    const s = new Float64Array(RANGE_SLOTS.length);
    const steps = values.map((value) => ({ ...stepRange(s, 0, value) }));
    return { now: steps.map(({ outside }) => outside), before: steps.map(({ excursion }) => excursion) };
  }
  const wave = (rows: number) => Array.from({ length: rows }, (_, i) => 20 + 10 * Math.sin(i / 5));

  it('tells how far a value is outside all before it, in widths of that', () => {
    const { now } = outside([10, 20, 15, 25, 24, 5]);
    expect(now).toEqual([0, Number.POSITIVE_INFINITY, 0, 0.5, 0, 1 / 3]);
    expect(outside([...wave(400), 35]).now.at(-1)).toBeCloseTo(0.25, 2);
  });

  it('sees a slow climb out of it as a whole, though no step is far outside', () => {
    const climb = Array.from({ length: 25 }, (_, i) => 30 + 0.5 * i);
    const { now, before } = outside([...wave(1000), ...climb]);
    expect(Math.max(...now.slice(1000))).toBeLessThan(0.05);
    expect(before.at(-1)).toBeGreaterThan(0.45);
    expect(Math.max(...before.slice(100, 1000))).toBeLessThan(0.001);
  });

  it('forgets an excursion that lasts, and never calls a steady climb one', () => {
    const after = outside([...wave(1000), ...new Array(60).fill(42)]).before;
    expect(after[1000]).toBeGreaterThan(0.5);
    expect(after.at(-1)).toBe(0);
    const { before } = outside(Array.from({ length: 3000 }, (_, i) => i));
    expect(Math.max(...before.slice(TAIL_WARMUP))).toBeLessThan(0.3);
  });

  it('is total', () => {
    const values = [...new Array(100).fill(7), 8, 1.7e308, -1.7e308, 0];
    for (const distance of outside(values).before) expect(distance).toBeGreaterThanOrEqual(0);
    for (const distance of outside(values).now) expect(Number.isNaN(distance)).toBe(false);
  });
});
