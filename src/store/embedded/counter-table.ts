/** Counters by name. */
import type { CounterStore } from '../store.ts';
import { available, type Database } from './database.ts';
import { Query } from './query.ts';

export function counterTable(database: Database): CounterStore {
  const add = new Query(
    database,
    'INSERT INTO counters VALUES (?, 1) ON CONFLICT DO UPDATE SET n = n + 1 RETURNING n',
  );
  return {
    async increment(counter) {
      return available(() => (add.first(counter) as [number])[0]);
    },
  };
}
