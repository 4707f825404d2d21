/** The explanation of the alert that was raised last, as numbers of the detector: equal wherever the detector is. */
import { type Explanation, REASONS } from '../domain/verdict.ts';
import { offsets } from './slots.ts';

/** `reason`: 1 + its place in `REASONS`, 0: no alert was raised. `low` and `high` are NaN where the explanation has null. */
export const EXPLANATION_SLOTS = ['reason', 'observed', 'usual', 'low', 'high'] as const;
const [REASON, OBSERVED, USUAL, LOW, HIGH] = offsets(EXPLANATION_SLOTS);

/** @param explanation null: nothing is known of the alert that is open */
export function keepExplanation(s: Float64Array, at: number, explanation: Explanation | null): void {
  s[at + REASON] = explanation ? 1 + REASONS.indexOf(explanation.reason) : 0;
  if (!explanation) return;
  s[at + OBSERVED] = explanation.observed;
  s[at + USUAL] = explanation.usual;
  s[at + LOW] = explanation.low ?? Number.NaN;
  s[at + HIGH] = explanation.high ?? Number.NaN;
}

export function keptExplanation(s: Float64Array, at: number): Explanation | null {
  const reason = REASONS[s[at + REASON]! - 1];
  if (reason === undefined) return null;
  const [low, high] = [s[at + LOW]!, s[at + HIGH]!];
  return {
    reason,
    observed: s[at + OBSERVED]!,
    usual: s[at + USUAL]!,
    low: Number.isNaN(low) ? null : low,
    high: Number.isNaN(high) ? null : high,
  };
}
