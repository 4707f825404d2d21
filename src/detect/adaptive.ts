/**
 * The adaptive detector: raises the alerts on streams, with one setting for every series and every model. A pure, causal
 * function of (state, reading, forecast, ring): no clock, no randomness. It learns what is usual for each series and
 * scores a reading by how far it is from that: 1.0 is the boundary of an alarm.
 *
 * The score is the largest of six terms (over `ALARM`), each of which sees another kind of fault (terms/):
 * - jump: the forecast error against the boundary of the errors' own tail (tail.ts), unless the series makes such a jump at this
 *   time of other days: spikes, noise, steps;
 * - range: values that the series has never shown, and that the forecast did not quite expect either, or that are far
 *   from all it had shown a while ago;
 * - drift: errors in one direction;
 * - burst: errors larger than they use to be;
 * - season: lately farther from the same time of other days than usual;
 * - stuck: a value that repeats.
 *
 * Until the first `TAIL_WARMUP` forecast errors are known the detector is warming up: no score. While an alert is young
 * nothing is learned from its readings, so that a fault does not become usual; when the alert lasts, it does. Only the alert of a
 * stuck sensor stays open as long as the value repeats.
 */
import type { Explanation } from '../domain/verdict.ts';
import {
  ALERT_SLOTS,
  alignAlert as alignAlertSlots,
  beginAlert,
  mayLearn,
  sinceAlert,
  stepAlert,
} from './alert-life.ts';
import { EXPLANATION_SLOTS, keepExplanation, keptExplanation } from './explanation.ts';
import { GRAIN_SLOTS, grainOf, learnGrain } from './grain.ts';
import { keepPace, PACE_SLOTS, paceChanged, stepPace, usualPace } from './pace.ts';
import type { SeasonalRing } from './seasonal-ring.ts';
import { desensitise, echo, recover } from './sensitivity.ts';
import { layout, numbered } from './slots.ts';
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
import type { Term, TermReading } from './term.ts';
import { burst } from './terms/burst.ts';
import { drift, driftReady } from './terms/drift.ts';
import { jump, jumpBoundary } from './terms/jump.ts';
import { insideRange, range, shownWidth } from './terms/range.ts';
import { season, seasonalStep, slotsClosed, stepSeason, suspectSlot } from './terms/season.ts';
import { stuck } from './terms/stuck.ts';

export { CLEAR_AFTER, HOLD_OFF } from './alert-life.ts';

/**
 * Names how the numbers of a state are to be understood. It grows with every change after which numbers that were stored before
 * mean something else: the detector of such a series is rebuilt from its stored readings. 1: release 0.1. 3: knows pace and grain.
 * 4: knows why the last alert was raised.
 */
export const DETECTOR_VERSION = 4;

/** Flat, of fixed length: a clone is one copy, and its bytes are what is stored. Made by `createAdaptive` only. */
export type AdaptiveState = Float64Array;

export interface AdaptiveStep {
  /** 1 is the boundary of an alarm; null while it is unknown: too few values for a forecast, or warming up. */
  score: number | null;
  warmup: boolean;
  /** Why the score is what it is: the term with the largest score. Null without a score, and where no term says anything. */
  explanation: Explanation | null;
  /** This reading opens an alert. */
  raised: boolean;
  /** This reading closes the open alert. */
  cleared: boolean;
  /** This reading closed a slot of the season: one entry of the ring was written. */
  slotClosed: boolean;
}

/**
 * The parts of the detector in the order in which they are stored. A part is found by its name: a new one goes to the end, so that
 * the others stay where they are.
 */
const { at: AT, names } = layout([
  ['alert', ALERT_SLOTS],
  ['magnitude', ['largest']],
  ['sensitivity', [drift.name, burst.name, season.name]],
  [range.name, range.slots],
  [stuck.name, stuck.slots],
  [jump.name, jump.slots],
  ['errors', TAIL_SLOTS],
  [drift.name, drift.slots],
  [burst.name, burst.slots],
  [season.name, season.slots],
  // The values of whichever tail is warming up: the errors', then the drift's, then the season's.
  ['buffer', numbered('value', TAIL_WARMUP)],
  ['pace', PACE_SLOTS],
  ['grain', GRAIN_SLOTS],
  ['stale', ['readings']],
  ['explanation', EXPLANATION_SLOTS],
]);

/** The name of every number of a state. */
export const ADAPTIVE_SLOTS: readonly string[] = names;

