import { describe, expect, test } from 'vitest';
import { random } from '../../devices/random.ts';
import { waveform, waveformKinds } from '../../devices/waveform.ts';

const START = Date.UTC(2026, 0, 5);
const MINUTE = 60_000;

function take(kind: (typeof waveformKinds)[number], seed: number, sensor: number, count: number): number[] {
  const wave = waveform(kind, seed, sensor);
  return Array.from({ length: count }, (_, i) => wave.next(START + i * MINUTE));
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function sd(values: readonly number[]): number {
  const centre = mean(values);
  return Math.sqrt(mean(values.map((value) => (value - centre) ** 2)));
}

describe('random', () => {
  test('is uniform, normal, and the same for the same key', () => {
    const source = random(1, 'a');
    const uniform = Array.from({ length: 50_000 }, () => source.next());
    expect(mean(uniform)).toBeCloseTo(0.5, 1);
    expect(Math.min(...uniform)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...uniform)).toBeLessThan(1);
    const normal = Array.from({ length: 50_000 }, () => source.gaussian());
    expect(Math.abs(mean(normal))).toBeLessThan(0.02);
    expect(Math.abs(sd(normal) - 1)).toBeLessThan(0.02);
    expect(random(1, 'a').next()).toBe(uniform[0]);
    expect(random(1, 'b').next()).not.toBe(uniform[0]);
    expect(random(11).next()).not.toBe(random(1, 1).next());
  });

  test('its first draws are unrelated from key to key', () => {
    const first = Array.from({ length: 2000 }, (_, i) => random(7, 'daily', i).next());
    expect(Math.abs(mean(first) - 0.5)).toBeLessThan(0.03);
    const lagged = first.slice(1).map((value, i) => (value - 0.5) * (first[i]! - 0.5));
    expect(Math.abs(mean(lagged)) * 12).toBeLessThan(0.08);
  });

  test('draws integers from both ends of the range', () => {
    const source = random(3);
    const drawn = new Set(Array.from({ length: 500 }, () => source.integer(2, 5)));
    expect([...drawn].sort()).toEqual([2, 3, 4, 5]);
  });
});

describe('waveform', () => {
  test.each(waveformKinds)(
    '%s: the same (seed, sensor) gives the same values, another one does not',
    (kind) => {
      expect(take(kind, 1, 0, 500)).toEqual(take(kind, 1, 0, 500));
      expect(take(kind, 1, 0, 5)).not.toEqual(take(kind, 1, 1, 5));
      expect(take(kind, 1, 0, 5)).not.toEqual(take(kind, 2, 0, 5));
      for (let sensor = 0; sensor < 50; sensor++) {
        expect(waveform(kind, 1, sensor).noiseSd).toBeGreaterThan(0);
        expect(take(kind, 1, sensor, 2000).every(Number.isFinite)).toBe(true);
      }
    },
  );

  test('daily stays around 71 with a cycle of a few degrees', () => {
    for (let sensor = 0; sensor < 20; sensor++) {
      const day = take('daily', 1, sensor, 1440);
      expect(Math.abs(mean(day) - 71)).toBeLessThan(1.2);
      expect(Math.max(...day) - Math.min(...day)).toBeGreaterThan(4);
      expect(Math.max(...day)).toBeLessThan(80);
      expect(Math.min(...day)).toBeGreaterThan(62);
    }
  });

  test('the cycle of daily hangs on the time of day, not on where the run began', () => {
    const early = waveform('daily', 1, 0);
    const late = waveform('daily', 1, 0);
    const noon = START + 12 * 60 * MINUTE;
    expect(early.next(noon, 0)).toBeCloseTo(late.next(noon + 5 * 86_400_000, 0), 9);
    expect(Math.abs(early.next(noon, 0) - early.next(noon + 12 * 60 * MINUTE, 0))).toBeGreaterThan(2);
  });

  test.each(waveformKinds)(
    '%s: noiseSd is the sd of the noise, and a noise factor changes no later value',
    (kind) => {
      const noisy = waveform(kind, 4, 0);
      const quiet = waveform(kind, 4, 0);
      const noise = Array.from({ length: 5000 }, (_, i) => {
        const ts = START + i * MINUTE;
        return noisy.next(ts) - quiet.next(ts, 0);
      });
      expect(sd(noise) / noisy.noiseSd).toBeCloseTo(1, 1);
      expect(noisy.next(START)).toBe(quiet.next(START));
    },
  );
});
