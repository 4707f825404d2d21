/**
 * The table of docs/detection.md: the adaptive detector on the development half of the Numenta Anomaly Benchmark, one
 * setting for all files, alarms as emitted, and what each part contributes. `NAB_DATA` names the corpus (default
 * ../shared/nab-dev), `NAB_SEEDS` the seeds of the per-file trainings (default 1,2,3; empty: none, which takes seconds
 * instead of minutes).
 */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, it } from 'vitest';
import { loadArtifact } from '../../models/artifact.ts';
import { defaultModelDirectory } from '../../models/default-model.ts';
import { createModel } from '../../models/lstm-model.ts';
import type { Model } from '../../models/model.ts';
import { trainHere } from '../../models/training/training.ts';
import { probationTraining } from '../../src/commands/score-rows.ts';
import { createAdaptive, HOLD_OFF, stepAdaptive } from '../../src/detect/adaptive.ts';
import { Fold } from '../../src/detect/fold.ts';
import { ForecastBatch } from '../../src/detect/forecast-batch.ts';
import { SeasonalRing } from '../../src/detect/seasonal-ring.ts';
import { emptyState } from '../../src/detect/state.ts';
import { decodeState, encodeState } from '../../src/detect/state-format.ts';
import { bestNanoseconds } from './cpu-time.ts';
import { type NabFile, type NabScore, readCorpus, scoreAlarms } from './nab-corpus.ts';

const directory = resolve(process.env.NAB_DATA ?? '../shared/nab-dev');
const seeds = (process.env.NAB_SEEDS ?? '1,2,3').split(',').filter(Boolean).map(Number);

/** What is known of every row before the detectors: NaN where there is no forecast. */
interface Forecasts {
  readonly expected: Float64Array;
  readonly threshold: Float64Array;
}

it.skipIf(!existsSync(directory))('scores the benchmark', { timeout: 3_600_000 }, async () => {
  const corpus = await readCorpus(directory);
  const table: Record<string, Record<string, string | number>> = {};
  const add = (name: string, scores: readonly NabScore[]): void => {
    const median = [...scores].sort((a, b) => a.score - b.score)[scores.length >> 1]!;
    table[name] = {
      standard: Number(median.score.toFixed(1)),
      windows: `${median.caught}/${median.windows}`,
      'false alarms': median.falseAlarms,
      'per 1,000 rows': Number(median.falseRate.toFixed(2)),
      ...(scores.length > 1 && { seeds: scores.map(({ score }) => score.toFixed(1)).join(' ') }),
    };
  };
  const ablate = (name: string, runs: readonly (readonly Forecasts[])[]): void => {
    const each = (detect: (file: NabFile, forecasts: Forecasts) => number[]): NabScore[] =>
      runs.map((forecasts) =>
        scoreAlarms(
          corpus,
          corpus.map((file, f) => detect(file, forecasts[f]!)),
        ),
      );
    if (!Number.isNaN(runs[0]![0]!.threshold.at(-1)!)) {
      add(`${name}, static`, each(staticAlarms));
      add(
        `${name}, static with hold-off`,
        each((file, forecasts) => held(staticAlarms(file, forecasts))),
      );
    }
    add(
      `${name}, adaptive without season`,
      each((file, forecasts) => adaptiveAlarms(file, forecasts, null)),
    );
    add(
      `${name}, adaptive`,
      each((file, forecasts) => adaptiveAlarms(file, forecasts, SeasonalRing.empty())),
    );
  };

  ablate('last value', [corpus.map(persistence)]);
  const shipped = createModel(await loadArtifact(defaultModelDirectory()));
  ablate('default model', [corpus.map((file) => forecasts(shipped, file))]);
  if (seeds.length > 0) {
    const runs: Forecasts[][] = [];
    for (const seed of seeds) {
      const run: Forecasts[] = [];
      for (const file of corpus) run.push(forecasts(await trained(file, seed), file));
      runs.push(run);
    }
    ablate('trained on probation', runs);
  }
  console.table(table);
  expect(Object.keys(table).length).toBeGreaterThan(0);
});

