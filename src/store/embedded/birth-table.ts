/** The newest birth of each sender of Sparkplug B. */
import type { BirthStore } from '../store.ts';
import { available, type Database } from './database.ts';
import { Query } from './query.ts';

export function birthTable(database: Database): BirthStore {
  const read = new Query(database, 'SELECT birth FROM births WHERE sender = ?');
  const write = database.prepare('INSERT OR REPLACE INTO births VALUES (?, ?)');
  const remove = database.prepare('DELETE FROM births WHERE sender = ?');
  return {
    async get(sender) {
      return available(() => (read.first(sender) as [string] | undefined)?.[0] ?? null);
    },
    async put(sender, birth) {
      available(() => write.run(sender, birth));
    },
    async remove(sender) {
      available(() => remove.run(sender));
    },
  };
}
