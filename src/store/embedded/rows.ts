/** Reads with one statement. What runs it may be the thread that commits, or a thread of its own. */
import { type SampleText, sampleText, type TextFormat } from '../../domain/sample-text.ts';
import type { ScoredSample } from '../../domain/verdict.ts';
import { available, type Database, type Row } from './database.ts';

export type Parameters = readonly unknown[] | Readonly<Record<string, unknown>>;

/** Both throw StoreUnavailable, or VigiaError where only what the statement reads is at fault. */
export interface Reads {
  rows(sql: string, parameters?: Parameters): Promise<Row[]>;
  /** Of rows with time, value, forecast and score. */
  text(sql: string, parameters: Parameters, format: TextFormat): Promise<SampleText>;
}

export const scored = ([ts, value, expected, score]: Row): ScoredSample =>
  ({ ts, value, expected, score }) as ScoredSample;

/** Reads at once, on the connection that commits. */
export function readsOf(database: Database): Reads {
  const rows = (sql: string, parameters: Parameters = []) =>
    available(() => {
      const values = Array.isArray(parameters) ? parameters : [parameters];
      return database
        .prepare(sql)
        .raw()
        .all(...values) as Row[];
    });
  return {
    rows: async (sql, parameters) => rows(sql, parameters),
    text: async (sql, parameters, format) => sampleText(rows(sql, parameters).map(scored), format),
  };
}
