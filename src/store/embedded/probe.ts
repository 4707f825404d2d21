/** Whether the disk takes what a commit writes: the probe of readiness. */
import { randomBytes } from 'node:crypto';
import { StoreUnavailable } from '../../errors.ts';
import { type Database, transaction } from './database.ts';

/** About what a commit of one series writes. */
const BYTES = 8192;

/** @throws StoreUnavailable with the reason */
export function writeProbe(database: Database): void {
  try {
    transaction(database, () =>
      database
        .prepare('INSERT OR REPLACE INTO probe (one, at, bytes) VALUES (1, ?, ?)')
        .run(Date.now(), randomBytes(BYTES)),
    );
  } catch (error) {
    if (error instanceof StoreUnavailable) throw error;
    throw new StoreUnavailable((error as Error).message, { cause: error });
  }
}
