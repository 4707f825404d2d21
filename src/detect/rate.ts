/**
 * How far a series moves within a time: the largest difference between the value and those of the last `per` ms. Kept as
 * the extremes of quarters of that time, so that its size does not depend on how many readings there are.
 */

/** The quarters looked back at, the one of the newest reading among them. */
const QUARTERS = 4;
/** Length of a state: `per`, number of the newest quarter, then low and high of the quarters, the newest first. */
export const RATE_SLOTS = 2 + 2 * QUARTERS;

/** The state where a series has a rule of rate, empty where it has none. */
export type RateState = Float64Array;

/** The state before the first reading, and after a change of `per`. */
export function createRate(per: number): RateState {
  const state = new Float64Array(RATE_SLOTS).fill(Number.NaN);
  state[0] = per;
  return state;
}

/**
 * Takes in a reading, in place.
 * @returns how far it is from the farthest value of the last `per` ms (of three to four quarters of them), 0 where there
 *   is none
 */
export function stepRate(state: RateState, ts: number, value: number): number {
  const quarter = Math.floor((ts * QUARTERS) / state[0]!);
  const passed = quarter - state[1]!;
  if (!(passed < QUARTERS)) state.fill(Number.NaN, 2);
  else if (passed > 0) {
    state.copyWithin(2 + 2 * passed, 2, RATE_SLOTS - 2 * passed);
    state.fill(Number.NaN, 2, 2 + 2 * passed);
  }
  state[1] = quarter;
  let moved = 0;
  for (let i = 2; i < RATE_SLOTS; i += 2) {
    const [low, high] = [state[i]!, state[i + 1]!];
    if (!Number.isNaN(low)) moved = Math.max(moved, value - low, high - value);
  }
  state[2] = Number.isNaN(state[2]!) ? value : Math.min(state[2]!, value);
  state[3] = Number.isNaN(state[3]!) ? value : Math.max(state[3]!, value);
  return moved;
}
