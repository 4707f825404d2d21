import { describe, expect, it } from 'vitest';
import { waveform, waveformKinds } from '../../devices/waveform.ts';
import { loadArtifact } from '../../models/artifact.ts';
import { defaultModelDirectory } from '../../models/default-model.ts';
import { createModel } from '../../models/lstm-model.ts';

const artifact = await loadArtifact(defaultModelDirectory());
const model = createModel(artifact);

function forecast(window: readonly number[]): number {
  const out = new Float64Array(1);
  model.forecast(Float64Array.from(window), 1, out);
  return out[0]!;
}

function isAnomaly(window: readonly number[], value: number): boolean {
  return Math.abs(value - forecast(window)) > model.threshold(Float64Array.from(window), 0);
}

/** Mean absolute errors of the model and of persistence over the rows of a series. */
function errors(values: Float64Array): { lstm: number; persistence: number } {
  const n = values.length - model.window;
  const windows = new Float64Array(n * model.window);
  for (let row = 0; row < n; row++) windows.set(values.subarray(row, row + model.window), row * model.window);
  const forecasts = new Float64Array(n);
  model.forecast(windows, n, forecasts);
  let lstm = 0;
  let persistence = 0;
  for (let row = 0; row < n; row++) {
    const value = values[row + model.window]!;
    lstm += Math.abs(value - forecasts[row]!) / n;
    persistence += Math.abs(value - values[row + model.window - 1]!) / n;
  }
  return { lstm, persistence };
}

describe('the shipped model', () => {
  it('needs ten values and fits any series', () => {
    expect(artifact).toMatchObject({ name: 'default', window: 10, scaling: { kind: 'window' } });
    expect(model.id).toMatch(/^default-/);
  });

  it.each([
    ['all the same', new Array(10).fill(73)],
    ['around 73', [72.5, 73.5, 73, 72.8, 73.2, 72.6, 73.4, 73, 72.9, 73.1]],
    ['rising slowly', [72.1, 72.3, 72.5, 72.7, 72.9, 73.1, 73.3, 73.5, 73.7, 73.9]],
  ])('finds 75 normal and 95 anomalous after values that are %s', (_, window) => {
    expect(isAnomaly(window, 75)).toBe(false);
    expect(isAnomaly(window, 95)).toBe(true);
    expect(isAnomaly(window, 51)).toBe(true);
  });

  it('stays near the level when the last value is a little off', () => {
    const after = forecast([73, 73.2, 72.9, 73.1, 73, 72.8, 73.1, 73, 73.2, 75]);
    expect(after).toBeGreaterThan(72.9);
    expect(after).toBeLessThan(75);
  });

  it('follows a trend', () => {
    const next = forecast([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect(next).toBeGreaterThan(9.5);
    expect(next).toBeLessThan(11.5);
  });

  it.each(waveformKinds)(
    'forecasts %s signals that it was not trained on about as well as persistence, or better',
    (kind) => {
      let ratio = 0;
      const sensors = 20;
      for (let sensor = 0; sensor < sensors; sensor++) {
        const signal = waveform(kind, 1_000_003, sensor);
        const values = Float64Array.from({ length: 500 }, (_, row) => signal.next(row * 600_000));
        const { lstm, persistence } = errors(values);
        ratio += lstm / persistence / sensors;
      }
      expect(ratio).toBeLessThan({ daily: 0.9, walk: 1.05, steps: 1.05, 'sine-mix': 0.9, pulse: 1.05 }[kind]);
    },
  );
});
