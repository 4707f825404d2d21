/**
 * Decimals of the numbers of a series. A sensor that measures to 0.01 gets two, also for 21.5. Where its numbers have no
 * end, as those of a computation, the spread decides.
 */

/** A number that needs more digits is one without an end. A double holds 15 to 17. */
const DIGITS = 13;
/** Of numbers without an end, so many steps between the lowest and the highest are told apart. */
const STEPS = 1000;
/** Significant digits of such a number while its series has no spread. */
const FEW = 6;
/** So many values settle the decimals of a series whose numbers have no end. */
const KNOWN = 20;
/** Smaller or greater numbers are written with an exponent, and decide nothing. */
const [LEAST, MOST] = [1e-9, 1e15];

/** @typedef {{ n: number, endless: number, longest: number, min: number, max: number, settled: number | null }} Precision */

/** @returns {Precision} of a series of which nothing is known */
export const unknownPrecision = () => ({
  n: 0,
  endless: 0,
  longest: 0,
  min: Infinity,
  max: -Infinity,
  settled: null,
});

/** @param {number} value */
export const isExponential = (value) =>
  Math.abs(value) >= MOST || (value !== 0 && Math.abs(value) < LEAST) || !Number.isFinite(value);

/** Significant digits and decimals that it takes to write a number in full. @param {number} value */
function lengthOf(value) {
  const [mantissa = '', exponent = '0'] = Math.abs(value).toExponential().split('e');
  const digits = mantissa.replace('.', '').length;
  return { digits, decimals: Math.max(0, digits - 1 - Number(exponent)) };
}

/** Without the error of a sum such as 0.1 + 0.2, which is in the last digits. @param {number} value */
const withoutError = (value) => Number(value.toPrecision(15));

/** @param {number} value @returns {number} decimals that it takes to write it in full */
export function decimalsOf(value) {
  const short = lengthOf(withoutError(value));
  return (short.digits <= DIGITS ? short : lengthOf(value)).decimals;
}

/** Takes a value of the series into account. @param {Precision} precision @param {number} value */
export function learn(precision, value) {
  if (isExponential(value)) return;
  precision.n++;
  precision.min = Math.min(precision.min, value);
  precision.max = Math.max(precision.max, value);
  const { digits, decimals } = lengthOf(withoutError(value));
  if (digits > DIGITS) precision.endless++;
  else precision.longest = Math.max(precision.longest, decimals);
}

/**
 * Decimals of every number of the series. They grow when a longer number comes, and never shrink, so that a column of
 * them stands still.
 * @param {Precision} precision
 */
export function decimalsFor(precision) {
  const { n, endless, longest, min, max } = precision;
  if (precision.settled !== null) return precision.settled;
  if (endless * 2 <= n) return longest;
  const step = max > min ? (max - min) / STEPS : 10 ** (Math.floor(Math.log10(Math.abs(max))) + 1 - FEW);
  const decimals = Math.max(0, Math.min(20, Math.ceil(-Math.log10(step))));
  if (n >= KNOWN) precision.settled = decimals;
  return decimals;
}

/** Of what is computed of the numbers, as a forecast or an average: also where the numbers are whole. @param {number} decimals */
export const computed = (decimals) => Math.max(1, decimals);