it.skipIf(!existsSync(directory))('costs little per reading', async () => {
  const corpus = await readCorpus(directory);
  const rows = corpus.reduce((sum, { values }) => sum + values.length, 0);
  const known = corpus.map(persistence);
  const detector = (ring: () => SeasonalRing | null) =>
    bestNanoseconds(5, () => {
      corpus.forEach((file, f) => {
        adaptiveAlarms(file, known[f]!, ring());
      });
      return rows;
    });
  const shipped = createModel(await loadArtifact(defaultModelDirectory()));
  console.table({
    'adaptive detector without season (target 1,000)': await detector(() => null),
    'adaptive detector': await detector(SeasonalRing.empty),
    'whole detection, 1,000 readings of a series at once': await bestNanoseconds(3, () =>
      detect(corpus, shipped, 1000),
    ),
    'whole detection, 1 reading of each of 31 series at once (target 15,000)': await bestNanoseconds(3, () =>
      detect(corpus, shipped, 1),
    ),
  });
});

/**
 * What the pipeline does between reading and writing a record: the state from its bytes, windows, forecasts, fold, and the
 * new state as bytes.
 * @param most readings of a series in one batch; a batch has all series
 * @returns how many readings there were
 */
async function detect(corpus: readonly NabFile[], model: Model, most: number): Promise<number> {
  const series = corpus.map(() => ({ bytes: encodeState(emptyState()), season: SeasonalRing.empty() }));
  const models = { model, shadow: null };
  let readings = 0;
  for (let from = 0; from < Math.max(4 * most, 2000); from += most) {
    const batch = new ForecastBatch();
    const folds = corpus.map(({ ts, values }, f) => {
      const samples = Array.from(values.subarray(from, from + most), (value, i) => ({
        ts: ts[from + i]!,
        value,
      }));
      readings += samples.length;
      return new Fold(decodeState(series[f]!.bytes), samples, () => models, batch, series[f]!.season);
    });
    await batch.compute();
    folds.forEach((fold, f) => {
      const { state, season } = fold.run();
      series[f] = { bytes: encodeState(state), season };
    });
  }
  return readings;
}

async function trained({ ts, values, probation }: NabFile, seed: number): Promise<Model> {
  const rows = Array.from({ length: probation }, (_, i) => ({
    timestamp: '',
    line: i + 2,
    ts: ts[i]!,
    value: values[i]!,
  }));
  return createModel((await trainHere(probationTraining(rows, seed))).artifact);
}

function forecasts(model: Model, { values }: NabFile): Forecasts {
  const { window } = model;
  const n = Math.max(0, values.length - window);
  const windows = new Float64Array(n * window);
  for (let i = 0; i < n; i++) windows.set(values.subarray(i, i + window), i * window);
  const expected = new Float64Array(values.length).fill(Number.NaN);
  const threshold = new Float64Array(values.length).fill(Number.NaN);
  model.forecast(windows, n, expected.subarray(window));
  for (let i = 0; i < n; i++) threshold[window + i] = model.threshold(windows, i);
  return { expected, threshold };
}

function persistence({ values }: NabFile): Forecasts {
  const expected = new Float64Array(values.length).fill(Number.NaN);
  for (let i = 10; i < values.length; i++) expected[i] = values[i - 1]!;
  return { expected, threshold: new Float64Array(values.length).fill(Number.NaN) };
}

function staticAlarms({ values }: NabFile, { expected, threshold }: Forecasts): number[] {
  const alarms: number[] = [];
  for (let i = 0; i < values.length; i++)
    if (Math.abs(values[i]! - expected[i]!) > threshold[i]!) alarms.push(i);
  return alarms;
}

/** The first alarm of each `HOLD_OFF` readings. */
function held(alarms: readonly number[]): number[] {
  let last = Number.NEGATIVE_INFINITY;
  return alarms.filter((row) => {
    if (row - last <= HOLD_OFF) return false;
    last = row;
    return true;
  });
}

function adaptiveAlarms(
  { ts, values }: NabFile,
  { expected }: Forecasts,
  ring: SeasonalRing | null,
): number[] {
  const state = createAdaptive();
  const alarms: number[] = [];
  for (let i = 0; i < values.length; i++) {
    const forecast = expected[i]!;
    const step = stepAdaptive(state, ts[i]!, values[i]!, Number.isNaN(forecast) ? null : forecast, ring);
    if (step.raised) alarms.push(i);
  }
  return alarms;
}
