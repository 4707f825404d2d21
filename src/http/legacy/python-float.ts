/**
 * The legacy pages were written by a Python program, and whoever reads them by machine expects its numbers: `13.0`,
 * `1e-05`, `1e+16`. JavaScript and Python choose the same shortest digits for a double; they differ only in where the
 * point stands and when an exponent is used.
 */

/** What Python's `repr(float)` prints. @param value finite */
export function pythonFloat(value: number): string {
  const magnitude = Math.abs(value);
  if (magnitude < 1e16 && (magnitude >= 1e-4 || magnitude === 0)) {
    const text = Object.is(value, -0) ? '-0' : String(value);
    return Number.isInteger(value) ? `${text}.0` : text;
  }
  // Without an argument toExponential gives as many digits as are needed to tell the number from those next to it.
  const [digits = '', exponent = ''] = value.toExponential().split('e');
  return `${digits}e${exponent[0]}${exponent.slice(1).padStart(2, '0')}`;
}
