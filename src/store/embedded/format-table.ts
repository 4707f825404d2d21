/** The formats that are written, by kind. */
import type { FormatStore } from '../store.ts';
import { available, type Database } from './database.ts';
import { Query } from './query.ts';

export function formatTable(database: Database): FormatStore {
  const read = new Query(database, "SELECT n FROM formats WHERE kind = 'state'");
  const propose = database.prepare("INSERT INTO formats VALUES ('state', ?) ON CONFLICT DO NOTHING");
  const set = database.prepare("INSERT OR REPLACE INTO formats VALUES ('state', ?)");
  const state = () => (read.first() as [number] | undefined)?.[0] ?? null;
  return {
    async state() {
      return available(state);
    },
    async proposeState(format) {
      return available(() => {
        propose.run(format);
        return state() ?? format;
      });
    },
    async setState(format) {
      available(() => set.run(format));
    },
  };
}
