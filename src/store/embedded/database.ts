/** Opens the database of the embedded store for this process alone, and makes errors of the project of its errors. */
import { chmodSync, existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import Libsql from 'libsql';
import { ConfigurationError, StoreUnavailable, VigiaError } from '../../errors.ts';
import { lockDirectory } from './directory-lock.ts';
import { ADDED_COLUMNS, MIGRATIONS, SCHEMA, SCHEMA_FORMAT } from './schema.ts';

export const DATABASE_FILE = 'vigia.db';
/** What is stored is for the user of the process alone. */
export const OWNER_ONLY = 0o600;
const LOG_BYTES = 16 * 2 ** 20;

export type Database = Libsql.Database;
export type Row = unknown[];

export interface OpenDatabase {
  readonly database: Database;
  readonly file: string;
  /** Closes it and lets go of the directory. */
  close(): void;
}

/**
 * @param directory created if missing
 * @throws ConfigurationError (field DATA_DIR) when it cannot be written, is in use, or holds something else
 */
export function openDatabase(directory: string): OpenDatabase {
  const refuse = (why: string, cause: unknown) =>
    new ConfigurationError(`DATA_DIR '${directory}' ${why}`, { field: 'DATA_DIR', cause });
  try {
    mkdirSync(directory, { recursive: true });
  } catch (error) {
    throw refuse(`cannot be created: ${(error as Error).message}`, error);
  }
  const file = join(directory, DATABASE_FILE);
  let database: Database | undefined;
  let unlock: (() => void) | undefined;
  try {
    unlock = lockDirectory(directory);
    database = new Libsql(file);
    // Of a new file alone: it can be made smaller later, see shrinking.ts.
    database.pragma('auto_vacuum = INCREMENTAL');
    database.pragma('journal_mode = WAL');
    database.pragma('synchronous = FULL');
    // After a burst the log is cut back to this size.
    database.pragma(`journal_size_limit = ${LOG_BYTES}`);
    // Damage is noticed where a page is read, before it spreads.
    database.pragma('cell_size_check = ON');
    database.exec('BEGIN IMMEDIATE');
    const format = (database.prepare('PRAGMA user_version').raw().get() as [number])[0];
    if (format > SCHEMA_FORMAT) throw refuse(`was written by a later version (format ${format})`, undefined);
    database.exec(SCHEMA);
    // 0 is a new database.
    for (let from = format; from > 0 && from < SCHEMA_FORMAT; from++) database.exec(MIGRATIONS[from]!);
    for (const added of ADDED_COLUMNS) addColumn(database, ...added);
    database.exec(`PRAGMA user_version = ${SCHEMA_FORMAT}`);
    database.exec('COMMIT');
    keepToOwner(file);
    const opened = { database, unlock };
    return { database, file, close: () => closeDatabase(opened) };
  } catch (error) {
    database?.close();
    unlock?.();
    if (error instanceof VigiaError) throw error;
    const { code, message } = error as { code?: string; message: string };
    if (code?.startsWith('SQLITE_BUSY')) throw refuse('is in use by another vigia process', error);
    if (code?.startsWith('SQLITE_NOTADB')) throw refuse('holds a vigia.db that is not a database', error);
    if (code?.startsWith('SQLITE_CORRUPT')) throw refuse(`cannot be used: ${DAMAGED_ADVICE}`, error);
    throw refuse(`cannot be written: ${message}`, error);
  }
}

function addColumn(database: Database, table: string, column: string, type: string): void {
  const known = database.prepare('SELECT 1 FROM pragma_table_info(?) WHERE name = ?').get(table, column);
  if (!known) database.exec(`ALTER TABLE ${table} ADD COLUMN ${column} ${type}`);
}

/** Nobody but the owner reads or writes the database and what SQLite keeps beside it. */
function keepToOwner(path: string): void {
  for (const file of [path, `${path}-wal`, `${path}-shm`]) if (existsSync(file)) chmodSync(file, OWNER_ONLY);
}

function closeDatabase({ database, unlock }: { database: Database; unlock: () => void }): void {
  try {
    database.pragma('journal_mode = DELETE');
  } catch {
    // Not while something else reads, and not on a full disk. The log is then read at the next start.
  }
  database.close();
  unlock();
}

/** Runs `work` in one durable transaction; nothing is written where it throws. @throws as `available` */
export function transaction<T>(database: Database, work: () => T): T {
  return available(() => {
    database.exec('BEGIN IMMEDIATE');
    try {
      const result = work();
      database.exec('COMMIT');
      return result;
    } catch (error) {
      // After a failed COMMIT (disk full) SQLite may or may not have rolled back by itself.
      if (database.inTransaction) database.exec('ROLLBACK');
      throw error;
    }
  });
}

/**
 * Runs `work`, and turns what SQLite reports into errors of the project.
 * @throws StoreUnavailable when nothing can be written or read at present: disk full, I/O error, closed
 * @throws VigiaError `store_damaged` or `store_refused` when only what `work` touches is at fault
 */
export function available<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw storeError(error);
  }
}

/** What SQLite says where the same call may succeed later, whatever it touches. */
const NOT_NOW = /^SQLITE_(?:FULL|IOERR|BUSY|LOCKED|CANTOPEN|READONLY|NOMEM|PROTOCOL|INTERRUPT)/;
const DAMAGED = /^SQLITE_(?:CORRUPT|NOTADB)/;
export const DAMAGED_ADVICE = 'the database is damaged: restore a backup';

/** Makes an error of the project of what SQLite reports; see `available`. */
export function storeError(error: unknown): unknown {
  if (error instanceof VigiaError) return error;
  const { code, message } = error as { code?: unknown; message: string };
  const closed = message === 'The database connection is not open';
  if (closed || (typeof code === 'string' && NOT_NOW.test(code))) {
    return new StoreUnavailable(`embedded store: ${message}`, { cause: error });
  }
  // A field that should be JSON is not.
  if (error instanceof SyntaxError || (typeof code === 'string' && DAMAGED.test(code))) {
    return new VigiaError('store_damaged', `embedded store: ${message}: ${DAMAGED_ADVICE}`, { cause: error });
  }
  if (typeof code !== 'string') return error;
  return new VigiaError('store_refused', `embedded store: ${message}`, { cause: error });
}

/**
 * The result of `work`, or `otherwise` of the error where only what `work` touches is at fault.
 * @throws StoreUnavailable
 */
export function tolerant<T>(work: () => T, otherwise: (error: VigiaError) => T): T {
  try {
    return available(work);
  } catch (error) {
    if (error instanceof StoreUnavailable || !(error instanceof VigiaError)) throw error;
    return otherwise(error);
  }
}

/** Reads the whole database. @returns what is damaged, at most ten descriptions, none where all is well */
export function damages(database: Database): string[] {
  const lines = () => {
    const rows = database.prepare('PRAGMA quick_check(10)').raw().all() as [string][];
    return rows.flatMap(([text]) => (text === 'ok' ? [] : text.split('\n').filter((line) => line !== '')));
  };
  return tolerant(lines, ({ message }) => [message]);
}
