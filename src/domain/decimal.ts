/** No two of its parts can match the same digits: time grows with the length, whatever a stranger has sent. */
const DECIMAL = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?$/i;

/**
 * Reads a decimal number, without space around it: `21.5`, `-3`, `.5`, `1e3`; neither hexadecimal, nor `NaN`, nor digit
 * separators.
 * @returns infinite where it is too large for a double, null for any other text
 */
export function parseDecimal(text: string): number | null {
  return DECIMAL.test(text) ? Number(text) : null;
}
