/** What the database holds, and up to how much it can grow. */
import { statfs } from 'node:fs/promises';
import type { StoreMemory } from '../store.ts';
import { available, type Database } from './database.ts';

/** Free pages of the database count as room. @throws StoreUnavailable */
export async function diskRoom(database: Database, directory: string): Promise<StoreMemory> {
  const number = (name: string) => (database.prepare(`PRAGMA ${name}`).raw().get() as [number])[0];
  const used = available(() => (number('page_count') - number('freelist_count')) * number('page_size'));
  const free = available(() => number('freelist_count') * number('page_size'));
  const { bavail, bsize } = await statfs(directory);
  return { used, max: used + free + bavail * bsize };
}
