/** Limits that are passed, but not yet for as long as the rule wants (`for`): since which reading each has been. */
/** The rules that may have to last, in the order of their numbers in a stored state. */
const LASTING_RULES = ['min', 'max', 'rate'] as const;
export type LastingRule = (typeof LASTING_RULES)[number];

export interface Waiting {
  readonly rule: LastingRule;
  /** Time of the first reading beyond the limit, ms UTC. */
  readonly since: number;
}

/** The part of a state that this file keeps. */
export interface WithWaiting {
  waiting: readonly Waiting[];
}

/** Doubles of a stored list. */
export const WAITING_SLOTS = LASTING_RULES.length;

/** @returns nothing for an empty list: most series have none */
export function waitingNumbers(waiting: readonly Waiting[]): Float64Array {
  if (waiting.length === 0) return new Float64Array(0);
  const numbers = new Float64Array(WAITING_SLOTS).fill(Number.NaN);
  for (const { rule, since } of waiting) numbers[LASTING_RULES.indexOf(rule)] = since;
  return numbers;
}

/** @param numbers what `waitingNumbers` gave */
export function waitingOf(numbers: ArrayLike<number>): Waiting[] {
  return Array.from(numbers).flatMap((since, i) =>
    Number.isNaN(since) ? [] : [{ rule: LASTING_RULES[i]!, since }],
  );
}

/**
 * Whether a limit that a reading has passed has been passed for long enough. If not, the rule waits.
 * @param lasting ms
 */
export function hasLasted(state: WithWaiting, rule: LastingRule, ts: number, lasting: number): boolean {
  const since = state.waiting.find((each) => each.rule === rule)?.since ?? ts;
  stopWaiting(state, rule);
  if (ts - since >= lasting) return true;
  state.waiting = [...state.waiting, { rule, since }];
  return false;
}

/** The limit is not passed any more, or its alert is open. */
export function stopWaiting(state: WithWaiting, rule: LastingRule): void {
  if (state.waiting.length === 0) return;
  state.waiting = state.waiting.filter((each) => each.rule !== rule);
}
