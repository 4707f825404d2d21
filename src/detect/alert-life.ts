/**
 * The life of a series' `anomaly` alert. A score of 1 or more raises it, `CLEAR_AFTER` readings in a row below 1 clear
 * it, and no other is raised within `HOLD_OFF` readings of the one before.
 */
import { offsets } from './slots.ts';

/** `open`: 1 while an alert is open. `since`: readings since the last was raised. `below`: readings in a row below 1. */
export const ALERT_SLOTS = ['open', 'since', 'below'] as const;
const [OPEN, SINCE, BELOW] = offsets(ALERT_SLOTS);

/** Readings after an alert is raised within which no other one is. */
export const HOLD_OFF = 75;
/** Readings below the boundary, in a row, that close an alert. */
export const CLEAR_AFTER = 10;
/** The hold-off in time, for sensors that report seldom: the shorter of the two counts, but never fewer readings than `CLEAR_AFTER`. */
const HOLD_OFF_TIME = 6 * 3_600_000;
/** Readings after an alert is raised from which is learned although it is open: what lasts is a new normal. */
const FREEZE = 200;
/**
 * The same once the alert is closed. A fault may pause for `CLEAR_AFTER` readings and go on: what is learned of it then stays in
 * the tail for thousands of readings and hides the next spike.
 */
const REST = 40;
/** Readings since an alert in a series that never had one: far beyond the hold-off. */
const LONG_AGO = 1e6;

/** Begins without an alert. */
export function beginAlert(s: Float64Array, at: number): void {
  s[at + SINCE] = LONG_AGO;
}

/** Makes the alert open, or not, whatever the detector would say. After a change a new one has to wait for the hold-off. @returns whether that is a change */
export function alignAlert(s: Float64Array, at: number, open: boolean): boolean {
  if ((s[at + OPEN] === 1) === open) return false;
  s[at + OPEN] = open ? 1 : 0;
  s[at + SINCE] = 0;
  s[at + BELOW] = 0;
  return true;
}

/** Readings since an alert was raised. */
export function sinceAlert(s: Float64Array, at: number): number {
  return s[at + SINCE]!;
}

/** Whether the next reading may be learned from. */
export function mayLearn(s: Float64Array, at: number): boolean {
  return s[at + SINCE]! >= (s[at + OPEN] === 1 ? FREEZE : REST);
}

/** Takes one reading. @param interval usual time between readings, ms. @returns whether it raises an alert, clears one, or neither */
export function stepAlert(
  s: Float64Array,
  at: number,
  anomalous: boolean,
  interval: number,
): 'raised' | 'cleared' | null {
  const since = s[at + SINCE]! + 1;
  s[at + SINCE] = since;
  if (s[at + OPEN] === 1) {
    s[at + BELOW] = anomalous ? 0 : s[at + BELOW]! + 1;
    if (s[at + BELOW] !== CLEAR_AFTER) return null;
    s[at + OPEN] = 0;
    return 'cleared';
  }
  const holdOff = Math.max(CLEAR_AFTER, Math.min(HOLD_OFF, HOLD_OFF_TIME / interval));
  if (!anomalous || since <= holdOff) return null;
  s[at + OPEN] = 1;
  s[at + SINCE] = 0;
  s[at + BELOW] = 0;
  return 'raised';
}
