/** The numbers of the adaptive detector: which there are, in which order they are stored, and what happens to all of them at once. */
import type { Explanation } from '../domain/verdict.ts';
import { ALERT_SLOTS, alignAlert as alignAlertSlots, beginAlert } from './alert-life.ts';
import { EXPLANATION_SLOTS, keepExplanation, keptExplanation } from './explanation.ts';
import { GRAIN_SLOTS } from './grain.ts';
import { PACE_SLOTS } from './pace.ts';
import { layout, numbered } from './slots.ts';
import { resetTail, TAIL_SLOTS, TAIL_WARMUP } from './tail.ts';
import type { Term } from './term.ts';
import { burst } from './terms/burst.ts';
import { drift } from './terms/drift.ts';
import { jump } from './terms/jump.ts';
import { range } from './terms/range.ts';
import { season } from './terms/season.ts';
import { stuck } from './terms/stuck.ts';
import { resetVolatility, VOLATILITY_SLOTS } from './volatility.ts';

/**
 * Names how the numbers of a state are to be understood. It grows with every change after which numbers that were stored before
 * mean something else: the detector of such a series is rebuilt from its stored readings. 1: release 0.1. 3: knows pace and grain.
 * 4: knows why the last alert was raised. 5: knows how large errors are just now.
 */
export const DETECTOR_VERSION = 5;

/** Flat, of fixed length: a clone is one copy, and its bytes are what is stored. Made by `createAdaptive` only. */
export type AdaptiveState = Float64Array;

/**
 * The parts of the detector in the order in which they are stored. A part is found by its name: a new one goes to the end, so that
 * the others stay where they are.
 */
const { at, names } = layout([
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
  ['age', ['days']],
  ['volatility', VOLATILITY_SLOTS],
]);

/** Where each part begins. */
export const AT = at;

/** The name of every number of a state. */
export const ADAPTIVE_SLOTS: readonly string[] = names;

/** A term, where its numbers lie, and where its sensitivity does; -1: its sensitivity is always the same. */
export interface Placed {
  readonly term: Term;
  readonly at: number;
  readonly sensitivity: number;
}
const place = (term: Term): Placed => ({
  term,
  at: AT[term.name],
  sensitivity: names.indexOf(`sensitivity.${term.name}`),
});
/** In the order in which they are asked. */
export const TERMS = [range, stuck, season, jump, drift, burst].map(place);

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
  resetVolatility(s, AT.volatility);
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
