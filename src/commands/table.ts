/** Lists on standard output: an aligned table with a header for people, JSON for programs. */

export interface Column<T> {
  readonly title: string;
  readonly cell: (item: T) => string | number;
}

/** Of every command that lists something. */
export const JSON_OPTION = ['--json', 'print JSON instead of a table'] as const;

/** @param none printed instead of a table without rows */
export function printList<T>(
  items: readonly T[],
  columns: readonly Column<T>[],
  { json, none }: { readonly json?: boolean | undefined; readonly none: string },
): void {
  if (json) printJson(items);
  else if (items.length === 0) console.log(none);
  else for (const line of tableLines(items, columns)) console.log(line);
}

/** One item a line, so that the list can be read by people and by line, and is one JSON text. */
export function printJson(items: readonly unknown[]): void {
  if (items.length === 0) console.log('[]');
  else console.log(`[\n${items.map((item) => JSON.stringify(item)).join(',\n')}\n]`);
}

/** Numbers stand at the right of their column. */
export function tableLines<T>(items: readonly T[], columns: readonly Column<T>[]): string[] {
  const cells = items.map((item) => columns.map(({ cell }) => cell(item)));
  const titles = columns.map(({ title }) => title.toUpperCase());
  const widths = titles.map((title, i) =>
    Math.max(title.length, ...cells.map((row) => String(row[i]).length)),
  );
  const line = (row: readonly (string | number)[]) =>
    row
      .map((cell, i) => {
        const numeric = cells.every((other) => typeof other[i] === 'number');
        return numeric ? String(cell).padStart(widths[i]!) : String(cell).padEnd(widths[i]!);
      })
      .join('  ')
      .trimEnd();
  return [line(titles), ...cells.map(line)];
}

/** A time without its milliseconds. @param ms UTC */
export function timeCell(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z');
}
