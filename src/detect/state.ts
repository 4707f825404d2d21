/**
 * The state of a series: all that the fold over its readings carries from one reading to the next. It is equal on every
 * replica that folded the same readings. state-format.ts says how it is stored.
 */
import type { Peak } from '../domain/alert.ts';
import { type AdaptiveState, createAdaptive } from './adaptive.ts';
import { copyOf } from './doubles.ts';
import { createIntervals, type Intervals } from './intervals.ts';
import type { RateState } from './rate.ts';
import { cloneShadow, type Shadow } from './shadow.ts';
import type { Waiting } from './waiting.ts';

/** The rules that the fold raises alerts by, in the order of their numbers in a stored state. */
export const FOLD_RULES = ['anomaly', 'min', 'max', 'rate'] as const;
export type FoldRule = (typeof FOLD_RULES)[number];

/** The reading that raised an alert which is still open. */
export interface Opening {
  readonly rule: FoldRule;
  readonly ts: number;
  readonly value: number;
  readonly expected: number | null;
  readonly score: number | null;
  readonly limit: number | null;
  /** A later reading that lies farther beyond (peak.ts); absent while the opening itself is the peak. */
  readonly peak?: Peak;
}

/**
 * The numbers of the detector of release 0.1, as that release last left them. They are kept while a state has to be readable
 * by that release, which goes on from them after a roll-back.
 */
export interface FormerDetector {
  readonly active: Float64Array;
  /** Of the shadow; null where the release has not scored with one. */
  readonly shadow: Float64Array | null;
}

export interface SeriesState {
  /** Readings folded so far. */
  count: number;
  /** Timestamp of the newest, -1 before the first. */
  lastTs: number;
  /** The newest values, oldest first: as many as the model's (or its shadow's) window, fewer at the start. */
  values: Float64Array;
  /** Id of the model whose errors the detector has learned, '' before the first reading. */
  model: string;
  warmup: boolean;
  /** In the order in which they were raised, one per rule at most. */
  open: readonly Opening[];
  adaptive: AdaptiveState;
  intervals: Intervals;
  rate: RateState;
  /** Limits that are passed, but not for long enough; one per rule at most. */
  waiting: readonly Waiting[];
  /** The model that scores beside the active one, null where none does. */
  shadow: Shadow | null;
  /** Not null: the state is written so that release 0.1 can read it. */
  former: FormerDetector | null;
  /**
   * The numbers of the detector that were stored belong to another version of it, or to fewer readings than the state: the
   * detector here is a new one, and has to be rebuilt from the stored readings (planning/rebuild.ts).
   */
  outdated: boolean;
}

export function emptyState(former: FormerDetector | null = null): SeriesState {
  return {
    count: 0,
    lastTs: -1,
    values: new Float64Array(0),
    model: '',
    warmup: true,
    open: [],
    adaptive: createAdaptive(),
    intervals: createIntervals(),
    rate: new Float64Array(0),
    waiting: [],
    shadow: null,
    former,
    outdated: false,
  };
}

/** A copy that can be advanced without touching the original. */
export function cloneState(state: SeriesState): SeriesState {
  return {
    ...state,
    adaptive: copyOf(state.adaptive),
    intervals: state.intervals.slice(),
    rate: state.rate.slice(),
    shadow: state.shadow && cloneShadow(state.shadow),
  };
}
