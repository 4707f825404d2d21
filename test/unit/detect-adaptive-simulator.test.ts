/** The adaptive detector against the simulator's own ground truth, with a plain weighted mean as the forecast. */
import { describe, expect, it } from 'vitest';
import { type Fault, type FaultKind, faultKinds } from '../../devices/faults.ts';
import { simulatedSensor } from '../../devices/simulated-sensor.ts';
import { createAdaptive, HOLD_OFF, stepAdaptive } from '../../src/detect/adaptive.ts';

const SENSORS = 100;
const READINGS = 2000;
const GRACE = 10;

/** What an LSTM makes of slow signals under noise: a mean of the window that trusts the newest values most. */
function forecast(values: readonly number[]): number | null {
  if (values.length < 10) return null;
  let sum = 0;
  let weights = 0;
  for (let k = 1; k <= 10; k++) {
    const weight = 0.85 ** k;
    sum += weight * values[values.length - k]!;
    weights += weight;
  }
  return sum / weights;
}

interface Counts {
  precision: number;
  alerts: number;
  recall(kind: FaultKind, from?: number, to?: number): number;
}

function measure(intervalMs: number): Counts {
  const judged: { fault: Fault; found: boolean }[] = [];
  let alerts = 0;
  let correct = 0;
  for (let sensor = 0; sensor < SENSORS; sensor++) {
    const state = createAdaptive();
    const values: number[] = [];
    const faults: Fault[] = [];
    const raised: number[] = [];
    let index = 0;
    for (const { ts, value, begins } of simulatedSensor({
      seed: 1,
      sensor,
      faults: faultKinds,
      start: 1_700_000_000_000,
      intervalMs,
    })) {
      if (begins) faults.push(begins);
      if (value !== null) {
        if (stepAdaptive(state, ts, value, forecast(values)).raised) raised.push(index);
        values.push(value);
      }
      if (++index === READINGS) break;
    }
    const within = (at: number, fault: Fault): boolean => at >= fault.from && at <= fault.to + GRACE;
    alerts += raised.length;
    correct += raised.filter((at) => faults.some((fault) => within(at, fault))).length;
    for (const fault of faults) {
      const held = raised.some((at) => at < fault.from && at + HOLD_OFF >= fault.from);
      const found = raised.some((at) => within(at, fault));
      if (fault.to < READINGS && (found || !held)) judged.push({ fault, found });
    }
  }
  return {
    alerts,
    precision: correct / alerts,
    recall(kind, from = 0, to = Number.POSITIVE_INFINITY) {
      const of = judged.filter(({ fault }) => fault.kind === kind && fault.sd >= from && fault.sd < to);
      return of.filter(({ found }) => found).length / of.length;
    },
  };
}

describe.each([
  // The more readings a day, the fewer of them may be false alarms: a slow drift takes longer to show.
  { interval: 'second', intervalMs: 1000, drifts: 0.68 },
  { interval: 'minute', intervalMs: 60_000, drifts: 0.75 },
])('simulated sensors with one reading per $interval', ({ intervalMs, drifts }) => {
  const counts = measure(intervalMs);
  it('finds spikes of six standard deviations and more', () => {
    expect(counts.recall('spike', 6)).toBeGreaterThanOrEqual(0.95);
    expect(counts.recall('spike', 8)).toBeGreaterThanOrEqual(0.97);
  });
  it('finds stuck, noisy and drifting sensors', () => {
    expect(counts.recall('stuck')).toBeGreaterThanOrEqual(0.95);
    expect(counts.recall('noise')).toBeGreaterThanOrEqual(0.98);
    expect(counts.recall('drift')).toBeGreaterThanOrEqual(drifts);
  });
  it('is right in most alerts', () => {
    expect(counts.alerts).toBeGreaterThan(SENSORS);
    expect(counts.precision).toBeGreaterThanOrEqual(0.85);
  });
});
