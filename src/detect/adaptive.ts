/**
 * The adaptive detector: raises the alerts on streams, with one setting for every series and every model. A pure, causal
 * function of (state, reading, forecast): no clock, no randomness, no allocation that outlives a step. It learns what
 * is usual for each series and scores a reading by how far it is from that: 1.0 is the boundary of an alarm.
 *
 * The score is the largest of five terms, each of which sees another kind of fault:
 * - jump: the forecast error against the boundary of the errors' own tail (tail.ts): spikes, noise, steps;
 * - range: values that the series has never shown, and that the forecast did not expect either (range.ts);
 * - drift: errors in one direction (drift.ts);
 * - burst: errors larger than they use to be (burst.ts);
 * - stuck: a value that repeats (stuck.ts).
 *
 * An alert is raised by a score of 1 or more, cleared by `CLEAR_AFTER` readings in a row below 1, and no other is raised
 * within `HOLD_OFF` readings of the one before. Until the first `TAIL_WARMUP` forecast errors are known it is warming
 * up: no score. While an alert is young nothing is learned from its readings, so that a fault does not become usual;
 * when it lasts, it does. Only the alert of a stuck sensor stays open as long as the value repeats.
 */
import { BURST_SLOTS, resetBurst, stepBurst } from './burst.ts';
import { DRIFT_SLOTS, resetDrift, stepDrift } from './drift.ts';
import { RANGE_SLOTS, stepRange } from './range.ts';
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

/** Flat, of fixed length: a clone is one slice, and its bytes are what is stored. Made by `createAdaptive` only. */
export type AdaptiveState = Float64Array;

export interface AdaptiveStep {
  /** 1 is the boundary of an alarm; null while it is unknown: too few values for a forecast, or warming up. */
  score: number | null;
  warmup: boolean;
  /** This reading opens an alert. */
  raised: boolean;
  /** This reading closes the open alert. */
  cleared: boolean;
}

/** Readings after an alert is raised within which no other one is. */
export const HOLD_OFF = 75;
/** Readings below the boundary, in a row, that close an alert. */
export const CLEAR_AFTER = 10;
/** Readings after an alert is raised from which nothing is learned while it is open. */
const FREEZE = 75;

/** 1 while an alert is open, else 0. */
const OPEN = 0;
/** Readings since an alert was raised; starts beyond the hold-off. */
const SINCE = 1;
/** Readings below the boundary in a row while an alert is open. */
const BELOW = 2;
/** The largest |value| so far. */
const MAGNITUDE = 3;
const RANGE = 4;
const STUCK = RANGE + RANGE_SLOTS;
const ERRORS = STUCK + STUCK_SLOTS;
const DRIFT = ERRORS + TAIL_SLOTS;
const BURST = DRIFT + DRIFT_SLOTS;
/** The values of whichever tail is warming up: the errors' first, then the drift's. */
const BUFFER = BURST + BURST_SLOTS;
const LENGTH = BUFFER + TAIL_WARMUP;

/** A value this share of the range outside the range is new, if its error is beyond the 99 % quantile by this factor. */
const NEW = 0.05;
const NEW_ERROR = 1.3;
/** This far outside it is new whatever the forecast says. */
const FAR = 0.3;
/** Errors below this share of the largest value are rounding. */
const ROUNDING = 1e-9;
/** Errors count as at most this, so that nothing made of them overflows. */
const LARGEST = Number.MAX_VALUE / 16;
/** Median of |x| of a standard normal distribution. */
const NORMAL_MEDIAN = 0.6745;

/** The state before the first reading. */
export function createAdaptive(): AdaptiveState {
  const s = new Float64Array(LENGTH);
  s[SINCE] = HOLD_OFF;
  return s;
}

/** Forgets what the errors of the previous model were like, as needed after a change of model; warms up again. */
export function resetErrors(s: AdaptiveState): void {
  resetTail(s, ERRORS);
  resetDrift(s, DRIFT);
  resetBurst(s, BURST);
}

/**
 * Advances `s` in place by one reading; the caller owns a copy and calls in ts order.
 * @param value finite, in the units of the series
 * @param expected the forecast of this value from the values before it; null without one, and a forecast that is not
 *   finite counts as none
 * @returns one object that the next call overwrites
 */
export function stepAdaptive(
  s: AdaptiveState,
  _ts: number,
  value: number,
  expected: number | null,
): Readonly<AdaptiveStep> {
  const since = s[SINCE]!;
  const learn = since >= (s[OPEN] === 1 ? FREEZE : CLEAR_AFTER);
  const magnitude = Math.max(s[MAGNITUDE]!, Math.abs(value));
  s[MAGNITUDE] = magnitude;
  const outside = stepRange(s, RANGE, value);
  const stuck = stepStuck(s, STUCK, value, learn);

  let score: number | null = null;
  if (expected !== null && Number.isFinite(expected)) {
    const rounding = ROUNDING * magnitude + Number.MIN_VALUE;
    const error = Math.max(-LARGEST, Math.min(LARGEST, value - expected));
    const size = Math.max(Math.abs(error), rounding);
    if (tailReady(s, ERRORS)) {
      const jump = size / Math.max(tailBoundary(s, ERRORS), 10 * rounding);
      const surprise = size / (NEW_ERROR * tailQ99(s, ERRORS));
      const range = Math.max(Math.min(outside / NEW, surprise), outside / FAR);
      const drift = stepDrift(s, DRIFT, (NORMAL_MEDIAN * error) / tailMedian(s, ERRORS), BUFFER, learn);
      const burst = stepBurst(s, BURST, Math.min(1, jump), learn);
      score = Math.min(Number.MAX_VALUE, Math.max(jump, range, drift, burst, stuck));
      if (learn) learnTail(s, ERRORS, size);
    } else {
      warmTail(s, ERRORS, BUFFER, size);
      if (tailReady(s, ERRORS)) seedBurst(s);
    }
  }
  return alert(s, score);
}

/** The burst term begins with the errors of the warm-up. */
function seedBurst(s: AdaptiveState): void {
  const boundary = tailBoundary(s, ERRORS);
  for (let i = 0; i < TAIL_WARMUP; i++)
    stepBurst(s, BURST, Math.min(1, Math.exp(s[BUFFER + i]!) / boundary), true);
}

const step: AdaptiveStep = { score: null, warmup: true, raised: false, cleared: false };

/** Opens, holds and closes the alert. */
function alert(s: AdaptiveState, score: number | null): AdaptiveStep {
  const since = Math.min(s[SINCE]! + 1, Number.MAX_SAFE_INTEGER);
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
  }
  return step;
}
