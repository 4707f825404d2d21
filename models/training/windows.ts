/**
 * From series to training examples. Each series is cut in time, not at random: its first part trains, the next decides
 * when to stop, the last is only for the report. Neighbouring windows share values, so a random split would test on what
 * was trained.
 */
import { type Frame, frameWindow, type Scaling, toScaled } from '../scaling.ts';
import type { Examples } from './fit.ts';

export interface Shares {
  /** Parts of every series, 0 to 1 together; the rest trains. */
  readonly validation: number;
  readonly test: number;
}

/** Rows [from, to) of one series whose values are to be forecast. */
export interface Span {
  readonly values: Float64Array;
  readonly from: number;
  readonly to: number;
}

export interface Split {
  readonly training: Span[];
  readonly validation: Span[];
  readonly test: Span[];
}

/** With window scaling, a target further out than this many scales says "a jump" and no more. */
export const TARGET_LIMIT = 20;

/** Series with no more than `window` rows give nothing. */
export function splitInTime(series: readonly Float64Array[], window: number, shares: Shares): Split {
  const split: Split = { training: [], validation: [], test: [] };
  for (const values of series) {
    const targets = values.length - window;
    if (targets <= 0) continue;
    const tested = Math.floor(targets * shares.test);
    const validated = Math.floor(targets * shares.validation);
    const testFrom = values.length - tested;
    const validationFrom = testFrom - validated;
    split.training.push({ values, from: window, to: validationFrom });
    split.validation.push({ values, from: validationFrom, to: testFrom });
    split.test.push({ values, from: testFrom, to: values.length });
  }
  return split;
}

export function countRows(spans: readonly Span[]): number {
  return spans.reduce((sum, { from, to }) => sum + to - from, 0);
}

/** The scaled windows before the rows of the spans, with the scaled values of those rows. */
export function examples(spans: readonly Span[], window: number, scaling: Scaling): Examples {
  const n = countRows(spans);
  const inputs = new Float32Array(n * window);
  const targets = new Float32Array(n);
  const frame: Frame = { centre: 0, scale: 1 };
  let row = 0;
  for (const { values, from, to } of spans) {
    for (let t = from; t < to; t++, row++) {
      frameWindow(scaling, values, t - window, window, frame);
      for (let i = 0; i < window; i++) inputs[row * window + i] = toScaled(values[t - window + i]!, frame);
      targets[row] = Math.min(Math.max(toScaled(values[t]!, frame), -TARGET_LIMIT), TARGET_LIMIT);
    }
  }
  return { inputs, targets };
}
