/**
 * The CSV codec: rows of cells, divided by commas, semicolons or tabs. The document is a list with an object of each row where
 * the columns have names, and a list of cells where they have none. Names come from the source (`columns`), or from a first
 * row in which no cell is a number.
 */
import { parse } from 'csv-parse/sync';
import { bad, type Codec, type CodecContext, why } from './codec.ts';
import { parseNumber } from './number.ts';
import { textOf } from './text.ts';

/** @throws an error of csv-parse */
export function parseCsv(text: string, { decimalComma, columns, maxReadings }: CodecContext): unknown[] {
  const rows = parse(text, {
    delimiter: delimiterOf(text, decimalComma),
    relax_column_count: true,
    skip_empty_lines: true,
    trim: true,
    relax_quotes: true,
    to: maxReadings + 1,
  }) as string[][];
  const names = columns ?? headerOf(rows, decimalComma);
  if (!names) return rows;
  const body = columns && !sameRow(rows[0], columns) ? rows : rows.slice(1);
  return body.map((row) => Object.fromEntries(row.map((cell, i) => [names[i] ?? String(i), cell])));
}

/** The names in the first row: every cell has a text that is no number, no two are the same, and rows follow. */
function headerOf(rows: readonly string[][], decimalComma: boolean): readonly string[] | null {
  const [first] = rows;
  if (!first || rows.length < 2 || new Set(first).size !== first.length) return null;
  return first.every((cell) => cell !== '' && parseNumber(cell, decimalComma) === null) ? first : null;
}

function sameRow(row: readonly string[] | undefined, columns: readonly string[]): boolean {
  return row?.length === columns.length && row.every((cell, i) => cell === columns[i]);
}

/** The one that stands in the first line; a comma that is a decimal mark divides nothing. */
function delimiterOf(text: string, decimalComma: boolean): string {
  const line = text.split('\n', 1)[0]!.replaceAll(/"[^"]*"/g, '');
  const others = ['\t', ';'].find((delimiter) => line.includes(delimiter));
  return others ?? (decimalComma ? ';' : ',');
}

/** Whether a text of several lines is a table with a header: each row has as many cells, and there are numbers. */
export function looksLikeTable(text: string): boolean {
  const lines = text.split(/\r?\n/, 4).filter((line) => line !== '');
  if (lines.length < 2 || text.length > 1_000_000) return false;
  const delimiter = delimiterOf(text, false);
  const cells = lines.slice(0, 3).map((line) => line.split(delimiter).map((cell) => cell.trim()));
  const width = cells[0]!.length;
  if (width < 2 || cells.some(({ length }) => length !== width)) return false;
  const named = cells[0]!.every((cell) => cell !== '' && parseNumber(cell, false) === null);
  return named && cells[1]!.some((cell) => parseNumber(cell, false) !== null);
}

export const csvCodec: Codec = {
  decode(bytes, context) {
    const text = textOf(bytes);
    if (typeof text !== 'string') return text;
    if (text === '') return { document: null };
    try {
      return { document: parseCsv(text, context) };
    } catch (error) {
      return bad('not-csv', `the payload is not CSV: ${why(error)}`);
    }
  },
};
