/**
 * From series to a finished artifact and its report, on the calling thread, which it occupies for seconds to minutes:
 * programs call `train` (train.ts), which does it in a worker. Equal options give an equal artifact, to the byte, with
 * the same backend.
 */
import { isDeepStrictEqual } from 'node:util';
import { InvalidInput } from '../../src/errors.ts';
import { type Artifact, createArtifact, labels, modelId } from '../artifact.ts';
import { MAX_LSTM_LAYERS, MAX_UNITS, MAX_WINDOW, type Network } from '../network.ts';
import { type Frame, frameWindow, type Scaling } from '../scaling.ts';
import { type EpochProgress, fitNetwork } from './fit.ts';
import { initialWeights } from './initial-weights.ts';
import { measure, type Report } from './report.ts';
import { type BackendChoice, startTensorflow } from './tensorflow.ts';
import { countRows, examples, type Shares, splitInTime } from './windows.ts';

export interface TrainingSeries {
  /** In time order, finite; units of the series. */
  readonly values: Float64Array;
  /** ms UTC, for the artifact's summary. */
  readonly from?: number;
  readonly to?: number;
}

export interface TrainingOptions {
  /** Several series only with `window` scaling: the affine kinds measure one series. */
  readonly series: readonly TrainingSeries[];
  readonly name: string;
  readonly seed: number;
  readonly version?: string;
  /** Default 10. */
  readonly window?: number;
  /** LSTM layers from the bottom up; default one of 32. */
  readonly units?: readonly number[];
  /**
   * Default `window`: trained per file of the NAB development half it errs 20 % less than `standard`, because levels move. For
   * the same reason `standard` detects better there: a level never seen is forecast badly.
   */
  readonly scaling?: 'window' | 'standard' | 'min-max';
  /** At most; default 50. */
  readonly epochs?: number;
  readonly batch?: number;
  readonly learningRate?: number;
  /** Default 8. */
  readonly patience?: number;
  /** Default: the last 15 % of each series for the report, 15 % before it to stop early. */
  readonly shares?: Shares;
  readonly backend?: BackendChoice;
  /**
   * Continues from a trained model instead of from random weights: same window, units and kind of scaling. Per file of the
   * NAB development half (750 rows at most), from the shipped model gives 3 % less error than from nothing, in 40 % of the time.
   */
  readonly startFrom?: Artifact;
  /**
   * Where threshold and report are measured; default: on `series`. A recipe that disturbs its series, so that the network
   * learns to ignore outliers, gives the undisturbed ones, of the same lengths, here.
   */
  readonly measuredOn?: readonly TrainingSeries[];
}

export interface TrainingResult {
  readonly artifact: Artifact;
  readonly report: Report;
}

const DEFAULT_VERSION = '1';
const DEFAULT_SHARES: Shares = { validation: 0.15, test: 0.15 };
/** With fewer there is nothing to learn from, and no 99th percentile. */
const LEAST_TRAINING_WINDOWS = 20;
/** The level share of models that scale by the window: see `threshold` in artifact.ts. */
const LEVEL_SHARE = 0.04;

function checkOptions(options: TrainingOptions): void {
  const { series, window = 10, units = [32], epochs = 50, shares = DEFAULT_SHARES } = options;
  const integer = (field: string, value: number, least: number, most: number) => {
    if (!Number.isInteger(value) || value < least || value > most)
      throw new InvalidInput(field, `${field} must be an integer from ${least} to ${most}, not ${value}`);
  };
  // Before the training, whose result they would lose.
  for (const field of ['name', 'version'] as const) {
    const text = options[field] ?? DEFAULT_VERSION;
    const problem = labels[field].safeParse(text).error?.issues[0]?.message;
    if (problem) throw new InvalidInput(field, `${field} ${problem}, not ${JSON.stringify(text)}`);
  }
  integer('window', window, 2, MAX_WINDOW);
  integer('epochs', epochs, 1, 100_000);
  integer('seed', options.seed, Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);
  integer('layers', units.length, 1, MAX_LSTM_LAYERS);
  for (const width of units) integer('units', width, 1, MAX_UNITS);
  if (!(shares.validation >= 0 && shares.test >= 0 && shares.validation + shares.test < 1))
    throw new InvalidInput('shares', 'validation and test must be at least 0 and together less than 1');
  if (series.length > 1 && (options.scaling ?? 'window') !== 'window')
    throw new InvalidInput('scaling', `${options.scaling} scaling measures one series, not ${series.length}`);
  const { startFrom, scaling = 'window' } = options;
  if (startFrom && (startFrom.window !== window || !isDeepStrictEqual(startFrom.network, networkOf(units))))
    throw new InvalidInput(
      'startFrom',
      `${modelId(startFrom)} has another window or other layers than are to be trained`,
    );
  if (startFrom && (startFrom.scaling.kind === 'window') !== (scaling === 'window'))
    throw new InvalidInput('startFrom', `${modelId(startFrom)} scales in another way than ${scaling}`);
  [...series, ...(options.measuredOn ?? [])].forEach(({ values }, index) => {
    const bad = values.findIndex((value) => !Number.isFinite(value));
    if (bad >= 0)
      throw new InvalidInput(
        'values',
        `series ${index}: value ${bad} is ${values[bad]}, not a finite number`,
      );
  });
  const split = splitInTime(
    series.map(({ values }) => values),
    window,
    shares,
  );
  const windows = countRows(split.training);
  if (windows < LEAST_TRAINING_WINDOWS) {
    const rows = series.reduce((sum, { values }) => sum + values.length, 0);
    const message = `${rows} rows give ${windows} training windows of ${window}; at least ${LEAST_TRAINING_WINDOWS} are needed`;
    throw new InvalidInput('values', message);
  }
}

