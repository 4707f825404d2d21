/** Gives the disk back what deleted rows left in the database, where that is much. A little stays for the next rows. */
import { setImmediate as turn } from 'node:timers/promises';
import { available, type Database } from './database.ts';

/** Free pages beyond both, as bytes and as a share of the file, are given back. */
const MUCH_BYTES = 4 * 2 ** 20;
const MUCH_SHARE = 0.25;
/** What stays free, as a share of the file. */
const REST_SHARE = 0.05;
/** Pages that are moved at a time: the event loop waits for that long. */
const SLICE = 200;
/** `PRAGMA auto_vacuum` of a file that can be made smaller bit by bit. */
export const INCREMENTAL = 2;

/** A file of an earlier version is written anew once; ingestion waits for that. @throws StoreUnavailable */
export async function shrink(database: Database): Promise<void> {
  const number = (pragma: string) =>
    available(() => (database.prepare(`PRAGMA ${pragma}`).raw().get() as [number])[0]);
  const free = () => number('freelist_count');
  const pages = number('page_count');
  if (free() * number('page_size') < MUCH_BYTES || free() < MUCH_SHARE * pages) return;
  if (number('auto_vacuum') !== INCREMENTAL) {
    available(() => database.exec(`PRAGMA auto_vacuum = ${INCREMENTAL}; VACUUM`));
  }
  while (free() > REST_SHARE * number('page_count')) {
    const before = free();
    available(() => database.exec(`PRAGMA incremental_vacuum(${SLICE})`));
    if (free() >= before) break;
    await turn();
  }
  // The file is cut when the log is written into it.
  available(() => database.prepare('PRAGMA wal_checkpoint(TRUNCATE)').raw().all());
}
