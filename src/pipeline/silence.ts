/**
 * When a series is silent. Its readings say what its usual interval is; the rule says how long a silence is too long; and
 * what is counted from is when it was heard last. Only a series that has been heard in time is watched, so that a
 * recording does not end in an alert, and one whose readings come late is given that time on top, so that a sensor which
 * sends its readings all together every hour is not taken for silent in between.
 */
import type { AlertChange } from '../domain/alert.ts';
import type { MissingRule } from '../domain/alert-rule.ts';
import type { Sample } from '../domain/reading.ts';
import type { Watch } from '../domain/watch.ts';

export const MISSING_RULE = 'missing';
/** How much of the lag is left with each commit that comes in time. */
const LAG_KEPT = 0.8;
/** How much later than lately a reading may come. */
const LAG_FACTOR = 1.5;

/**
 * The silence that is too long, ms; null where none is.
 * @param interval the usual one, null while it is unknown
 * @param minimum of a silence in intervals, ms
 */
export function longestSilence(rule: MissingRule, interval: number | null, minimum: number): number | null {
  if (rule === null) return null;
  if ('after' in rule) return rule.after;
  return interval === null ? null : Math.max(minimum, Math.round(rule.factor * interval));
}

/**
 * The watch after a commit of new readings.
 * @param appended the readings newer than all before, ascending, at least one
 * @param inTime how old the newest must be less than for the series to be watched from now on, ms; null: it is not
 */
export function heardAt(
  now: number,
  before: Watch | null,
  appended: readonly Sample[],
  interval: number | null,
  inTime: number | null,
): Watch {
  const known = before?.lag ?? null;
  const oldest = Math.max(0, now - appended[0]!.ts);
  const newest = now - appended.at(-1)!.ts;
  let lag = known;
  if (known !== null) lag = Math.max(oldest, Math.round(known * LAG_KEPT));
  else if (inTime !== null && newest < inTime) lag = oldest;
  return { interval, heard: now, lag, missing: null };
}

/** From when on a series is silent unless it is heard again, ms; null where it is not watched or known to be silent. */
export function silentFrom(watch: Watch | null, limit: number | null): number | null {
  if (watch === null || limit === null || watch.lag === null || watch.missing !== null) return null;
  return watch.heard + Math.max(limit, Math.round(LAG_FACTOR * watch.lag));
}

/** @param clearedTs time of the reading that ends the silence, null while it goes on */
export function missingAlert(
  { ts, value, limit }: NonNullable<Watch['missing']>,
  clearedTs: number | null,
): AlertChange {
  const state = clearedTs === null ? 'open' : 'cleared';
  return { rule: MISSING_RULE, ts, value, expected: null, score: null, limit, state, clearedTs };
}
