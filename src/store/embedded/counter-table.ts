/**
 * Counters by name. They count in memory and are written now and then: a visit of the panel must not cost a write to the disk.
 * A process that is killed loses the last few counts.
 */
import type { CounterStore } from '../store.ts';
import { available, type Database } from './database.ts';
import { Query } from './query.ts';

const WRITE_EVERY_MS = 10_000;

export interface CounterTable extends CounterStore {
  /** Writes what was counted since the last write. @throws as `available` */
  write(): void;
}

export function counterTable(database: Database): CounterTable {
  const read = new Query(database, 'SELECT n FROM counters WHERE name = ?');
  const put = new Query(database, 'INSERT OR REPLACE INTO counters VALUES (?, ?) RETURNING n');
  const counts = new Map<string, number>();
  const changed = new Set<string>();
  let writtenAt = performance.now();
  const write = () => {
    writtenAt = performance.now();
    for (const name of changed) {
      available(() => put.first(name, counts.get(name)));
      changed.delete(name);
    }
  };
  return {
    write,
    async increment(counter) {
      const before =
        counts.get(counter) ?? available(() => (read.first(counter) as [number] | undefined)?.[0]) ?? 0;
      counts.set(counter, before + 1);
      changed.add(counter);
      if (performance.now() - writtenAt > WRITE_EVERY_MS) write();
      return before + 1;
    },
  };
}
