/**
 * Reads `timestamp,value` CSV files (the Numenta benchmark's format) as a stream, whatever their size. Rows come in file
 * order; repeated and unsorted timestamps are the caller's business.
 */
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream';
import { parse } from 'csv-parse';
import { parseDecimal } from '../src/domain/decimal.ts';
import { parseIsoTime } from '../src/domain/time.ts';
import { InvalidInput } from '../src/errors.ts';

export interface CsvReading {
  /** ms UTC */
  readonly ts: number;
  readonly value: number;
  /** The timestamp as the file has it. */
  readonly timestamp: string;
  /** Line of the file, the header is line 1. */
  readonly line: number;
}

/**
 * The header must name `timestamp` and `value`, in any order and among other columns. Timestamps: ISO 8601, or
 * `YYYY-MM-DD HH:MM:SS` with an optional fraction; UTC unless they carry a zone; or whole epoch milliseconds.
 * @throws InvalidInput while iterating: field `file` if it cannot be read, else `timestamp` or `value`; the message names
 *   file, line and field
 */
export async function* readTimestampValueCsv(file: string): AsyncGenerator<CsvReading, void, void> {
  let hasHeader = false;
  const parser = parse({ bom: true, columns: header, info: true, skip_empty_lines: true, trim: true });
  // Errors of the file arrive at the parser, and so at the loop below.
  pipeline(createReadStream(file), parser, () => undefined);
  try {
    for await (const { record, info } of parser as AsyncIterable<ParsedRow>) {
      const line = info.lines;
      const { timestamp, value } = record;
      yield {
        ts:
          parseTimestamp(timestamp) ??
          reject('timestamp', `${JSON.stringify(timestamp)} is no timestamp`, line),
        value: parseValue(value) ?? reject('value', `${JSON.stringify(value)} is no finite number`, line),
        timestamp,
        line,
      };
    }
    if (!hasHeader) reject('timestamp', 'the file is empty, a header is required', 1);
  } catch (error) {
    if (error instanceof InvalidInput) throw error;
    const line = error instanceof Error && 'lines' in error ? `, line ${error.lines}` : '';
    throw new InvalidInput('file', `${file}${line}: ${(error as Error).message}`, { cause: error });
  }

  function header(names: string[]): string[] {
    for (const field of ['timestamp', 'value'])
      if (!names.includes(field)) reject(field, 'the header has no such column', 1);
    hasHeader = true;
    return names;
  }

  function reject(field: string, reason: string, line: number): never {
    throw new InvalidInput(field, `${file}, line ${line}, field ${field}: ${reason}`);
  }
}

interface ParsedRow {
  readonly record: { readonly timestamp: string; readonly value: string };
  readonly info: { readonly lines: number };
}

/** Whole epoch milliseconds or ISO 8601, ms UTC; null for anything else. */
function parseTimestamp(text: string): number | null {
  if (!/^\d{1,16}$/.test(text)) return parseIsoTime(text);
  const ts = Number(text);
  return ts <= MAX_TIME ? ts : null;
}

/** The largest time that a Date can hold, ms. */
const MAX_TIME = 8.64e15;

/** Decimal numbers only: neither empty nor hexadecimal nor `Infinity`. */
function parseValue(text: string): number | null {
  const value = parseDecimal(text);
  return value !== null && Number.isFinite(value) ? value + 0 : null;
}