/** @throws {InvalidInput} naming the option or the series at fault */
export async function trainHere(
  options: TrainingOptions,
  onEpoch: (progress: EpochProgress) => void = () => {},
): Promise<TrainingResult> {
  checkOptions(options);
  const backend = await startTensorflow(options.backend ?? 'auto');
  const { window = 10, units = [32], epochs = 50, seed, shares = DEFAULT_SHARES } = options;
  const values = options.series.map((series) => series.values);
  const split = splitInTime(values, window, shares);
  const network = networkOf(units);
  const scaling = fitScaling(options.scaling ?? 'window', split.training[0]!);
  const training = examples(split.training, window, scaling);
  const fitted = fitNetwork({
    network,
    window,
    initial: options.startFrom?.weights ?? initialWeights(network, seed),
    training,
    validation: examples(split.validation, window, scaling),
    epochs,
    batch: options.batch ?? defaultBatch(training.targets.length),
    learningRate: options.learningRate ?? 3e-3,
    patience: options.patience ?? 8,
    seed,
    onEpoch,
  });
  const levelShare = scaling.kind === 'window' ? LEVEL_SHARE : 0;
  const base = { window, network, scaling, weights: fitted.weights };
  const measured = options.measuredOn?.map((series) => series.values) ?? values;
  const report = measure(base, splitInTime(measured, window, shares));
  const artifact = createArtifact({
    ...base,
    name: options.name,
    version: options.version ?? DEFAULT_VERSION,
    threshold: { value: Math.max(report.threshold, Number.EPSILON), levelShare },
    origin: {
      kind: 'trained',
      backend,
      seed,
      ...(options.startFrom ? { startedFrom: modelId(options.startFrom) } : {}),
      epochs: fitted.epochs,
      series: options.series.length,
      windows: training.targets.length,
      from: least(options.series.map(({ from }) => from)),
      to: greatest(options.series.map(({ to }) => to)),
      ...summary(values),
      test: report.test,
    },
  });
  return { artifact, report };
}

function networkOf(units: readonly number[]): Network {
  return {
    lstm: units.map((width) => ({ units: width, activation: 'tanh', recurrentActivation: 'sigmoid' })),
    dense: [{ units: 1, activation: 'linear' }],
  };
}

/** Small sets need many steps per epoch, large sets few calls. */
function defaultBatch(windows: number): number {
  return windows < 4000 ? 32 : windows < 20_000 ? 64 : 256;
}

/** Measured on the training rows only, so that the report stays honest. */
function fitScaling(
  kind: 'window' | 'standard' | 'min-max',
  { values, to }: { values: Float64Array; to: number },
): Scaling {
  if (kind === 'window') return { kind };
  const seen = values.subarray(0, to);
  const frame: Frame = { centre: 0, scale: 1 };
  frameWindow({ kind: 'window' }, seen, 0, seen.length, frame);
  if (kind === 'standard') return { kind: 'affine', ...frame };
  const low = seen.reduce((a, b) => Math.min(a, b));
  const high = seen.reduce((a, b) => Math.max(a, b));
  const span = Math.min(high - low, Number.MAX_VALUE);
  return { kind: 'affine', centre: low, scale: span > 0 ? span : frame.scale };
}

function summary(series: readonly Float64Array[]): { minimum: number; maximum: number; mean: number } {
  const count = series.reduce((sum, values) => sum + values.length, 0);
  let minimum = Number.POSITIVE_INFINITY;
  let maximum = Number.NEGATIVE_INFINITY;
  let mean = 0;
  for (const values of series) {
    for (const value of values) {
      minimum = Math.min(minimum, value);
      maximum = Math.max(maximum, value);
      mean += value / count;
    }
  }
  return { minimum, maximum, mean };
}

function least(times: readonly (number | undefined)[]): number | null {
  const known = times.filter((time) => time !== undefined);
  return known.length > 0 ? Math.min(...known) : null;
}

function greatest(times: readonly (number | undefined)[]): number | null {
  const known = times.filter((time) => time !== undefined);
  return known.length > 0 ? Math.max(...known) : null;
}
