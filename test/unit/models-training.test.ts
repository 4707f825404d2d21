import { describe, expect, it } from 'vitest';
import { random } from '../../devices/random.ts';
import { artifactBytes, loadArtifact, modelId, parseArtifact } from '../../models/artifact.ts';
import { defaultModelDirectory } from '../../models/default-model.ts';
import { createModel } from '../../models/lstm-model.ts';
import { autoregress, fitAutoregression } from '../../models/training/autoregression.ts';
import { trainDefault } from '../../models/training/default-recipe.ts';
import type { EpochProgress } from '../../models/training/fit.ts';
import { percentile } from '../../models/training/report.ts';
import { train } from '../../models/training/train.ts';
import { type TrainingOptions, trainHere } from '../../models/training/training.ts';
import { examples, splitInTime } from '../../models/training/windows.ts';
import { InvalidInput } from '../../src/errors.ts';

/** A sine of 12 readings with a little noise: persistence is bad at it, anything that learns is not. */
function sine(rows: number): Float64Array {
  const source = random(1, 'sine');
  return Float64Array.from(
    { length: rows },
    (_, i) => 20 + 5 * Math.sin((2 * Math.PI * i) / 12) + 0.1 * source.gaussian(),
  );
}

const small: TrainingOptions = {
  series: [{ values: sine(400), from: 1_000, to: 400_000 }],
  name: 'small',
  seed: 7,
  units: [8],
  epochs: 3,
  backend: 'wasm',
};

const tiny = { series: 2, rows: 60, epochs: 2, units: 4 };

describe('the split', () => {
  it('is in time, and every row belongs to one part', () => {
    const values = Float64Array.from({ length: 110 }, (_, i) => i);
    const split = splitInTime([values, new Float64Array(10)], 10, { validation: 0.2, test: 0.1 });
    expect(split.training).toEqual([{ values, from: 10, to: 80 }]);
    expect(split.validation).toEqual([{ values, from: 80, to: 100 }]);
    expect(split.test).toEqual([{ values, from: 100, to: 110 }]);
  });

  it('pairs each row with the window before it', () => {
    const values = Float64Array.of(1, 2, 3, 4, 5);
    const { inputs, targets } = examples([{ values, from: 2, to: 5 }], 2, {
      kind: 'affine',
      centre: 0,
      scale: 1,
    });
    expect([...inputs]).toEqual([1, 2, 2, 3, 3, 4]);
    expect([...targets]).toEqual([3, 4, 5]);
  });
});

describe('the yardsticks', () => {
  it('find the coefficients of an autoregressive series', () => {
    const source = random(3, 'ar');
    const values = new Float64Array(5000);
    for (let t = 2; t < values.length; t++)
      values[t] = 0.5 + 1.2 * values[t - 1]! - 0.5 * values[t - 2]! + 0.1 * source.gaussian();
    const { constant, coefficients } = fitAutoregression([values], 2);
    expect(coefficients[0]).toBeCloseTo(1.2, 1);
    expect(coefficients[1]).toBeCloseTo(-0.5, 1);
    expect(constant).toBeCloseTo(0.5, 1);
  });

  it('survive constant and short series', () => {
    const constant = new Float64Array(30).fill(4);
    expect(autoregress(fitAutoregression([constant], 10), constant, 20)).toBeCloseTo(4, 3);
    expect(autoregress(fitAutoregression([new Float64Array(3)], 10), constant, 20)).toBe(0);
  });

  it('take percentiles as NumPy does', () => {
    expect(percentile([4, 1, 3, 2], 0.5)).toBe(2.5);
    expect(percentile([5], 0.99)).toBe(5);
  });
});

