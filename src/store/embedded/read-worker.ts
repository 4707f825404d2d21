/**
 * Reads the embedded store in a thread of its own, on a connection of its own (read-thread.ts starts it). One message is one
 * statement, and one answer comes back. Rows of numbers and texts travel as blocks of memory, which cost the other thread nothing.
 */
import { parentPort, workerData } from 'node:worker_threads';
import Libsql from 'libsql';
import { sampleText } from '../../domain/sample-text.ts';
import type { Row } from './database.ts';
import type { ReadAnswer, ReadMessage } from './read-thread.ts';
import { scored } from './rows.ts';

const BUSY_MS = 5000;

const port = parentPort!;
const { file, copies } = workerData as { readonly file: string; readonly copies: boolean };
const database = new Libsql(file);
database.pragma(`busy_timeout = ${BUSY_MS}`);
if (!copies) database.pragma('query_only = ON');
const statements = new Map<string, Libsql.Statement>();

port.on('message', (message: ReadMessage | 'close') => {
  if (message === 'close') {
    database.close();
    port.close();
    return;
  }
  try {
    answer(message);
  } catch (error) {
    // libsql does not reset a statement that has failed.
    statements.delete(message.sql);
    const { message: text, code } = error as { message: string; code?: string };
    port.postMessage({ error: { message: text, ...(code !== undefined && { code }) } } satisfies ReadAnswer);
  }
});

function answer({ sql, parameters, text: format }: ReadMessage): void {
  const statement = statements.get(sql) ?? database.prepare(sql);
  statements.set(sql, statement);
  const values = Array.isArray(parameters) ? parameters : [parameters];
  if (copies) {
    statement.run(...values);
    port.postMessage({ rows: [] } satisfies ReadAnswer);
    return;
  }
  const rows = statement.raw().all(...values) as Row[];
  if (format) {
    const page = sampleText(rows.map(scored), format);
    port.postMessage({ page } satisfies ReadAnswer, [page.text.buffer as ArrayBuffer]);
    return;
  }
  const width = rows[0]?.length ?? 0;
  const numbers = rows.every((row) => row.every((value) => value === null || typeof value === 'number'));
  if (width === 0 || !numbers) {
    port.postMessage({ rows } satisfies ReadAnswer);
    return;
  }
  const block = new Float64Array(rows.length * width);
  // SQLite has no NaN: it stands for null.
  rows.forEach((row, i) => {
    for (let j = 0; j < width; j++) block[i * width + j] = (row[j] as number | null) ?? Number.NaN;
  });
  port.postMessage({ block, width } satisfies ReadAnswer, [block.buffer]);
}
