import type { SeriesId } from './series.ts';

/** One measured value. `ts` is in ms UTC, an integer; `value` is finite and never -0. */
export interface Reading extends SeriesId {
  readonly ts: number;
  readonly value: number;
}

/** A reading as it arrives: without `ts` the pipeline assigns the arrival time. */
export interface IncomingReading extends SeriesId {
  readonly ts?: number;
  readonly value: number;
}

/** A stored point of a series. */
export interface Sample {
  readonly ts: number;
  readonly value: number;
}
