/**
 * The adaptive detector: raises the alerts on streams, with one setting for every series and every model. A pure, causal
 * function of (state, reading, forecast, ring): no clock, no randomness. It learns what is usual for each series and
 * scores a reading by how far it is from that: 1.0 is the boundary of an alarm.
 *
 * The score is the largest of six terms (over `ALARM`), each of which sees another kind of fault:
 * - jump: the forecast error against the boundary of the errors' own tail (tail.ts), unless the series jumps like that at
 *   this time of other days (season.ts) or uses to jump so far (known-jumps.ts): spikes, noise, steps;
 * - range: values that the series has never shown, and that the forecast did not quite expect either, or that are far
 *   from all it had shown a while ago (range.ts);
 * - drift: errors in one direction (drift.ts);
 * - burst: errors larger than they use to be (burst.ts);
 * - season: lately farther from the same time of other days than usual (season.ts, burst.ts);
 * - stuck: a value that repeats (stuck.ts).
 *
 * An alert is raised by a score of 1 or more, cleared by `CLEAR_AFTER` readings in a row below 1, and no other is raised
 * within `HOLD_OFF` readings of the one before. Until the first `TAIL_WARMUP` forecast errors are known it is warming
 * up: no score. While an alert is young nothing is learned from its readings, so that a fault does not become usual;
 * when it lasts, it does. Only the alert of a stuck sensor stays open as long as the value repeats.
 */
import { BURST_SLOTS, resetBurst, stepBurst } from './burst.ts';
import { DRIFT_SLOTS, driftReady, resetDrift, stepDrift } from './drift.ts';
import { echo, recover, tire } from './fatigue.ts';
import { fadeJumps, JUMP_SLOTS, knownJump, rememberJump, resetJumps } from './known-jumps.ts';
import { RANGE_SLOTS, stepRange } from './range.ts';
import { SEASON_SLOTS, slotsClosed, stepSeason } from './season.ts';
import type { SeasonalRing } from './seasonal-ring.ts';
import { STUCK_SLOTS, stepStuck } from './stuck.ts';
import {
  learnTail,
  resetTail,
  TAIL_SLOTS,
  TAIL_WARMUP,
  tailBoundary,
  tailMedian,
  tailQ99,
  tailReady,
  warmTail,
} from './tail.ts';

/** Flat, of fixed length: a clone is one copy, and its bytes are what is stored. Made by `createAdaptive` only. */
export type AdaptiveState = Float64Array;

export interface AdaptiveStep {
  /** 1 is the boundary of an alarm; null while it is unknown: too few values for a forecast, or warming up. */
  score: number | null;
  warmup: boolean;
  /** This reading opens an alert. */
  raised: boolean;
  /** This reading closes the open alert. */
  cleared: boolean;
  /** This reading closed a slot of the season: one entry of the ring was written. */
  slotClosed: boolean;
}

/** Readings after an alert is raised within which no other one is. */
export const HOLD_OFF = 75;
/** Readings below the boundary, in a row, that close an alert. */
export const CLEAR_AFTER = 10;
/** Readings after an alert is raised from which nothing is learned while it is open. */
const FREEZE = 75;
/**
 * The same once the alert is closed. A fault may pause for `CLEAR_AFTER` readings and go on: what is learned of it then stays in
 * the tail for thousands of readings and hides the next spike.
 */
const REST = 40;

/** 1 while an alert is open, else 0. */
const OPEN = 0;
/** Readings since an alert was raised; begins far beyond the hold-off. */
const SINCE = 1;
/** Readings below the boundary in a row while an alert is open. */
const BELOW = 2;
/** The largest |value| so far. */
const MAGNITUDE = 3;
const DRIFT_FATIGUE = 4;
const BURST_FATIGUE = 5;
const SEASON_FATIGUE = 6;
const RANGE = 7;
const STUCK = RANGE + RANGE_SLOTS;
const JUMPS = STUCK + STUCK_SLOTS;
const ERRORS = JUMPS + JUMP_SLOTS;
const DRIFT = ERRORS + TAIL_SLOTS;
const BURST = DRIFT + DRIFT_SLOTS;
const SEASON = BURST + BURST_SLOTS;
const SEASON_TAIL = SEASON + SEASON_SLOTS;
const SEASON_BURST = SEASON_TAIL + TAIL_SLOTS;
/** The values of whichever tail is warming up: the errors', then the drift's, then the season's. */
const BUFFER = SEASON_BURST + BURST_SLOTS;
const LENGTH = BUFFER + TAIL_WARMUP;

