/**
 * Whether errors have lately been larger than they use to be, each of them unremarkable: the mean of the last 30 or so squashed
 * errors, against the running mean and deviation of that mean itself (after the anomaly likelihood of Lavin and Ahmad
 * 2015, with squashed errors so that a Gaussian tail is usable). In the units of the caller: deviations.
 *
 * Errors are kept as sums of five (blocks), and what is learned lags six blocks behind, so that a slow onset does not
 * become its own yardstick. A recent mean is the numbers `RECENT_MEAN_SLOTS` at `base` of a state.
 */
import { numbered, offsets } from './slots.ts';

const BLOCK = 5;
/** Closed blocks in the recent mean, beside the open one: 26 to 30 errors. */
const BLOCKS = 5;
/** Blocks by which learning lags. */
const LAG = 6;

const SCALARS = [
  'sum',
  'inBlock',
  'closed',
  'learned',
  'mean',
  'variance',
  'errorCount',
  'errorMean',
  'errorVariance',
] as const;
const [SUM, IN_BLOCK, CLOSED, LEARNED, MEAN, VARIANCE, ERROR_COUNT, ERROR_MEAN, ERROR_VARIANCE] =
  offsets(SCALARS);
const RECENT = SCALARS.length;
const LAGGED = RECENT + BLOCKS;
export const RECENT_MEAN_SLOTS = [...SCALARS, ...numbered('recent', BLOCKS), ...numbered('lagged', LAG)];

/** Errors and blocks over which the means and variances reach back. */
const MEMORY = 4000;
/** The deviation is at least this times what independent errors would give their mean, plus this share of the full scale. */
const LEAST_DEVIATION = 0.6;
const RESOLUTION = 0.0003;

/**
 * Takes one error.
 * @param error squashed to 0 to 1, where 1 is the boundary of its tail or more
 * @param learn false while an anomaly lasts: compared, not learned
 * @param uncertain few readings, less certainty: the deviation counts as larger by 1 + uncertain / readings learned
 * @returns deviations above the mean, 0 below it and while too little is known; finite
 */
export function stepRecentMean(
  s: Float64Array,
  base: number,
  error: number,
  learn: boolean,
  uncertain: number,
): number {
  const count = Math.min(s[base + ERROR_COUNT]! + 1, MEMORY);
  s[base + ERROR_COUNT] = count;
  const off = error - s[base + ERROR_MEAN]!;
  s[base + ERROR_MEAN] = s[base + ERROR_MEAN]! + off / count;
  s[base + ERROR_VARIANCE] =
    s[base + ERROR_VARIANCE]! + (off * (error - s[base + ERROR_MEAN]!) - s[base + ERROR_VARIANCE]!) / count;

  s[base + SUM] = s[base + SUM]! + error;
  s[base + IN_BLOCK] = s[base + IN_BLOCK]! + 1;
  const closed = s[base + CLOSED]!;
  let sum = s[base + SUM]!;
  for (let i = 0; i < BLOCKS; i++) sum += s[base + RECENT + i]!;
  const recent = sum / (BLOCK * Math.min(closed, BLOCKS) + s[base + IN_BLOCK]!);
  if (s[base + IN_BLOCK] === BLOCK) closeBlock(s, base, recent, learn);

  const learned = s[base + LEARNED]!;
  if (learned === 0) return 0;
  const independent = s[base + ERROR_VARIANCE]! / (BLOCK * LAG);
  const deviation = Math.sqrt(Math.max(s[base + VARIANCE]!, LEAST_DEVIATION ** 2 * independent));
  const scale = deviation * (1 + uncertain / (BLOCK * learned)) + RESOLUTION;
  return Math.max(0, (recent - s[base + MEAN]!) / scale);
}

function closeBlock(s: Float64Array, base: number, recent: number, learn: boolean): void {
  const closed = s[base + CLOSED]!;
  const lagged = s[base + LAGGED + (closed % LAG)]!;
  s[base + LAGGED + (closed % LAG)] = recent;
  s[base + RECENT + (closed % BLOCKS)] = s[base + SUM]!;
  s[base + SUM] = 0;
  s[base + IN_BLOCK] = 0;
  s[base + CLOSED] = closed + 1;
  if (!learn || closed < 2 * LAG) return;
  const learned = s[base + LEARNED]! + 1;
  s[base + LEARNED] = learned;
  const gain = 1 / Math.min(learned, MEMORY / BLOCK);
  const off = lagged - s[base + MEAN]!;
  s[base + MEAN] = s[base + MEAN]! + gain * off;
  s[base + VARIANCE] = s[base + VARIANCE]! + gain * (off * (lagged - s[base + MEAN]!) - s[base + VARIANCE]!);
}

/** Forgets everything. */
export function resetRecentMean(s: Float64Array, base: number): void {
  s.fill(0, base, base + RECENT_MEAN_SLOTS.length);
}