/** A term, where its numbers lie, and where its sensitivity does; -1: its sensitivity is always the same. */
interface Placed {
  readonly term: Term;
  readonly at: number;
  readonly sensitivity: number;
}
const place = (term: Term): Placed => ({
  term,
  at: AT[term.name],
  sensitivity: names.indexOf(`sensitivity.${term.name}`),
});
const TERMS = [range, stuck, season, jump, drift, burst].map(place);
/** What each term said of the last reading. */
const scores = new Float64Array(TERMS.length);

/** Errors below this share of the largest value are rounding. */
const ROUNDING = 1e-9;
/** Errors count as at most this, so that nothing made of them overflows. */
const LARGEST = Number.MAX_VALUE / 16;
/**
 * What the largest term must reach: six terms raise more alarms together than each alone. Chosen where the NAB development half
 * stays under 0.6 false alarms per 1,000 rows with models of three trainings; from 1.02 to 1.04 nothing else changes.
 */
const ALARM = 1.03;

/** Errors up to this many grains are no news. */
const GRAINS = 1.6;
/** An error is minor up to this share of the width of what the series has shown. */
const MINOR = 0.02;
/** A gap is longer than this many usual intervals. The forecasts of as many readings after it as a window has see values of before it. */
const GAP = 5;
const STALE = 10;
/**
 * Boundaries are made for one reading a minute or fewer. The more readings a day there are, the higher the boundaries must be for as few
 * false alarms a day: by so much for each factor e. The jump's rises by the root of it, or spikes of 6 deviations would be missed.
 */
const MINUTE = 60_000;
const HASTE = 0.04;

/** By how much a boundary is raised for a sensor that reports more often than once a minute. */
function haste(interval: number): number {
  return interval >= MINUTE ? 1 : 1 + HASTE * Math.log(MINUTE / interval);
}

/** The state before the first reading. */
export function createAdaptive(): AdaptiveState {
  const s = new Float64Array(names.length);
  beginAlert(s, AT.alert);
  return s;
}

/**
 * After a rebuild: an alert is open exactly if the series has one. The detector may have judged the stored readings differently
 * from the one that raised alerts on them.
 */
export function alignAlert(s: AdaptiveState, open: boolean): void {
  if (alignAlertSlots(s, AT.alert, open)) keepExplanation(s, AT.explanation, null);
}

/** Why the alert was raised that is open, or that was open last; null where that is not known. */
export function lastRaised(s: AdaptiveState): Explanation | null {
  return keptExplanation(s, AT.explanation);
}

/**
 * Forgets what the errors of the previous model were like, as needed after a change of model; warms up again. Range, repeats
 * and season are of the values, and stay.
 */
export function resetErrors(s: AdaptiveState): void {
  resetTail(s, AT.errors);
  for (const { term, at } of TERMS) term.forget?.(s, at);
}

/**
 * Goes on with what another detector of the same series has learned, the shadow's of a model that is promoted. Which alert
 * is open, and since when none may be raised, stays.
 */
export function adoptErrors(s: AdaptiveState, from: AdaptiveState): void {
  const kept = s.slice(AT.alert, AT.alert + ALERT_SLOTS.length);
  const explanation = lastRaised(s);
  s.set(from);
  s.set(kept, AT.alert);
  keepExplanation(s, AT.explanation, explanation);
}

