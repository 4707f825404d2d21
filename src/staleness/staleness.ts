/**
 * When a series is stale: it has had no reading for too long. The readings of a series tell its usual interval. The rule says
 * how many intervals, or how much time, is too long. The time is counted from the last commit of new readings.
 *
 * A series is watched only after one of its readings has come in time. So the end of a recording raises no alert. A series
 * whose readings come late gets that delay on top of its limit. So a sensor that sends all readings of an hour together is not
 * stale in between.
 */
import type { AlertChange } from '../domain/alert.ts';
import type { MissingRule } from '../domain/alert-rule.ts';
import type { Sample } from '../domain/reading.ts';
import type { Watch } from '../domain/watch.ts';

export const MISSING_RULE = 'missing';
/** How much of the lag is left with each commit that comes in time. */
const LAG_KEPT = 0.8;
/** By which factor a reading may come later than readings lately did. */
const LAG_FACTOR = 1.5;

/**
 * How long a series may be without a reading, ms; null: for ever.
 * @param interval the usual one, null while it is unknown
 * @param minimum of a limit that is given in intervals, ms
 */
export function staleAfter(rule: MissingRule, interval: number | null, minimum: number): number | null {
  if (rule === null) return null;
  if ('after' in rule) return rule.after;
  return interval === null ? null : Math.max(minimum, Math.round(rule.factor * interval));
}

/**
 * The watch after a commit of new readings.
 * @param appended the readings newer than all before, ascending, at least one
 * @param inTime the series is watched from now on if its newest reading is younger than this, ms; null: it is not
 */
export function watchAfter(
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

/** From when on a series is stale without a new reading, ms; null where it is not watched, or known to be stale. */
export function staleFrom(watch: Watch | null, limit: number | null): number | null {
  if (watch === null || limit === null || watch.lag === null || watch.missing !== null) return null;
  return watch.heard + Math.max(limit, Math.round(LAG_FACTOR * watch.lag));
}

/** @param clearedTs time of the reading that ends the alert, null while the series is stale */
export function missingAlert(
  { ts, value, limit }: NonNullable<Watch['missing']>,
  clearedTs: number | null,
): AlertChange {
  const state = clearedTs === null ? 'open' : 'cleared';
  return { rule: MISSING_RULE, ts, value, expected: null, score: null, limit, state, clearedTs };
}
