/** Samples as text: what exports and the JSON API write. */
import type { ScoredSample } from './verdict.ts';

/** `csv`: lines without a head. `json`: elements of an array, with commas between them. */
export type TextFormat = 'csv' | 'json';

/** A page of samples as text. */
export interface SampleText {
  /** UTF-8. */
  readonly text: Uint8Array;
  readonly count: number;
  /** Time of the last sample, ms; -1 without one. */
  readonly last: number;
}

/** @param samples ascending by time */
export function sampleText(samples: readonly ScoredSample[], format: TextFormat): SampleText {
  const text = format === 'csv' ? samples.map(csvLine).join('') : samples.map(jsonElement).join(',\n');
  // Not from the pool of small buffers: its memory can travel to another thread.
  return {
    text: new TextEncoder().encode(text),
    count: samples.length,
    last: samples.at(-1)?.ts ?? -1,
  };
}

const csvLine = ({ ts, value, expected, score }: ScoredSample) =>
  `${new Date(ts).toISOString()},${value},${expected ?? ''},${score ?? ''}\r\n`;

const jsonElement = (sample: ScoredSample) => JSON.stringify(shownSample(sample));

/** As the API shows it. A reading without a forecast has neither `expected` nor `score`. */
export function shownSample({ ts, value, expected, score }: ScoredSample) {
  return {
    t: ts,
    v: value,
    ...(expected === null ? {} : { expected }),
    ...(score === null ? {} : { score }),
  };
}
