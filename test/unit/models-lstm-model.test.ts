import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Artifact, createArtifact } from '../../models/artifact.ts';
import { createModel } from '../../models/lstm-model.ts';
import { doubleForecast, randomWeights } from './models-reference.ts';

const network: Artifact['network'] = {
  lstm: [{ units: 6, activation: 'tanh', recurrentActivation: 'sigmoid' }],
  dense: [{ units: 1, activation: 'linear' }],
};
const weights = randomWeights(network, 3);

function model(fields: Partial<Artifact> = {}) {
  return createModel(
    createArtifact({
      name: 'test',
      version: '1',
      window: 4,
      network,
      scaling: { kind: 'window' },
      threshold: { value: 3, levelShare: 0.04 },
      origin: { kind: 'keras', source: 'a test' },
      weights,
      ...fields,
    }),
  );
}

function forecast(subject: ReturnType<typeof model>, ...windows: number[][]): number[] {
  const out = new Float64Array(windows.length);
  subject.forecast(Float64Array.from(windows.flat()), windows.length, out);
  return [...out];
}

describe('model', () => {
  it('scales in, runs the network and scales back', () => {
    const affine = model({ scaling: { kind: 'affine', centre: 10, scale: 5 } });
    const window = [9, 12, 14, 8];
    const scaled = window.map((value) => (value - 10) / 5);
    expect(forecast(affine, window)[0]).toBeCloseTo(10 + 5 * doubleForecast(network, weights, scaled), 5);
  });

  it('shifts and stretches its forecast with the series (window scaling)', async () => {
    const values = fc.array(fc.integer({ min: -1000, max: 1000 }), { minLength: 4, maxLength: 4 });
    const subject = model();
    await fc.assert(
      fc.property(
        values.filter((window) => new Set(window).size > 1),
        fc.double({ min: 1e-3, max: 1e5, noNaN: true }),
        fc.double({ min: -1e4, max: 1e4, noNaN: true }),
        (window, stretch, shift) => {
          const moved = window.map((value) => value * stretch + shift);
          const wanted = forecast(subject, window)[0]! * stretch + shift;
          const size = 1000 * stretch + Math.abs(shift);
          expect(Math.abs(forecast(subject, moved)[0]! - wanted)).toBeLessThanOrEqual(2e-6 * size);
        },
      ),
    );
  });

  it('answers each window as if it were alone, across blocks', () => {
    const subject = model();
    const windows = Array.from({ length: 50 }, (_, i) => [i, i * i, -i, 3]);
    expect(forecast(subject, ...windows)).toEqual(windows.map((window) => forecast(subject, window)[0]));
  });

  it('writes n forecasts and no more', () => {
    const out = new Float64Array(3).fill(-1);
    model().forecast(new Float64Array(12).fill(5), 2, out);
    expect(out[0]).not.toBe(-1);
    expect(out[2]).toBe(-1);
  });

  it('gives a network that takes raw values all of them (affine)', () => {
    const relu = { ...network, lstm: [{ ...network.lstm[0]!, activation: 'relu' as const }] };
    // Only the candidate sees the input, so that no gate is shut by it.
    const open = weights.map((weight, i) => (i < 24 + 144 && !(i >= 12 && i < 18) ? 0 : weight));
    const raw = model({ network: relu, weights: open, scaling: { kind: 'affine', centre: 0, scale: 1 } });
    const window = [3.1e6, 2.9e6, 3.4e6, 3.2e6];
    const wanted = doubleForecast(relu, open, window);
    expect(Math.abs(wanted)).toBeGreaterThan(1e5);
    expect(Math.abs(forecast(raw, window)[0]! - wanted)).toBeLessThan(1e-6 * 3e6);
  });

  it('saturates at any distance from what it was trained on (affine, tanh)', () => {
    const affine = model({
      scaling: { kind: 'affine', centre: 0, scale: 1 },
      weights: weights.map((w) => w * 40),
    });
    const far = new Array(4).fill(1e6);
    expect(
      forecast(
        affine,
        far.map((value) => value * 1e290),
        far.map((value) => value * 1e30),
      ),
    ).toEqual(new Array(2).fill(forecast(affine, far)[0]));
  });

  it('stays finite for every finite window', async () => {
    const finite = fc.double({ noNaN: true, noDefaultInfinity: true });
    const relu = model({
      network: { ...network, lstm: [{ units: 6, activation: 'relu', recurrentActivation: 'sigmoid' }] },
      weights: weights.map((weight) => weight * 40),
      scaling: { kind: 'affine', centre: 0, scale: 1e-3 },
    });
    const subject = model();
    await fc.assert(
      fc.property(fc.array(finite, { minLength: 4, maxLength: 4 }), (window) => {
        for (const each of [subject, relu]) {
          expect(Number.isFinite(forecast(each, window)[0])).toBe(true);
          const threshold = each.threshold(Float64Array.from(window), 0);
          expect(threshold).toBeGreaterThan(0);
          expect(Number.isFinite(threshold)).toBe(true);
        }
      }),
      { numRuns: 1000 },
    );
  });

  it('has the threshold of the artifact in the units of the series (affine)', () => {
    const affine = model({
      scaling: { kind: 'affine', centre: 10, scale: 5 },
      threshold: { value: 2.387, levelShare: 0 },
    });
    expect(affine.threshold(Float64Array.of(1, 2, 3, 4), 0)).toBe(2.387);
  });

  it('has a threshold that grows with the spread of the window, with a floor for its level', () => {
    const windows = Float64Array.of(73, 73, 73, 73, -10, 10, -10, 10, 0, 0, 0, 0, 72, 74, 73.5, 73.5);
    expect(model().threshold(windows, 0)).toBeCloseTo(0.04 * 73, 12);
    expect(model().threshold(windows, 1)).toBeCloseTo(30, 12);
    expect(model().threshold(windows, 2)).toBeGreaterThan(0);
    expect(model().threshold(windows, 3)).toBeCloseTo(0.04 * 73.25, 12);
  });

  it('is not misled by a level far from 0: kelvin, pressure', () => {
    const around = (level: number, spread: number) =>
      model().threshold(Float64Array.of(level - spread, level + spread, level, level + spread / 2), 0) /
      spread;
    for (const [level, spread] of [
      [295, 0.2],
      [1013, 1],
      [101_325, 20],
      [-2e6, 1],
    ] as const) {
      expect(around(level, spread)).toBeGreaterThan(10);
      expect(around(level, spread)).toBeLessThan(20);
    }
    // What the level allows without any spread, and with one that is no more than rounding.
    const quiet = (noise: number) => model().threshold(Float64Array.of(1013, 1013 + noise, 1013, 1013), 0);
    expect(quiet(0)).toBeCloseTo(40.52, 9);
    expect(quiet(1e-4)).toBeCloseTo(40.52, 3);
  });
});
