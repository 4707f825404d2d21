/**
 * How good a trained network is, and where its static threshold lies. Errors are absolute, in the unit of the artifact's
 * `threshold.value`: the series' own for affine scaling, multiples of the window's scale for window scaling (so that
 * series of different size can be averaged; up to TARGET_LIMIT, because after a constant window any step would be
 * billions).
 */
import type { Artifact } from '../artifact.ts';
import { createModel } from '../lstm-model.ts';
import { type Frame, frameWindow, fromScaled, toScaled } from '../scaling.ts';
import { autoregress, fitAutoregression } from './autoregression.ts';
import { type Span, type Split, TARGET_LIMIT } from './windows.ts';

export interface ErrorSummary {
  /** Mean absolute error. */
  readonly mae: number;
  /** 99th percentile of the absolute errors. */
  readonly p99: number;
}

export interface Report {
  /** 99th percentile of the errors over the training and validation rows: the seed's rule for an anomaly. */
  readonly threshold: number;
  /** On the rows kept back, against "as the last value" and an AR(10) per series, fitted on its training rows. */
  readonly test: {
    readonly windows: number;
    readonly lstm: ErrorSummary;
    readonly persistence: ErrorSummary;
    readonly ar10: ErrorSummary;
  };
}

export type Trained = Pick<Artifact, 'window' | 'network' | 'scaling' | 'weights'>;

const ORDER = 10;

export function measure(trained: Trained, split: Split): Report {
  const lstm: number[] = [];
  const persistence: number[] = [];
  const ar10: number[] = [];
  split.test.forEach((span, index) => {
    const forecasts = forecastRows(trained, span);
    const error = errorsOf(trained, span);
    const yardstick = autoregressions(span.values, split.training[index]!.to);
    for (let t = span.from; t < span.to; t++) {
      lstm.push(error(t, forecasts[t - span.from]!));
      persistence.push(error(t, span.values[t - 1]!));
      ar10.push(error(t, yardstick(t)));
    }
  });
  const seen = [...split.training, ...split.validation].flatMap((span) => {
    const forecasts = forecastRows(trained, span);
    const error = errorsOf(trained, span);
    return Array.from(forecasts, (forecast, row) => error(span.from + row, forecast));
  });
  return {
    threshold: percentile(seen, 0.99),
    test: {
      windows: lstm.length,
      lstm: summarise(lstm),
      persistence: summarise(persistence),
      ar10: summarise(ar10),
    },
  };
}

/** The model's forecasts of the rows of a span, in the units of the series. */
export function forecastRows(trained: Trained, { values, from, to }: Span): Float64Array {
  const { window } = trained;
  const model = createModel({
    ...trained,
    name: 'unfinished',
    version: '0',
    checksum: '',
    threshold: { value: 1, levelShare: 0 },
    origin: { kind: 'keras', source: '' },
  });
  const n = to - from;
  const windows = new Float64Array(n * window);
  for (let row = 0; row < n; row++)
    windows.set(values.subarray(from + row - window, from + row), row * window);
  const forecasts = new Float64Array(n);
  model.forecast(windows, n, forecasts);
  return forecasts;
}

/** The absolute error of a forecast of row t. */
function errorsOf({ scaling, window }: Trained, { values }: Span): (t: number, forecast: number) => number {
  if (scaling.kind === 'affine') return (t, forecast) => Math.abs(values[t]! - forecast);
  const frame: Frame = { centre: 0, scale: 1 };
  return (t, forecast) => {
    frameWindow(scaling, values, t - window, window, frame);
    return Math.min(Math.abs(values[t]! - forecast) / frame.scale, TARGET_LIMIT);
  };
}

function autoregressions(values: Float64Array, trainedTo: number): (t: number) => number {
  const frame: Frame = { centre: 0, scale: 1 };
  frameWindow({ kind: 'window' }, values, 0, trainedTo, frame);
  const scaled = values.map((value) => toScaled(value, frame));
  const fitted = fitAutoregression([scaled.subarray(0, trainedTo)], ORDER);
  return (t) => (t < ORDER ? values[t - 1]! : fromScaled(autoregress(fitted, scaled, t), frame));
}

function summarise(errors: readonly number[]): ErrorSummary {
  if (errors.length === 0) return { mae: 0, p99: 0 };
  const mae = errors.reduce((sum, error) => sum + error / errors.length, 0);
  return { mae: finite(mae), p99: finite(percentile(errors, 0.99)) };
}

/** Linear between the neighbouring order statistics, as NumPy's default. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = Float64Array.from(values).sort();
  const position = share * (sorted.length - 1);
  const below = sorted[Math.floor(position)]!;
  const above = sorted[Math.ceil(position)]!;
  return finite(below + (above - below) * (position % 1));
}

function finite(value: number): number {
  return Number.isFinite(value) ? value : Number.MAX_VALUE;
}