/** A value this share of the range outside the range is new, if its error is beyond the 99 % quantile by this factor. */
const NEW = 0.05;
const NEW_ERROR = 1.15;
/** This far outside what was the range a while ago it is new whatever the forecast says. */
const FAR = 0.3;
/** Deviations of the recent mean that are an anomaly, and how uncertain they are with few readings (burst.ts). */
const BURST_DEVIATIONS = 4.5;
const BURST_UNCERTAIN = 40;
const SEASON_DEVIATIONS = 3.8;
const SEASON_UNCERTAIN = 100;
/** How much an alert tires the term that raised it. */
const DRIFT_TIRES = 0.15;
const BURST_TIRES = 0.25;
const SEASON_TIRES = 0.15;
/** Errors below this share of the largest value are rounding. */
const ROUNDING = 1e-9;
/** Errors count as at most this, so that nothing made of them overflows. */
const LARGEST = Number.MAX_VALUE / 16;
/**
 * What the largest term must reach: six terms raise more alarms together than each alone. Chosen where the NAB development half
 * stays under 0.6 false alarms per 1,000 rows with models of three trainings; from 1.02 to 1.04 nothing else changes.
 */
const ALARM = 1.03;
/** Median of |x| of a standard normal distribution. */
const NORMAL_MEDIAN = 0.6745;

/** The state before the first reading. */
export function createAdaptive(): AdaptiveState {
  const s = new Float64Array(LENGTH);
  s[SINCE] = 1e6;
  return s;
}

/**
 * Forgets what the errors of the previous model were like, as needed after a change of model; warms up again. Range, repeats
 * and season are of the values, and stay. (A season that is itself still warming up begins again: it shares the buffer.)
 */
export function resetErrors(s: AdaptiveState): void {
  resetJumps(s, JUMPS);
  resetTail(s, ERRORS);
  resetDrift(s, DRIFT);
  resetBurst(s, BURST);
  if (!tailReady(s, SEASON_TAIL)) resetTail(s, SEASON_TAIL);
}

/**
 * Goes on with what another detector of the same series has learned, the shadow's of a model that is promoted. Which alert
 * is open, and since when none may be raised, stays.
 */
export function adoptErrors(s: AdaptiveState, from: AdaptiveState): void {
  const kept = [OPEN, SINCE, BELOW].map((slot) => [slot, s[slot]!] as const);
  s.set(from);
  for (const [slot, value] of kept) s[slot] = value;
}

/** The terms of one reading; 1 and more is unusual. Overwritten by each. */
const terms = { jump: 0, range: 0, drift: 0, burst: 0, season: 0, stuck: 0 };
const step: AdaptiveStep = { score: null, warmup: true, raised: false, cleared: false, slotClosed: false };

/**
 * Advances `s` in place by one reading; the caller owns a copy and calls in ts order. About 0.4 µs, 0.9 µs with a ring.
 * @param ts ms UTC; only the season looks at it
 * @param value finite, in the units of the series
 * @param expected the forecast of this value from the values before it; null without one, and a forecast that is not
 *   finite counts as none
 * @param ring what the season of this series is kept in, for all of its readings or for none; written to when a slot
 *   closes
 * @returns one object that the next call overwrites
 */
