/** One element of a message, with what it stands in. */
import type { Path } from './path.ts';

/** Names by topic level, step of `each`, and of the publisher. */
export type Names = Readonly<Record<string, string | undefined>>;

export interface Item {
  readonly element: unknown;
  /** What it stands in, the innermost first and the whole message last; empty: it is the whole message. */
  readonly above: readonly unknown[];
  readonly path: string;
  readonly names: Names;
}

/** What is there: at the first of the paths that leads anywhere, in the element or else in what it stands in. */
export function lookUp(
  paths: readonly Path[],
  { element, above }: Item,
): { value: unknown; path: Path } | null {
  for (const path of paths) {
    let value = path.first(element);
    // The whole of what the element stands in is not meant by `$`.
    for (let i = 0; value === undefined && i < above.length; i++) value = path.first(above[i]);
    if (value !== undefined) return { value, path };
  }
  return null;
}

export function isScalar(element: unknown): boolean {
  return typeof element !== 'object' || element === null || element instanceof Date;
}
