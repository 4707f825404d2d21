/** Bounds of all histograms of durations, s: from one commit of an idle bridge to a short outage of the store. */
export const DURATION_BUCKETS = [
  0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30,
] as const;
