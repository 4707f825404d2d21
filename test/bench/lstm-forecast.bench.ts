/**
 * How well the shipped model forecasts real series that nothing was trained on: mean absolute error on the NAB development
 * half, relative to persistence ("as the last value"), per file, beside a mean of ten and an AR(10) that was fitted on the
 * first rows of that very file. Needs ../shared/nab-dev.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { loadArtifact } from '../../models/artifact.ts';
import { defaultModelDirectory } from '../../models/default-model.ts';
import { createModel } from '../../models/lstm-model.ts';
import { autoregress, fitAutoregression } from '../../models/training/autoregression.ts';

const data = fileURLToPath(new URL('../../../shared/nab-dev/data/', import.meta.url));

it.skipIf(!existsSync(data))('forecasts the NAB development half', async () => {
  const model = createModel(await loadArtifact(defaultModelDirectory()));
  const rows = readdirSync(data, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.csv'))
    .sort()
    .map((file) => ({ file, ...relativeErrors(readValues(join(data, file)), model) }));
  console.table(
    rows.map(({ file, lstm, ar10, mean10 }) => ({
      file,
      lstm: lstm.toFixed(3),
      ar10: ar10.toFixed(3),
      mean10: mean10.toFixed(3),
    })),
  );
  const overall = (pick: (row: (typeof rows)[number]) => number) => {
    const sorted = rows.map(pick).sort((a, b) => a - b);
    const geometric = Math.exp(sorted.reduce((sum, value) => sum + Math.log(value), 0) / sorted.length);
    return {
      median: Number(sorted[sorted.length >> 1]!.toFixed(3)),
      'geometric mean': Number(geometric.toFixed(3)),
    };
  };
  console.table({
    [model.id]: overall((row) => row.lstm),
    'AR(10) per file': overall((row) => row.ar10),
    'mean of 10': overall((row) => row.mean10),
  });
  expect(rows.length).toBe(31);
});

function readValues(path: string): Float64Array {
  const lines = readFileSync(path, 'utf8').trim().split(/\r?\n/).slice(1);
  return Float64Array.from(lines, (line) => Number(line.split(',')[1]));
}

/** Over the rows behind NAB's probation: the first 15 %, at most 750. */
function relativeErrors(values: Float64Array, model: ReturnType<typeof createModel>) {
  const from = Math.floor(Math.min(0.15 * values.length, 750));
  const n = values.length - from;
  const windows = new Float64Array(n * model.window);
  for (let row = 0; row < n; row++)
    windows.set(values.subarray(from + row - model.window, from + row), row * model.window);
  const forecasts = new Float64Array(n);
  model.forecast(windows, n, forecasts);

  const probation = values.subarray(0, from);
  const level = probation.reduce((sum, value) => sum + value / from, 0);
  const spread = Math.sqrt(probation.reduce((sum, value) => sum + (value - level) ** 2 / from, 0)) || 1;
  const scaled = values.map((value) => (value - level) / spread);
  const fitted = fitAutoregression([scaled.subarray(0, from)], 10);

  const sums = { lstm: 0, ar10: 0, mean10: 0, persistence: 0 };
  for (let t = from; t < values.length; t++) {
    const value = values[t]!;
    sums.lstm += Math.abs(value - forecasts[t - from]!);
    sums.persistence += Math.abs(value - values[t - 1]!);
    sums.ar10 += Math.abs(value - (autoregress(fitted, scaled, t) * spread + level));
    sums.mean10 += Math.abs(value - values.subarray(t - 10, t).reduce((sum, x) => sum + x / 10, 0));
  }
  return {
    lstm: sums.lstm / sums.persistence,
    ar10: sums.ar10 / sums.persistence,
    mean10: sums.mean10 / sums.persistence,
  };
}
