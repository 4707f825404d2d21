/**
 * Holds DATA_DIR for one process. Several threads of it read the database, so the database itself cannot be locked for good: a
 * file beside it is. The lock is the operating system's on the open file, so it dies with the process whatever killed it.
 */
import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import Libsql from 'libsql';

const LOCK_FILE = 'vigia.db-lock';

/**
 * @returns what lets go of it
 * @throws an error with code SQLITE_BUSY where another process holds it
 */
export function lockDirectory(directory: string): () => void {
  const file = join(directory, LOCK_FILE);
  const lock = new Libsql(file);
  try {
    // Nothing is written, and a journal would be one more file.
    lock.pragma('journal_mode = OFF');
    lock.exec('BEGIN EXCLUSIVE');
    chmodSync(file, 0o600);
  } catch (error) {
    lock.close();
    throw error;
  }
  return () => {
    lock.exec('ROLLBACK');
    lock.close();
  };
}
