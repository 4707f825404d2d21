// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
const CONTROL = /[\u0000-\u001f\u007f]/;

/** Why `name` cannot name a sensor or metric, null if it can. `maxBytes` counts UTF-8. */
export function nameProblem(name: string, maxBytes: number): string | null {
  if (name.trim() === '') return name === '' ? 'is empty' : 'is blank';
  // As segments of a URL they lead elsewhere, percent-encoded too: nobody could ask for the series.
  if (name === '.' || name === '..') return "must not be '.' or '..'";
  if (Buffer.byteLength(name, 'utf8') > maxBytes) return `is longer than ${maxBytes} bytes`;
  if (CONTROL.test(name)) return 'has a control character';
  // Half of a pair has no UTF-8: all of them would become the same bytes, and two series one.
  if (!name.isWellFormed()) return 'is not well-formed Unicode';
  return null;
}
