/** Boundaries that follow the noise and the rate of readings. */
import { describe, expect, it } from 'vitest';
import { random } from '../../devices/random.ts';
import { createAdaptive, stepAdaptive } from '../../src/detect/adaptive.ts';
import { farther, raised, rarer } from '../../src/detect/budget.ts';

const MINUTE = 60_000;

/** Noise that is five times as large in every other block of 300 readings, with spikes. @returns the readings that raise an alert */
function alarms(length: number, spikes: ReadonlyMap<number, number>): number[] {
  const source = random('volatility');
  const state = createAdaptive();
  const raisedAt: number[] = [];
  for (let i = 0; i < length; i++) {
    const noisy = Math.floor(i / 300) % 2 === 1;
    const value = source.gaussian() * (noisy ? 5 : 1) + (spikes.get(i) ?? 0);
    if (stepAdaptive(state, i * MINUTE, value, 0).raised) raisedAt.push(i);
  }
  return raisedAt;
}

describe('a sensor that is noisy at some times', () => {
  it('is judged in its quiet times by what they are like', () => {
    // 18 deviations of the quiet noise, not 4 of the other.
    const spikes = new Map([5, 7, 9].map((block) => [block * 600 + 200, 18]));
    const found = alarms(6000, spikes);
    for (const at of spikes.keys()) expect(found).toContain(at);
  });

  it('raises few alerts', () => {
    expect(alarms(20_000, new Map()).filter((at) => at > 1500).length).toBeLessThanOrEqual(4);
  });
});

describe('the budget of false alarms', () => {
  it('asks for rarer errors where there are more readings a day, by the same factor', () => {
    expect(rarer(300_000, 1e6)).toBe(0);
    expect(rarer(3_600_000, 1e6)).toBe(0);
    expect(rarer(MINUTE, 0)).toBeCloseTo(Math.log(5), 9);
    expect(rarer(1000, 1e6)).toBeCloseTo(Math.log(300), 9);
    expect(rarer(1000, 0)).toBeCloseTo(Math.log(5), 9);
  });

  it('puts boundaries farther out, on a heavy tail by more', () => {
    expect(farther(0, 1)).toBe(1);
    expect(raised(0)).toBe(1);
    expect(farther(3, 0.6)).toBeGreaterThan(1.05);
    expect(farther(3, 1.2)).toBeGreaterThan(farther(3, 0.6));
    expect(raised(3)).toBeGreaterThan(1.1);
  });
});
