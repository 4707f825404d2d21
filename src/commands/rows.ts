/** A whole `timestamp,value` file in memory, for the commands that need to see all of it. */
import { type CsvReading, readTimestampValueCsv } from '../../devices/timestamp-value-csv.ts';
import { InvalidInput } from '../errors.ts';

/** @throws InvalidInput as `readTimestampValueCsv`; field `input` when there is no row at all */
export async function readRows(file: string): Promise<CsvReading[]> {
  const rows: CsvReading[] = [];
  for await (const row of readTimestampValueCsv(file)) rows.push(row);
  if (rows.length === 0) throw new InvalidInput('input', `${file} has no rows`);
  return rows;
}