/** One object for every reading: the terms look at it while `stepAdaptive` runs. */
const reading: TermReading = {
  ts: 0,
  value: 0,
  ring: null,
  interval: 0,
  grain: 0,
  rounding: 0,
  learn: false,
  judged: false,
  error: 0,
  size: 0,
  boundary: 0,
  median: 0,
  q99: 0,
  seasonalStep: 0,
  inside: true,
  fromSeason: 0,
  buffer: AT.buffer,
  bufferFree: false,
};
const step: AdaptiveStep = {
  score: null,
  warmup: true,
  explanation: null,
  raised: false,
  cleared: false,
  slotClosed: false,
};

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
  const since = sinceAlert(s, AT.alert);
  const magnitude = Math.max(s[AT.magnitude]!, Math.abs(value));
  s[AT.magnitude] = magnitude;
  reading.ts = ts;
  reading.value = value;
  reading.ring = ring;
  reading.rounding = ROUNDING * magnitude + Number.MIN_VALUE;
  reading.learn = mayLearn(s, AT.alert);
  const elapsed = stepPace(s, AT.pace, ts);
  reading.interval = usualPace(s, AT.pace);
  if (tailReady(s, AT.errors) && paceChanged(s, AT.pace)) resetErrors(s);
  reading.grain = Math.max(reading.rounding, grainOf(s, AT.grain));
  learnGrain(s, AT.grain, value, elapsed);
  const stale = elapsed > GAP * reading.interval ? STALE : Math.max(0, s[AT.stale]! - 1);
  s[AT.stale] = stale;
  reading.bufferFree = tailReady(s, AT.errors) && driftReady(s, AT.drift);
  const closed = slotsClosed(s, AT.season);
  reading.fromSeason = ring === null ? Number.POSITIVE_INFINITY : stepSeason(s, AT.season, ring, ts, value);
  step.slotClosed = slotsClosed(s, AT.season) !== closed;

  const forecast = expected !== null && Number.isFinite(expected);
  const known = forecast && tailReady(s, AT.errors);
  reading.judged = known && stale !== STALE;
  if (forecast) lookAtError(s, value - expected, stale);
  const tired = echo(since);
  const hasty = haste(reading.interval);
  let largest = 0;
  let deciding: Placed | null = null;
  for (let i = 0; i < TERMS.length; i++) {
    const placed = TERMS[i]!;
    const { term, at, sensitivity } = placed;
    const decayed = sensitivity < 0 ? 1 : recover(s, sensitivity) * tired;
    const score = term.step(s, at, reading) / (term.limit * decayed * (term.hasty ? hasty : 1));
    scores[i] = score;
    if (score > largest) {
      largest = score;
      deciding = placed;
    }
  }
  if (largest >= ALARM) suspectSlot(s, AT.season, reading.error);
  if (reading.judged && reading.learn && stale === 0) learnTail(s, AT.errors, reading.size);
  if (forecast && !known) warmErrors(s);
  const score = known ? Math.min(Number.MAX_VALUE, largest / ALARM) : null;
  step.explanation = score === null || deciding === null ? null : explain(s, deciding, score);
  return alert(s, score);
}

/** What the deciding term has found, against what would have been usual. */
function explain(s: AdaptiveState, { term, at }: Placed, score: number): Explanation {
  const { value, error, judged } = reading;
  const observed = term.observed?.(s, at, reading) ?? term.limit * score;
  // Half the range of the doubles: a band around any value is finite.
  const half = judged ? Math.min(LARGEST, ALARM * jumpBoundary(s, AT.jump, reading)) : Number.NaN;
  return {
    reason: term.name,
    observed: Math.min(observed, LARGEST),
    usual: Math.min(observed / score, LARGEST),
    low: judged ? Math.max(-Number.MAX_VALUE, value - error - half) : null,
    high: judged ? Math.min(Number.MAX_VALUE, value - error + half) : null,
  };
}

/** Gives the terms the error of this reading, and what errors are usual where that is known. */
function lookAtError(s: AdaptiveState, error: number, stale: number): void {
  reading.error = Math.max(-LARGEST, Math.min(LARGEST, error));
  reading.size = Math.max(Math.abs(reading.error), reading.rounding);
  if (!reading.judged) return;
  const minor = 2 * MINOR * shownWidth(s, AT.range);
  const end = Math.max(tailBoundary(s, AT.errors), minor, GRAINS * reading.grain, 10 * reading.rounding);
  reading.boundary = end * (1 + stale / STALE) * Math.sqrt(haste(reading.interval));
  reading.median = tailMedian(s, AT.errors);
  reading.inside = insideRange(s, AT.range, reading.value, GRAINS * reading.grain);
  reading.seasonalStep = 0;
  if (reading.ring !== null && reading.size > reading.boundary)
    reading.seasonalStep = seasonalStep(s, AT.season, reading.ring, reading.ts, reading.error);
  reading.q99 = tailQ99(s, AT.errors);
}

/** Takes one of the first errors; the last of them lets the terms begin. */
function warmErrors(s: AdaptiveState): void {
  warmTail(s, AT.errors, AT.buffer, reading.size);
  if (!tailReady(s, AT.errors)) return;
  reading.boundary = Math.max(tailBoundary(s, AT.errors), 10 * reading.rounding);
  keepPace(s, AT.pace);
  for (const { term, at } of TERMS) term.begin?.(s, at, reading);
}

/** Opens, holds and closes the alert. */
function alert(s: AdaptiveState, score: number | null): AdaptiveStep {
  const change = stepAlert(s, AT.alert, score !== null && score >= 1, reading.interval);
  step.score = score;
  step.warmup = score === null;
  step.raised = change === 'raised';
  step.cleared = change === 'cleared';
  if (change !== 'raised') return step;
  keepExplanation(s, AT.explanation, step.explanation);
  for (let i = 0; i < TERMS.length; i++) {
    const { term, at, sensitivity } = TERMS[i]!;
    if (scores[i]! < 1) continue;
    term.raised?.(s, at, reading);
    if (sensitivity >= 0) desensitise(s, sensitivity, term.desensitised);
  }
  return step;
}
