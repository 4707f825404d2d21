/** Whether errors have lately been larger than they use to be, each of them unremarkable (recent-mean.ts). */
import { RECENT_MEAN_SLOTS, resetRecentMean, stepRecentMean } from '../recent-mean.ts';
import { TAIL_WARMUP } from '../tail.ts';
import type { Term } from '../term.ts';

/** Deviations of the recent mean that are an anomaly, and how uncertain they are with few readings (recent-mean.ts). */
const DEVIATIONS = 4.5;
const UNCERTAIN = 40;

export const burst: Term = {
  name: 'burst',
  slots: RECENT_MEAN_SLOTS,
  limit: DEVIATIONS,
  hasty: true,
  desensitised: 0.25,
  step(s, at, { judged, size, rounding, slowBoundary, learn }) {
    if (!judged) return 0;
    return stepRecentMean(s, at, size <= rounding ? 0 : Math.min(1, size / slowBoundary), learn, UNCERTAIN);
  },
  begin(s, at, { boundary, buffer }) {
    seedRecentMean(s, at, buffer, boundary, UNCERTAIN);
  },
  forget: resetRecentMean,
};

/** Lets a recent mean begin with the values that a tail has just gathered in the buffer. */
export function seedRecentMean(
  s: Float64Array,
  at: number,
  buffer: number,
  boundary: number,
  uncertain: number,
): void {
  for (let i = 0; i < TAIL_WARMUP; i++)
    stepRecentMean(s, at, Math.min(1, Math.exp(s[buffer + i]!) / boundary), true, uncertain);
}
