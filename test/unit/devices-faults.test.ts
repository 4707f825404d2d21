import { describe, expect, test } from 'vitest';
import { type Fault, faultKinds, faultPlan, offset } from '../../devices/faults.ts';
import { type SimulatedReading, simulatedSensor } from '../../devices/simulated-sensor.ts';
import { waveform } from '../../devices/waveform.ts';

function firstFaults(
  count: number,
  kinds: readonly (typeof faultKinds)[number][],
  seed = 1,
  sensor = 0,
): Fault[] {
  const plan = faultPlan(kinds, seed, sensor);
  return Array.from({ length: count }, () => plan.next().value as Fault);
}

const start = Date.UTC(2026, 0, 5);
const intervalMs = 60_000;

function readings(
  count: number,
  faults: readonly (typeof faultKinds)[number][],
  sensor = 0,
): SimulatedReading[] {
  const source = simulatedSensor({ seed: 1, sensor, faults, start, intervalMs });
  return Array.from({ length: count }, () => source.next().value);
}

describe('faultPlan', () => {
  test('one fault per 200 to 400 readings, the first not before reading 200', () => {
    for (let sensor = 0; sensor < 20; sensor++) {
      const faults = firstFaults(200, faultKinds, 1, sensor);
      expect(faults[0]!.from).toBeGreaterThanOrEqual(200);
      for (const [i, fault] of faults.slice(1).entries()) {
        const gap = fault.from - faults[i]!.from;
        expect(gap).toBeGreaterThanOrEqual(200);
        expect(gap).toBeLessThanOrEqual(400);
        expect(fault.from - faults[i]!.to).toBeGreaterThan(100);
      }
    }
  });

  test('kinds are uniform over the enabled ones, sizes and durations in their ranges', () => {
    const faults = firstFaults(5000, faultKinds);
    const ranges = {
      spike: [1, 1, 4, 10],
      stuck: [30, 60, 0, 0],
      drift: [40, 80, 8, 12],
      dropout: [20, 60, 0, 0],
      noise: [40, 80, 4, 6],
    };
    for (const kind of faultKinds) {
      const ofKind = faults.filter((fault) => fault.kind === kind);
      expect(Math.abs(ofKind.length / 5000 - 0.2)).toBeLessThan(0.03);
      const [shortest, longest, least, most] = ranges[kind] as [number, number, number, number];
      const lengths = ofKind.map(({ from, to }) => to - from + 1);
      const sizes = ofKind.map(({ sd }) => sd);
      expect(Math.min(...lengths)).toBe(shortest);
      expect(Math.max(...lengths)).toBe(longest);
      expect(Math.min(...sizes)).toBeCloseTo(least, 1);
      expect(Math.max(...sizes)).toBeCloseTo(most, 1);
      const up = ofKind.filter(({ sign }) => sign > 0).length / ofKind.length;
      expect(Math.abs(up - 0.5)).toBeLessThan(0.06);
    }
    expect(new Set(firstFaults(50, ['drift', 'noise']).map(({ kind }) => kind))).toEqual(
      new Set(['drift', 'noise']),
    );
    expect(faultPlan([], 1, 0).next().done).toBe(true);
  });

  test('is the same for the same seed and sensor only', () => {
    expect(firstFaults(20, faultKinds)).toEqual(firstFaults(20, faultKinds));
    expect(firstFaults(20, faultKinds, 2)).not.toEqual(firstFaults(20, faultKinds));
    expect(firstFaults(20, faultKinds, 1, 1)).not.toEqual(firstFaults(20, faultKinds));
  });
});

test('a drift ramps to its size and back to nothing', () => {
  const drift: Fault = { kind: 'drift', from: 300, to: 349, sd: 10, sign: -1 };
  const shape = Array.from({ length: 50 }, (_, i) => offset(drift, 300 + i));
  expect(Math.min(...shape)).toBe(-10);
  expect(shape.indexOf(-10)).toBe(39);
  expect(shape[0]).toBeCloseTo(-0.25, 9);
  expect(shape[19]).toBeCloseTo(-5, 9);
  expect(shape[49]).toBeGreaterThan(-1);
  expect(Math.max(...shape)).toBeLessThan(0);
});

describe('simulatedSensor', () => {
  const noiseSd = waveform('daily', 1, 0).noiseSd;
  const clean = readings(4000, []).map(({ value }) => value as number);

  test.each(faultKinds)('%s: what the plan says happens between from and to, and nothing outside', (kind) => {
    const faulty = readings(4000, [kind]);
    const faults = firstFaults(30, [kind]).filter(({ to }) => to < 4000);
    expect(faults.length).toBeGreaterThan(8);
    expect(faulty.filter(({ begins }) => begins !== undefined).map(({ begins }) => begins)).toEqual(
      firstFaults(30, [kind]).filter(({ from }) => from < 4000),
    );
    const affected = new Set<number>();
    for (const fault of faults) {
      const inside = Array.from({ length: fault.to - fault.from + 1 }, (_, i) => fault.from + i);
      for (const i of inside) affected.add(i);
      const values = inside.map((i) => faulty[i]!.value);
      const changes = inside.map((i) => ((faulty[i]!.value ?? 0) - clean[i]!) / noiseSd);
      if (kind === 'dropout') expect(values.every((value) => value === null)).toBe(true);
      if (kind === 'stuck') expect(new Set(values)).toEqual(new Set([faulty[fault.from - 1]!.value]));
      if (kind === 'spike') expect(changes[0]).toBeCloseTo(fault.sign * fault.sd, 1);
      if (kind === 'drift') expect(Math.max(...changes.map(Math.abs))).toBeCloseTo(fault.sd, 1);
      if (kind === 'noise') {
        const rms = Math.sqrt(changes.reduce((sum, change) => sum + change * change, 0) / changes.length);
        expect(rms / (fault.sd - 1)).toBeGreaterThan(0.6);
        expect(rms / (fault.sd - 1)).toBeLessThan(1.4);
      }
    }
    const last = faults.at(-1)!.to;
    for (let i = 0; i <= last; i++) if (!affected.has(i)) expect(faulty[i]!.value).toBe(clean[i]);
  });

  test('timestamps keep the schedule, values have two decimals', () => {
    for (const [i, { ts, value }] of readings(500, faultKinds).entries()) {
      expect(ts).toBe(start + i * intervalMs);
      if (value !== null) expect(Number(value.toFixed(2))).toBe(value);
    }
  });
});
