/** The simulated devices of `vigia serve`, and the defaults of `vigia devices`. */
export const DEMO = {
  count: 20,
  intervalMs: 1000,
  seed: 1,
  /** How far in the past the first start begins, so that the panel shows readings at once, ms. */
  historyMs: 15 * 60_000,
} as const;