export function stepAdaptive(
  s: AdaptiveState,
  ts: number,
  value: number,
  expected: number | null,
  ring: SeasonalRing | null = null,
): Readonly<AdaptiveStep> {
  const since = s[SINCE]!;
  const learn = since >= (s[OPEN] === 1 ? FREEZE : REST);
  const magnitude = Math.max(s[MAGNITUDE]!, Math.abs(value));
  s[MAGNITUDE] = magnitude;
  const rounding = ROUNDING * magnitude + Number.MIN_VALUE;
  const { outside, excursion } = stepRange(s, RANGE, value);
  const closed = slotsClosed(s, SEASON);
  const fromSeason = ring === null ? Number.POSITIVE_INFINITY : stepSeason(s, SEASON, ring, ts, value);
  step.slotClosed = slotsClosed(s, SEASON) !== closed;
  fadeJumps(s, JUMPS);
  const tired = echo(since);
  terms.stuck = stepStuck(s, STUCK, value, learn);
  terms.season = season(s, fromSeason, rounding, learn) / (recover(s, SEASON_FATIGUE) * tired);
  const driftFatigue = recover(s, DRIFT_FATIGUE) * tired;
  const burstFatigue = recover(s, BURST_FATIGUE) * tired;

  if (expected === null || !Number.isFinite(expected)) return alert(s, null, 0);
  const error = Math.max(-LARGEST, Math.min(LARGEST, value - expected));
  const size = Math.max(Math.abs(error), rounding);
  if (!tailReady(s, ERRORS)) {
    warmTail(s, ERRORS, BUFFER, size);
    if (tailReady(s, ERRORS)) seedBurst(s, ERRORS, BURST, BURST_UNCERTAIN);
    return alert(s, null, size);
  }
  const boundary = Math.max(tailBoundary(s, ERRORS), 10 * rounding);
  terms.jump = Math.min(size, fromSeason) / Math.max(boundary, knownJump(s, JUMPS));
  const surprise = size / (NEW_ERROR * tailQ99(s, ERRORS));
  terms.range = Math.max(Math.min(outside / NEW, surprise), excursion / FAR);
  const deviations = (NORMAL_MEDIAN * error) / tailMedian(s, ERRORS);
  terms.drift = stepDrift(s, DRIFT, deviations, BUFFER, learn) / driftFatigue;
  terms.burst =
    stepBurst(s, BURST, Math.min(1, size / boundary), learn, BURST_UNCERTAIN) /
    (BURST_DEVIATIONS * burstFatigue);
  if (learn) learnTail(s, ERRORS, size);
  const largest = Math.max(terms.jump, terms.range, terms.drift, terms.burst, terms.season, terms.stuck);
  return alert(s, Math.min(Number.MAX_VALUE, largest / ALARM), size);
}

/** The season term. Its tail warms up when the others have left the buffer. */
function season(s: AdaptiveState, distance: number, rounding: number, learn: boolean): number {
  if (distance === Number.POSITIVE_INFINITY) return 0;
  const size = Math.min(LARGEST, Math.max(distance, rounding));
  if (tailReady(s, SEASON_TAIL)) {
    const error = Math.min(1, size / tailBoundary(s, SEASON_TAIL));
    if (learn) learnTail(s, SEASON_TAIL, size);
    return stepBurst(s, SEASON_BURST, error, learn, SEASON_UNCERTAIN) / SEASON_DEVIATIONS;
  }
  if (tailReady(s, ERRORS) && driftReady(s, DRIFT)) {
    warmTail(s, SEASON_TAIL, BUFFER, size);
    if (tailReady(s, SEASON_TAIL)) seedBurst(s, SEASON_TAIL, SEASON_BURST, SEASON_UNCERTAIN);
  }
  return 0;
}

/** A burst term begins with the values of the warm-up, which are in the buffer. */
function seedBurst(s: AdaptiveState, tail: number, burst: number, uncertain: number): void {
  const boundary = tailBoundary(s, tail);
  for (let i = 0; i < TAIL_WARMUP; i++)
    stepBurst(s, burst, Math.min(1, Math.exp(s[BUFFER + i]!) / boundary), true, uncertain);
}

/** Opens, holds and closes the alert. */
function alert(s: AdaptiveState, score: number | null, size: number): AdaptiveStep {
  const since = s[SINCE]! + 1;
  s[SINCE] = since;
  step.score = score;
  step.warmup = score === null;
  step.raised = false;
  step.cleared = false;
  const anomalous = score !== null && score >= 1;
  if (s[OPEN] === 1) {
    s[BELOW] = anomalous ? 0 : s[BELOW]! + 1;
    if (s[BELOW] === CLEAR_AFTER) {
      s[OPEN] = 0;
      step.cleared = true;
    }
  } else if (anomalous && since > HOLD_OFF) {
    s[OPEN] = 1;
    s[SINCE] = 0;
    s[BELOW] = 0;
    step.raised = true;
    if (terms.jump >= 1) rememberJump(s, JUMPS, size);
    if (terms.drift >= 1) tire(s, DRIFT_FATIGUE, DRIFT_TIRES);
    if (terms.burst >= 1) tire(s, BURST_FATIGUE, BURST_TIRES);
    if (terms.season >= 1) tire(s, SEASON_FATIGUE, SEASON_TIRES);
  }
  return step;
}
