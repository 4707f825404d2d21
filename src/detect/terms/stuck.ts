/**
 * Whether a sensor repeats one value: a run of exactly equal readings that is improbable for a series that repeats itself
 * as often as this one (geometric), and longer than the runs it has shown before. The third longest run known is the
 * measure: two stuck spells do not make a third one normal, a machine that rests every night does.
 */
import { numbered, offsets } from '../slots.ts';
import type { Term } from '../term.ts';

const SCALARS = ['last', 'run', 'seen', 'repeats'] as const;
const [LAST, RUN, SEEN, REPEATS] = offsets(SCALARS);
const LONGEST = SCALARS.length;

/** Readings before a verdict, and the shortest run (of repetitions) that is one. */
const LEAST_SEEN = 50;
const LEAST_RUN = 4;
/** Decimal orders of improbability that are an anomaly; no repetition counts for more than three of them. */
const ORDERS = 10;
const LEAST_PROBABILITY = 1e-3;
/** How many times the third longest run known it takes. */
const LONGER = 2.5;
/** A run is forgotten over about this many readings. */
const MEMORY = 5000;

export const stuck: Term = {
  name: 'stuck',
  slots: [...SCALARS, ...numbered('longest', 3)],
  limit: 1,
  desensitised: 0,
  step: (s, at, { value, learn }) => stepStuck(s, at, value, learn),
};

/**
 * Takes one value.
 * @param learn false while an anomaly lasts
 * @returns the term's score: 1 or more is an anomaly; finite
 */
function stepStuck(s: Float64Array, base: number, value: number, learn: boolean): number {
  const repeats = s[base + SEEN]! > 0 && value === s[base + LAST];
  const third = s[base + LONGEST + 2]!;
  let score = 0;
  if (repeats) {
    const run = s[base + RUN]! + 1;
    s[base + RUN] = run;
    if (run >= LEAST_RUN && s[base + SEEN]! > LEAST_SEEN) {
      const probability = Math.max(LEAST_PROBABILITY, (s[base + REPEATS]! + 0.5) / (s[base + SEEN]! + 2));
      score = Math.min((run * -Math.log10(probability)) / ORDERS, run / (LONGER * third + LEAST_RUN));
    }
  } else {
    endRun(s, base);
    s[base + LAST] = value;
  }
  for (let i = 0; i < 3; i++) s[base + LONGEST + i] = s[base + LONGEST + i]! * (1 - 1 / MEMORY);
  if (learn || s[base + SEEN] === 0) {
    s[base + SEEN] = s[base + SEEN]! + 1;
    if (repeats) s[base + REPEATS] = s[base + REPEATS]! + 1;
  }
  return score;
}

/** Puts the run in its place among the three longest. */
function endRun(s: Float64Array, base: number): void {
  let run = s[base + RUN]!;
  s[base + RUN] = 0;
  for (let i = 0; i < 3; i++) {
    const longer = s[base + LONGEST + i]!;
    if (run > longer) {
      s[base + LONGEST + i] = run;
      run = longer;
    }
  }
}
