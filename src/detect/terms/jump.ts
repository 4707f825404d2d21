/**
 * Whether the error of this reading is larger than the errors of the series use to be, unless the series is like that at this time of
 * other days, or jumps so far again and again.
 *
 * How large jumps must be to be news: the four largest forecast errors that raised an alert, fading slowly. A series
 * that jumps again and again by much the same (a pump that starts, a job at midnight) is known to after four alerts,
 * and from then on only clearly larger jumps count. The four are the numbers of this term, largest first.
 */
import { numbered } from '../slots.ts';
import type { Term, TermReading } from '../term.ts';

const JUMPS = 4;
export const JUMP_SLOTS = numbered('largest', JUMPS);
/** Readings over which a jump fades to 1/e. */
const MEMORY = 4000;
/** A jump is news beyond the fourth largest known times this. */
const LARGER = 1.6;
/** A jump is news beyond this many times what the series does at this time of other days. */
const RECURRING = 2;

export const jump: Term = {
  name: 'jump',
  slots: JUMP_SLOTS,
  limit: 1,
  hasty: false,
  desensitised: 0,
  step(s, at, reading) {
    fadeJumps(s, at);
    return reading.judged ? reading.size / jumpBoundary(s, at, reading) : 0;
  },
  observed: (_s, _at, { size }) => size,
  raised(s, at, { size, inside }) {
    if (inside) rememberJump(s, at, size);
  },
  forget: resetJumps,
};

/** The largest error that is no news, in the units of the series. Valid where the reading is judged. */
export function jumpBoundary(
  s: Float64Array,
  at: number,
  { boundary, seasonalStep }: Readonly<TermReading>,
): number {
  return Math.max(boundary, knownJump(s, at), RECURRING * seasonalStep);
}

/** Lets what is known fade by one reading. */
export function fadeJumps(s: Float64Array, base: number): void {
  for (let i = 0; i < JUMPS; i++) s[base + i] = s[base + i]! * (1 - 1 / MEMORY);
}

/** The size up to which jumps are known, in the units of the series; 0 before the fourth. */
export function knownJump(s: Float64Array, base: number): number {
  return LARGER * s[base + JUMPS - 1]!;
}

/** Remembers a jump that raised an alert. */
export function rememberJump(s: Float64Array, base: number, size: number): void {
  let rest = size;
  for (let i = 0; i < JUMPS; i++) {
    const larger = s[base + i]!;
    if (rest > larger) {
      s[base + i] = rest;
      rest = larger;
    }
  }
}

/** Forgets everything. */
export function resetJumps(s: Float64Array, base: number): void {
  s.fill(0, base, base + JUMPS);
}
