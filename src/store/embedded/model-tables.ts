/** Artifacts by id, and the table that says which is in force where. */
import { EMPTY_TABLE, type ModelTable } from '../../domain/model-table.ts';
import type { ModelStore } from '../store.ts';
import { available, type Database, transaction } from './database.ts';

export function modelTables(database: Database): ModelStore {
  const stored = (): ModelTable => {
    const row = database.prepare('SELECT content FROM model_table').raw().get() as [string] | undefined;
    return row ? JSON.parse(row[0]) : EMPTY_TABLE;
  };
  return {
    async put(id, artifact) {
      transaction(database, () =>
        database.prepare('INSERT OR IGNORE INTO models VALUES (?, ?)').run(id, artifact),
      );
    },
    async get(id) {
      return available(() => {
        const row = database.prepare('SELECT artifact FROM models WHERE id = ?').raw().get(id);
        return (row as [Uint8Array] | undefined)?.[0] ?? null;
      });
    },
    async ids() {
      return available(() => {
        const rows = database.prepare('SELECT id FROM models ORDER BY id').raw().all();
        return (rows as [string][]).map(([id]) => id);
      });
    },
    async bytes() {
      return available(() => {
        const row = database.prepare('SELECT total(length(artifact)) FROM models').raw().get();
        return (row as [number])[0];
      });
    },
    async remove(id) {
      return transaction(
        database,
        () => database.prepare('DELETE FROM models WHERE id = ?').run(id).changes > 0,
      );
    },
    async table() {
      return available(stored);
    },
    async putTable(next, expected) {
      return transaction(database, () => {
        if (stored().revision !== expected) return false;
        database
          .prepare('INSERT OR REPLACE INTO model_table (one, content) VALUES (1, ?)')
          .run(JSON.stringify(next));
        return true;
      });
    },
  };
}
