/**
 * False alarms are budgeted per day, not per reading: the more often a sensor reports, the rarer an error must be for the same
 * number of false alarms a day. Boundaries are made for a reading every five minutes.
 */
const REFERENCE = 300_000;
/**
 * How fast boundaries rise with the rate of readings, chosen where simulated sensors raise no more alarms a day with a reading every
 * second than with one a minute: of a statistic over many readings by `SLOPE` for each factor e, of a single error by the
 * quantiles of its tail, where `ORDERS` stands for -ln of the probability beyond the boundary.
 */
const SLOPE = 0.1;
const ORDERS = 20;

/** A young sensor has had few occasions for false alarms: boundaries for more than a reading a minute apply once there are so many. */
const MINUTE = 60_000;
const ESTABLISHED = 3000;

/**
 * By what power of e an error must be rarer than one of a sensor that reports every five minutes; 0 for those that report less often.
 * @param interval ms
 * @param readings so far
 */
export function rarer(interval: number, readings: number): number {
  if (interval >= MINUTE) return Math.max(0, Math.log(REFERENCE / interval));
  const share = Math.min(1, readings / ESTABLISHED) ** 2;
  return Math.log(REFERENCE / MINUTE) + Math.log(MINUTE / interval) * share;
}

/** How much higher the boundary of a statistic over many readings has to be. @param rare see `rarer` */
export function raised(rare: number): number {
  return 1 + SLOPE * rare;
}

/**
 * How much farther out such an error lies, on a Weibull tail.
 * @param rare see `rarer`
 * @param weight exponent of the tail (tail.ts): about 0.6 for a Gaussian one, 1 for an exponential one
 */
export function farther(rare: number, weight: number): number {
  return (1 + rare / ORDERS) ** weight;
}