describe('training', () => {
  it('learns what persistence cannot', async () => {
    const { artifact, report } = await trainHere({ ...small, units: [12], epochs: 15 });
    expect(report.test.windows).toBe(58);
    expect(report.test.lstm.mae).toBeLessThan(0.3 * report.test.persistence.mae);
    expect(artifact.threshold).toEqual({ value: report.threshold, levelShare: 0.04 });
    expect(artifact.origin).toMatchObject({
      kind: 'trained',
      seed: 7,
      series: 1,
      windows: 274,
      from: 1_000,
      to: 400_000,
    });
    const values = sine(400);
    const out = new Float64Array(1);
    createModel(artifact).forecast(values.subarray(380, 390), 1, out);
    expect(Math.abs(out[0]! - values[390]!)).toBeLessThan(1.5);
  });

  it.each(['standard', 'min-max'] as const)(
    'gives the threshold of %s models in the units of the series',
    async (scaling) => {
      const { artifact, report } = await trainHere({ ...small, scaling });
      expect(artifact.threshold).toEqual({ value: report.threshold, levelShare: 0 });
      const values = sine(400);
      const model = createModel(artifact);
      const forecast = new Float64Array(1);
      const errors = Array.from({ length: 332 }, (_, row) => {
        model.forecast(values.subarray(row, row + 10), 1, forecast);
        return Math.abs(values[row + 10]! - forecast[0]!);
      });
      expect(report.threshold).toBeCloseTo(percentile(errors, 0.99), 9);
      expect(report.test.persistence.mae).toBeCloseTo(1.6, 0);
    },
  );

  it('gives the same bytes for the same seed, others for another', async () => {
    const bytes = async (seed: number) => artifactBytes((await trainDefault(seed, undefined, tiny)).artifact);
    const first = await bytes(5);
    expect(await bytes(5)).toEqual(first);
    expect(await bytes(6)).not.toEqual(first);
  });

  it('continues from another model', async () => {
    const { artifact: first } = await trainHere(small);
    const { artifact } = await trainHere({ ...small, epochs: 1, learningRate: 1e-5, startFrom: first });
    const moved = artifact.weights.map((weight, i) => Math.abs(weight - first.weights[i]!));
    expect(Math.max(...moved)).toBeGreaterThan(0);
    expect(Math.max(...moved)).toBeLessThan(1e-3);
    expect(artifact.origin).toMatchObject({ startedFrom: modelId(first) });
    expect(parseArtifact(artifactBytes(artifact), 'bytes')).toEqual(artifact);
  });

  it('stops early and keeps the best epoch', async () => {
    const epochs: EpochProgress[] = [];
    const noise = random(2, 'noise');
    const values = Float64Array.from({ length: 120 }, () => noise.gaussian());
    const { artifact } = await trainHere(
      { ...small, series: [{ values }], epochs: 200, patience: 3, learningRate: 0.03 },
      (progress) => epochs.push(progress),
    );
    expect(epochs.length).toBeLessThan(200);
    expect(artifact.origin).toMatchObject({ epochs: epochs.length });
    const losses = epochs.map(({ validationLoss }) => validationLoss!);
    expect(losses.lastIndexOf(Math.min(...losses))).toBe(losses.length - 4);
  });

  it('has an answer for constant series and for 1e300', async () => {
    for (const scaling of ['window', 'standard', 'min-max'] as const) {
      for (const values of [new Float64Array(60).fill(71), sine(60).map((value) => value * 1e299)]) {
        const { artifact, report } = await trainHere({ ...small, series: [{ values }], scaling, epochs: 1 });
        expect(artifact.threshold.value).toBeGreaterThan(0);
        expect(Number.isFinite(report.test.ar10.mae)).toBe(true);
      }
    }
  });

  it('refuses what it cannot train on, by name', async () => {
    const shipped = await loadArtifact(defaultModelDirectory());
    const cases: [string, Partial<TrainingOptions>][] = [
      ['values', { series: [] }],
      ['values', { series: [{ values: new Float64Array(3) }] }],
      ['values', { series: [{ values: new Float64Array(100).fill(Number.NaN) }] }],
      ['scaling', { series: [{ values: sine(90) }, { values: sine(90) }], scaling: 'standard' }],
      ['name', { name: 'two words' }],
      ['version', { version: '' }],
      ['window', { window: 1 }],
      ['units', { units: [0] }],
      ['units', { units: [257] }],
      ['layers', { units: [1, 1, 1, 1] }],
      ['epochs', { epochs: 0 }],
      ['seed', { seed: 1.5 }],
      ['startFrom', { startFrom: shipped }],
      ['startFrom', { startFrom: shipped, units: [32], window: 12 }],
      ['startFrom', { startFrom: shipped, units: [32], scaling: 'standard' }],
      ['shares', { shares: { validation: 0.5, test: 0.5 } }],
    ];
    for (const [field, change] of cases) {
      const error = await trainHere({ ...small, ...change }).catch((reason: unknown) => reason);
      expect(error, field).toBeInstanceOf(InvalidInput);
      expect((error as InvalidInput).field).toBe(field);
    }
  });
});

describe('training in a worker', () => {
  it('gives the result of training here, reports each epoch and leaves this thread free', async () => {
    const epochs: EpochProgress[] = [];
    let longest = 0;
    let last = performance.now();
    const timer = setInterval(() => {
      longest = Math.max(longest, performance.now() - last);
      last = performance.now();
    }, 5);
    const { artifact, report } = await train({ ...small, onProgress: (progress) => epochs.push(progress) });
    clearInterval(timer);
    expect(epochs.map(({ epoch }) => epoch)).toEqual([1, 2, 3]);
    expect(longest).toBeLessThan(250);
    const here = await trainHere(small);
    expect(artifactBytes(artifact)).toEqual(artifactBytes(here.artifact));
    expect(report).toEqual(here.report);
  });

  it('refuses what training here refuses', async () => {
    const error = await train({ ...small, units: [0] }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(InvalidInput);
    expect(error).toMatchObject({ field: 'units', message: expect.stringContaining('units must be') });
  });

  it('ends at once when it is aborted', async () => {
    const controller = new AbortController();
    const training = train({
      ...small,
      epochs: 100_000,
      patience: 100_000,
      signal: controller.signal,
      onProgress: () => controller.abort(),
    });
    await expect(training).rejects.toMatchObject({ name: 'AbortError' });
  });
});
