/** The least step and the pace of a series, which say what is no news and how often is often. */
import { expect, it } from 'vitest';
import { random } from '../../devices/random.ts';
import { createAdaptive, stepAdaptive } from '../../src/detect/adaptive.ts';
import { GRAIN_SLOTS, grainOf, learnGrain } from '../../src/detect/grain.ts';
import { keepPace, PACE_SLOTS, paceChanged, stepPace, usualPace } from '../../src/detect/pace.ts';
import { SeasonalRing } from '../../src/detect/seasonal-ring.ts';

const MINUTE = 60_000;

function grain(values: readonly number[]): number {
  const s = new Float64Array(GRAIN_SLOTS.length);
  for (const value of values) learnGrain(s, 0, value, MINUTE);
  return grainOf(s, 0);
}

it('finds the step of a switch and of a coarse sensor, and none in a constant or in noise', () => {
  const source = random(1, 'grain');
  const noise = Array.from({ length: 2000 }, () => source.gaussian());
  expect(grain(noise.map((x) => (x > 0.5 ? 1 : 0)))).toBe(1);
  expect(grain(noise.map((x) => Math.round(x) / 2))).toBe(0.5);
  expect(grain(noise.map(() => 21))).toBe(0);
  expect(grain(noise)).toBeLessThan(0.4);
});

it('knows the usual interval whatever a gap does, and notices when it changes for good', () => {
  const s = new Float64Array(PACE_SLOTS.length);
  let ts = 0;
  const readings = (count: number, interval: number): void => {
    for (let i = 0; i < count; i++) {
      ts += interval;
      stepPace(s, 0, ts);
    }
  };
  readings(200, MINUTE);
  expect(usualPace(s, 0)).toBeCloseTo(MINUTE, 3);
  keepPace(s, 0);
  ts += 60 * MINUTE;
  stepPace(s, 0, ts);
  readings(10, MINUTE);
  expect(usualPace(s, 0)).toBeCloseTo(MINUTE, 3);
  expect(paceChanged(s, 0)).toBe(false);
  readings(200, MINUTE / 6);
  expect(paceChanged(s, 0)).toBe(true);
});

it('does not let the same fault at the same hour of the days before excuse one of today', () => {
  const source = random(2, 'hourly');
  const state = createAdaptive();
  const ring = SeasonalRing.empty();
  const values: number[] = [];
  const faults = [480, 504, 528, 552];
  const scores: (number | null)[] = [];
  for (let i = 0; i < 600; i++) {
    const usual = 20 + 3 * Math.sin((2 * Math.PI * i) / 24) + 0.3 * source.gaussian();
    const value = faults.includes(i) ? 45 + 0.1 * source.gaussian() : usual;
    const expected = i < 10 ? null : values[i - 1]!;
    scores.push(stepAdaptive(state, i * 60 * MINUTE, value, expected, ring).score);
    values.push(value);
  }
  for (const at of faults) expect(scores[at]).toBeGreaterThan(1);
});
