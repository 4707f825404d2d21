/**
 * States that release 0.1 can read: its format 2. Bridges of both releases may then run on one store, and a roll-back finds
 * every state readable.
 *
 * Release 0.1 demands the numbers of its own detector; they stay as that release last left them. The numbers of this release's
 * detector stand in an annex: behind the ten numbers of the rate rule, where release 0.1 keeps or drops whatever it does not
 * know. The annex names the reading up to which it holds. After a commit of release 0.1 that is no longer the newest one (or the
 * annex is gone), and the detector has to be rebuilt.
 */
import { createAdaptive, DETECTOR_VERSION } from './adaptive.ts';
import { RATE_SLOTS } from './rate.ts';
import type { FormerDetector, SeriesState } from './state.ts';
import { joined, openingNumbers, restNumbers, restOf, shadowNumbers } from './state-sections.ts';

export const FORMER_FORMAT = 2;
/** Doubles of the detector of release 0.1, and what its numbers are before the first reading. */
const FORMER_ADAPTIVE = 190;
const FORMER_SINCE_ALERT = { at: 1, value: 1e6 } as const;

/** Begins an annex: `vigia` in the digits of a phone. */
const MARK = 84442;
/** Doubles of an annex before the detectors. */
const ANNEX_HEADER = 6;
const NO_RATE = new Float64Array(RATE_SLOTS).fill(Number.NaN);

/** For a series that release 0.1 has never seen: that release would begin with a warm-up. */
export function newFormerDetector(): FormerDetector {
  return { active: newFormerNumbers(), shadow: null };
}

function newFormerNumbers(): Float64Array {
  const numbers = new Float64Array(FORMER_ADAPTIVE);
  numbers[FORMER_SINCE_ALERT.at] = FORMER_SINCE_ALERT.value;
  return numbers;
}

/** See `encodeState`. */
export function encodeFormer(state: SeriesState, former: FormerDetector): Uint8Array {
  const { values, rate, open, shadow } = state;
  const annexed = [rate.length > 0 ? rate : NO_RATE, annexHeader(state), state.adaptive];
  if (shadow) annexed.push(shadow.adaptive);
  annexed.push(Float64Array.from(restNumbers(state)));
  let rateCount = 0;
  for (const part of annexed) rateCount += part.length;
  const header = [FORMER_FORMAT, state.count, state.lastTs, state.warmup ? 1 : 0, values.length];
  header.push(FORMER_ADAPTIVE, rateCount, open.length, shadow ? 1 : 0);
  const parts: ArrayLike<number>[] = [header, values, former.active, ...annexed];
  if (shadow) parts.push(shadowNumbers(shadow), former.shadow ?? newFormerNumbers());
  return joined([...parts, ...open.map(openingNumbers)], state);
}

function annexHeader({ count, lastTs, rate, adaptive }: SeriesState): Float64Array {
  return Float64Array.of(MARK, DETECTOR_VERSION, count, lastTs, rate.length > 0 ? 1 : 0, adaptive.length);
}

/** @param state as release 0.1 reads it */
export function readFormer(state: SeriesState): SeriesState {
  const { adaptive, shadow, count, lastTs } = state;
  const known = adaptive.length === FORMER_ADAPTIVE;
  const former = known ? { active: adaptive, shadow: shadow?.adaptive ?? null } : newFormerDetector();
  const rate = state.rate.subarray(0, RATE_SLOTS);
  const annex = state.rate.subarray(RATE_SLOTS);
  const [mark, version, annexCount, annexTs, hasRate, length = 0] = annex;
  if (mark !== MARK) return withNewDetector({ ...state, former, rate });
  const whole = { ...state, former, rate: hasRate === 1 ? rate : rate.subarray(0, 0) };
  const numbers = (shadow ? 2 : 1) * length;
  const detectors = annex.subarray(ANNEX_HEADER, ANNEX_HEADER + numbers);
  const rest = annex.subarray(ANNEX_HEADER + numbers);
  const current = version === DETECTOR_VERSION && length === createAdaptive().length;
  const complete = detectors.length === numbers ? restOf(rest, state.open) : null;
  if (!current || !complete || annexCount !== count || annexTs !== lastTs) return withNewDetector(whole);
  return {
    ...whole,
    ...complete,
    adaptive: detectors.subarray(0, length),
    shadow: shadow && { ...shadow, adaptive: detectors.subarray(length) },
  };
}

/** The state with a detector that has seen nothing yet, to be rebuilt. */
export function withNewDetector(state: SeriesState): SeriesState {
  const shadow = state.shadow && { ...state.shadow, adaptive: createAdaptive(), warmup: true };
  return { ...state, adaptive: createAdaptive(), shadow, warmup: true, outdated: true };
}
