/**
 * The numbers of a detector are one flat array. This file gives every number in it a name and every part of it a place,
 * so that no file has to know where the numbers of another one lie.
 */

type Offsets<Names extends readonly string[]> = { readonly [K in keyof Names]: number };

/** The offsets of a part's numbers within that part: 0, 1, 2 and so on, one per name. */
export function offsets<const Names extends readonly string[]>(names: Names): Offsets<Names> {
  return names.map((_, i) => i) as unknown as Offsets<Names>;
}

/** `count` names that begin alike. */
export function numbered(name: string, count: number): string[] {
  return Array.from({ length: count }, (_, i) => `${name}.${i}`);
}

/** The names of a part within a larger one. */
export function within(part: string, names: readonly string[]): string[] {
  return names.map((name) => `${part}.${name}`);
}

export interface Layout<Part extends string> {
  /** Offset of each part's first number. */
  readonly at: Readonly<Record<Part, number>>;
  /** Every number's name, in the order in which they are stored. */
  readonly names: readonly string[];
}

/**
 * Puts parts one behind the other, in the order given.
 * @param parts the name of each and the names of its numbers. The stored order: a new part goes to the end
 * @throws RangeError when two numbers have the same name
 */
export function layout<Part extends string>(
  parts: readonly (readonly [Part, readonly string[]])[],
): Layout<Part> {
  const at: Partial<Record<Part, number>> = {};
  const names: string[] = [];
  for (const [part, slots] of parts) {
    at[part] = names.length;
    names.push(...within(part, slots));
  }
  if (new Set(names).size !== names.length) throw new RangeError('two numbers of the detector have one name');
  return { at: at as Record<Part, number>, names };
}
