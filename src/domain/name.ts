// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/;
/**
 * Characters that nobody sees, or that turn the direction of what follows: two names would look alike, or a name like
 * another one. The joiners U+200C and U+200D are not among them, which scripts and emoji need.
 */
const INVISIBLE = /[\u00ad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/;

/** Why `name` cannot name a sensor or metric, null if it can. `maxBytes` counts UTF-8. */
export function nameProblem(name: string, maxBytes: number): string | null {
  if (name.trim() === '') return name === '' ? 'is empty' : 'is blank';
  // As segments of a URL they lead elsewhere, percent-encoded too: nobody could ask for the series.
  if (name === '.' || name === '..') return "must not be '.' or '..'";
  if (Buffer.byteLength(name, 'utf8') > maxBytes) return `is longer than ${maxBytes} bytes`;
  if (CONTROL.test(name)) return 'has a control character';
  if (INVISIBLE.test(name)) return 'has an invisible character, or one that turns the direction of writing';
  // Half of a pair has no UTF-8: all of them would become the same bytes, and two series one.
  if (!name.isWellFormed()) return 'is not well-formed Unicode';
  return null;
}
