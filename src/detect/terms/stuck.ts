/**
 * Whether a sensor repeats one value: a run of exactly equal readings that is improbable for a series that repeats itself
 * as often as this one (geometric), and longer than the runs it has shown before. The third longest run known is the
 * measure: two stuck spells do not make a third one normal, a machine that rests every night does.
 */
import { numbered, offsets } from '../slots.ts';
import type { Term } from '../term.ts';

const SCALARS = ['last', 'run', 'seen', 'repeats', 'alerted'] as const;
const [LAST, RUN, SEEN, REPEATS, ALERTED] = offsets(SCALARS);
const LONGEST = SCALARS.length;
/** Values at which the series rested, and for how many readings, the newest first. */
const RESTS = 4;
const REST = LONGEST + 3;

/** Readings before a verdict, and the shortest run (of repetitions) that is one. */
const LEAST_SEEN = 50;
const LEAST_RUN = 4;
/** Decimal orders of improbability that are an anomaly; no repetition counts for more than three of them. */
const ORDERS = 10;
const LEAST_PROBABILITY = 1e-3;
/** How many times the third longest run known it takes. */
const LONGER = 3.5;
/** A run is forgotten over about this many readings. */
const MEMORY = 5000;

export const stuck: Term = {
  name: 'stuck',
  slots: [
    ...SCALARS,
    ...numbered('longest', 3),
    ...numbered('rest', RESTS).flatMap((rest) => [`${rest}.value`, `${rest}.run`]),
  ],
  limit: 1,
  hasty: false,
  desensitised: 0,
  step: (s, at, { value, learn }) => stepStuck(s, at, value, learn),
  observed: (s, at) => s[at + RUN]!,
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
      if (score >= 1) score = Math.min(score, run / (LONGER * restAt(s, base, value) + LEAST_RUN));
      if (score >= 1) s[base + ALERTED] = 1;
    }
  } else {
    if (s[base + ALERTED] === 1) rememberRest(s, base);
    else endRun(s, base);
    s[base + RUN] = 0;
    s[base + ALERTED] = 0;
    s[base + LAST] = value;
  }
  for (let i = 0; i < 3; i++) s[base + LONGEST + i] = s[base + LONGEST + i]! * (1 - 1 / MEMORY);
  if (learn || s[base + SEEN] === 0) {
    s[base + SEEN] = s[base + SEEN]! + 1;
    if (repeats) s[base + REPEATS] = s[base + REPEATS]! + 1;
  }
  return score;
}

/** Whether a value repeats the `times` values before it. */
export function repeatsLately(s: Float64Array, at: number, value: number, times: number): boolean {
  return value === s[at + LAST] && s[at + RUN]! >= times;
}

/** Puts the run in its place among the three longest. */
function endRun(s: Float64Array, base: number): void {
  let run = s[base + RUN]!;
  for (let i = 0; i < 3; i++) {
    const longer = s[base + LONGEST + i]!;
    if (run > longer) {
      s[base + LONGEST + i] = run;
      run = longer;
    }
  }
}

/** How long the series has rested at a value; 0 where it has not. */
function restAt(s: Float64Array, base: number, value: number): number {
  let longest = 0;
  for (let i = base + REST; i < base + REST + 2 * RESTS; i += 2)
    if (s[i] === value) longest = Math.max(longest, s[i + 1]!);
  return longest;
}

/** Puts the run before the rests that are known; the oldest of them is forgotten. */
function rememberRest(s: Float64Array, base: number): void {
  const run = Math.max(s[base + RUN]!, restAt(s, base, s[base + LAST]!));
  const rest = base + REST;
  s.copyWithin(rest + 2, rest, rest + 2 * (RESTS - 1));
  s[rest] = s[base + LAST]!;
  s[rest + 1] = run;
}
