/** Artifacts by id, and the table that says which is in force where. */
import { EMPTY_TABLE, type ModelTable } from '../../domain/model-table.ts';
import type { ModelStore } from '../store.ts';
import { available, type Database, transaction } from './database.ts';

export function modelStore(database: Database): ModelStore {
  const table = (): ModelTable => {
    const row = database.prepare('SELECT content FROM model_table').raw().get() as [string] | undefined;
    return row ? JSON.parse(row[0]) : EMPTY_TABLE;
  };
  return {
    async putModel(id, artifact) {
      transaction(database, () =>
        database.prepare('INSERT OR IGNORE INTO models VALUES (?, ?)').run(id, artifact),
      );
    },
    async model(id) {
      return available(() => {
        const row = database.prepare('SELECT artifact FROM models WHERE id = ?').raw().get(id);
        return (row as [Uint8Array] | undefined)?.[0] ?? null;
      });
    },
    async models() {
      return available(() => {
        const rows = database.prepare('SELECT id FROM models ORDER BY id').raw().all();
        return (rows as [string][]).map(([id]) => id);
      });
    },
    async modelTable() {
      return available(table);
    },
    async putModelTable(next, expected) {
      return transaction(database, () => {
        if (table().revision !== expected) return false;
        database
          .prepare('INSERT OR REPLACE INTO model_table (one, content) VALUES (1, ?)')
          .run(JSON.stringify(next));
        return true;
      });
    },
  };
}
