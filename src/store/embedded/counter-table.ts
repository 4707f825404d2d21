/** Counters by name. */
import type { CounterStore } from '../store.ts';
import { available, type Database } from './database.ts';

export function counterTable(database: Database): CounterStore {
  const add = database
    .prepare('INSERT INTO counters VALUES (?, 1) ON CONFLICT DO UPDATE SET n = n + 1 RETURNING n')
    .raw();
  return {
    async increment(counter) {
      return available(() => (add.get(counter) as [number])[0]);
    },
  };
}
