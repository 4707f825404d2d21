/**
 * The limits of a series on one reading: which alerts of `min`, `max` and `rate` it raises and clears. An alert is raised by a
 * value beyond the limit, or by values that stay beyond it for as long as the rule wants (`for`). It stays open until one is back inside by the hysteresis, so that one excursion is one alert.
 * The alert of a rule that is no longer there is cleared by the next reading.
 */
import type { SeriesRules } from '../domain/alert-rule.ts';
import type { Sample } from '../domain/reading.ts';
import type { Verdict } from '../domain/verdict.ts';
import type { AlertLedger } from './alert-ledger.ts';
import { createRate, stepRate } from './rate.ts';
import type { SeriesState } from './state.ts';
import { hasLasted, type LastingRule, stopWaiting } from './waiting.ts';

const NO_RATE = new Float64Array(0);

/**
 * @param state after the readings before it; its part of the rate is advanced
 * @param previous the value before it, undefined for the first
 */
export function stepLimits(
  state: SeriesState,
  ledger: AlertLedger,
  rules: SeriesRules,
  { ts, value }: Sample,
  { expected, score }: Verdict,
  previous: number | undefined,
): void {
  /** @param excess how far beyond the limit, null where there is no such rule */
  const judge = (rule: LastingRule, limit: number | null, excess: number | null, hysteresis: number) => {
    if (excess === null || (ledger.isOpen(rule) && excess <= -hysteresis)) ledger.clear(rule, ts);
    if (excess === null || excess <= 0 || ledger.isOpen(rule)) stopWaiting(state, rule);
    else if (hasLasted(state, rule, ts, rules.for)) ledger.raise({ rule, ts, value, expected, score, limit });
  };
  const { min, max, rate, hysteresis } = rules;
  judge('min', min, min === null ? null : min - value, hysteresis);
  judge('max', max, max === null ? null : value - max, hysteresis);
  if (rate === null) {
    state.rate = NO_RATE;
    judge('rate', null, null, hysteresis);
    return;
  }
  if (state.rate[0] !== rate.per) state.rate = createRate(rate.per);
  // A sensor that reports less often than `per` is judged by what it has moved since its last reading, for the time it took.
  const spans = Math.max(1, (ts - state.lastTs) / rate.per);
  const since = previous === undefined ? 0 : Math.abs(value - previous) / spans;
  const moved = Math.max(stepRate(state.rate, ts, value), since);
  // Nothing moves less than not at all.
  judge('rate', rate.change, moved - rate.change, Math.min(hysteresis, rate.change));
}
