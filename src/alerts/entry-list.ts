/** A setting that is a list of entries in YAML (of which JSON is a part): rules and receivers are written in this way. */
import { isSeq, LineCounter, parseDocument } from 'yaml';

/** Why a value cannot be used. */
export class Wrong {
  constructor(readonly must: string) {}
}

/** What one entry is read to. Each problem begins with a separator: `, max: must be …`, or `: has no rule`. */
export interface ReadEntry<T> {
  readonly value: T;
  readonly problems: readonly string[];
}

/**
 * Reads the list.
 * @returns the entries, and every problem: each names the entry and its line. With problems the entries are not to be used.
 */
export function readEntryList<T>(
  text: string,
  read: (entry: unknown) => ReadEntry<T>,
): { entries: readonly T[]; problems: readonly string[] } {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const lineOf = (offset: number | undefined) => `line ${lines.linePos(offset ?? 0).line}`;
  if (document.errors.length > 0) {
    const problems = document.errors.map(({ message, pos }) => `${lineOf(pos[0])}: is not YAML: ${message}`);
    return { entries: [], problems };
  }
  let given: unknown;
  try {
    given = document.toJS() ?? [];
  } catch (error) {
    return { entries: [], problems: [`is not YAML: ${(error as Error).message}`] };
  }
  if (!Array.isArray(given)) return { entries: [], problems: ['must be a list of entries, in YAML or JSON'] };
  const nodes = isSeq(document.contents) ? document.contents.items : [];
  const problems: string[] = [];
  const entries = given.map((entry, i) => {
    const range = (nodes[i] as { range?: [number, number, number] } | undefined)?.range;
    const { value, problems: wrong } = read(entry);
    problems.push(...wrong.map((problem) => `entry ${i + 1} (${lineOf(range?.[0])})${problem}`));
    return value;
  });
  return { entries: Object.freeze(entries), problems };
}

/** A list of fields and not a text, a number or a list. */
export function isFields(entry: unknown): entry is Readonly<Record<string, unknown>> {
  return typeof entry === 'object' && entry !== null && !Array.isArray(entry);
}
