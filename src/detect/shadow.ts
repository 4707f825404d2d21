/**
 * A shadow: a second model that scores the readings of a series beside the active one. It has a detector of its own; what
 * it would have raised is counted, nothing of it is sent. It is part of the state, so replicas agree on it as on
 * everything else, and a promotion goes on with the detector that has learned its errors already, without a warm-up.
 */
import { type AdaptiveState, type AdaptiveStep, resetErrors, stepAdaptive } from './adaptive.ts';
import { copyOf } from './doubles.ts';
import type { SeasonalRing } from './seasonal-ring.ts';

/** Active and shadow model over the same readings of one series. */
export interface Comparison {
  /** Time of the first reading that the shadow saw, ms. */
  readonly since: number;
  /** Readings that both have forecast. */
  readonly readings: number;
  /** Sums of |actual - forecast| over those, in the units of the series. */
  readonly activeError: number;
  readonly shadowError: number;
  /** Alerts raised while neither was warming up. */
  readonly activeAlerts: number;
  readonly shadowAlerts: number;
}

/** What a commit adds to a comparison. A late reading may take an alert back: then it is below zero. */
export type ComparisonGain = Omit<Comparison, 'since'>;

export interface Shadow {
  readonly model: string;
  warmup: boolean;
  adaptive: AdaptiveState;
  comparison: Comparison;
}

/**
 * @param active the active detector: what it knows of the values (range, repeats, season) holds for any model
 * @param since time of the first reading that the shadow will see
 */
export function startShadow(model: string, active: AdaptiveState, since: number): Shadow {
  const adaptive = copyOf(active);
  resetErrors(adaptive);
  return { model, warmup: true, adaptive, comparison: emptyComparison(since) };
}

export function emptyComparison(since: number): Comparison {
  return { since, readings: 0, activeError: 0, shadowError: 0, activeAlerts: 0, shadowAlerts: 0 };
}

export function gain(before: Shadow | null, after: Shadow): ComparisonGain {
  const { comparison: to } = after;
  // A comparison that began anew has nothing from before.
  const same = before?.model === after.model && before.comparison.since === to.since;
  const from = same ? before.comparison : emptyComparison(to.since);
  return {
    readings: to.readings - from.readings,
    activeError: to.activeError - from.activeError,
    shadowError: to.shadowError - from.shadowError,
    activeAlerts: to.activeAlerts - from.activeAlerts,
    shadowAlerts: to.shadowAlerts - from.shadowAlerts,
  };
}

export function cloneShadow(shadow: Shadow): Shadow {
  return { ...shadow, adaptive: copyOf(shadow.adaptive) };
}

/**
 * Advances `shadow` in place by one reading, after the active detector.
 * @param expected the shadow model's forecast
 * @param active what the active model made of the same reading
 * @param season the series' ring: both detectors close the same slots with the same values
 */
export function stepShadow(
  shadow: Shadow,
  ts: number,
  value: number,
  expected: number | null,
  active: Pick<AdaptiveStep, 'raised' | 'warmup'> & { readonly expected: number | null },
  season: SeasonalRing,
): void {
  const { raised, warmup } = stepAdaptive(shadow.adaptive, ts, value, expected, season);
  shadow.warmup = warmup;
  const both = expected !== null && active.expected !== null;
  const ready = !warmup && !active.warmup;
  if (!both && !ready) return;
  const { comparison: so } = shadow;
  shadow.comparison = {
    since: so.since,
    readings: so.readings + (both ? 1 : 0),
    activeError: both ? sum(so.activeError, value - active.expected) : so.activeError,
    shadowError: both ? sum(so.shadowError, value - expected) : so.shadowError,
    activeAlerts: so.activeAlerts + (ready && active.raised ? 1 : 0),
    shadowAlerts: so.shadowAlerts + (ready && raised ? 1 : 0),
  };
}

function sum(errors: number, error: number): number {
  return Math.min(errors + Math.abs(error), Number.MAX_VALUE);
}
