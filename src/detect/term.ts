/** What the detector's terms have in common. Each term sees one kind of fault and is one file in `terms/`. */
import type { Reason } from '../domain/verdict.ts';
import type { SeasonalRing } from './seasonal-ring.ts';

export type TermName = Reason;

/** One reading as the terms see it. */
export interface TermReading {
  /** ms UTC. */
  ts: number;
  /** Finite, in the units of the series. */
  value: number;
  /** What the season is kept in, null where none is kept. */
  ring: SeasonalRing | null;
  /** The usual time between two readings, ms. */
  interval: number;
  /** By what power of e an alarm must be rarer than at one reading every five minutes (budget.ts). */
  rare: number;
  /** For how long the series has been observed, without gaps, in days. */
  days: number;
  /** Whether the value has been the same for some readings: its errors say nothing of how the series moves. */
  repeats: boolean;
  /** The least step by which the series moves (grain.ts), in its units; steps of one are no news. Positive. */
  grain: number;
  /** Differences below this are rounding, in the units of the series; positive. */
  rounding: number;
  /** False while an alert is young: a term compares such a reading and learns nothing from it. */
  learn: boolean;
  /** Whether the errors of the forecast are known well enough to judge by. The fields below are valid only then. */
  judged: boolean;
  /** value − forecast, in the units of the series. */
  error: number;
  /** |error|, at least `rounding`. */
  size: number;
  /** Where the tail of the errors ends, in the units of the series. */
  boundary: number;
  /** The same for errors at any time; `boundary` and `q99` are for errors as large as they are just now (volatility.ts). */
  slowBoundary: number;
  /** Median and 99 % quantile of |error|, in the units of the series. */
  median: number;
  q99: number;
  /** How far the series jumps in the direction of the error at this time of other days, in its units; 0 where nothing is known. */
  seasonalStep: number;
  /** Whether the value is within what the series has shown, or a grain beside. */
  inside: boolean;
  /** What the season found: the distance to the same time of earlier days, Infinity while unknown. */
  fromSeason: number;
  /** Where a tail may gather its first values, and whether the season may use that room already. */
  buffer: number;
  bufferFree: boolean;
}

export interface Term {
  readonly name: TermName;
  /** The names of the term's numbers, in the order in which they are stored. */
  readonly slots: readonly string[];
  /** What the term's statistic must reach to be unusual. */
  readonly limit: number;
  /** Whether the boundary rises with the number of readings a day. */
  readonly hasty: boolean;
  /** By how much the term's boundary rises after an alert of it (sensitivity.ts); 0: it does not. */
  readonly desensitised: number;
  /**
   * Takes one reading, in ts order, also one that is not judged.
   * @param s all numbers of the detector
   * @param at offset of this term's numbers
   * @returns the term's statistic, to be compared with `limit`; 0 while too little is known; finite, not negative
   */
  step(s: Float64Array, at: number, reading: Readonly<TermReading>): number;
  /** What the term has found in the reading just taken, as an `Explanation` shows it. Where it is not given: the statistic. */
  observed?(s: Float64Array, at: number, reading: Readonly<TermReading>): number;
  /** The errors of the forecast are known from now on; the logarithms of the first `TAIL_WARMUP` are in the buffer. */
  begin?(s: Float64Array, at: number, reading: Readonly<TermReading>): void;
  /** This term has raised an alert. */
  raised?(s: Float64Array, at: number, reading: Readonly<TermReading>): void;
  /** The model has changed: forgets what the term knows of forecast errors. */
  forget?(s: Float64Array, at: number): void;
}
