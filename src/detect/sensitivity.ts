/**
 * The sensitivity of the terms that look at many readings at once decays: after a term has raised an alert, its boundary is
 * higher, by much for the next dozens of readings (what follows an anomaly is often its own echo) and a little for the next
 * thousands (a term that keeps raising alerts has found a habit of the series). One double per term, at `at` of a state.
 */

/** Readings over which a habit is forgotten. */
const MEMORY = 3000;
/** Right after any alert the boundary is 1 + ECHO times as high; that falls to 1/e in ECHO_READINGS. */
const ECHO = 2;
const ECHO_READINGS = 75;

/** Lets the sensitivity recover by one reading. @returns what the term's score is to be divided by, 1 or more */
export function recover(s: Float64Array, at: number): number {
  s[at] = s[at]! * (1 - 1 / MEMORY);
  return 1 + s[at]!;
}

/** @param since readings since any alert was raised. @returns what scores are to be divided by, 1 or more */
export function echo(since: number): number {
  return since > 20 * ECHO_READINGS ? 1 : 1 + ECHO * Math.exp(-since / ECHO_READINGS);
}

/** The term has raised an alert. @param by how much higher its boundary becomes */
export function desensitise(s: Float64Array, at: number, by: number): void {
  s[at] = s[at]! + by;
}
