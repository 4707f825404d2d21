/** Documents: small texts that a server writes and follows. */
import type { DocumentStore, StoredDocument } from '../store.ts';
import { available, type Database, transaction } from './database.ts';

export function documentTable(database: Database): DocumentStore {
  const stored = (name: string): StoredDocument | null => {
    const row = database.prepare('SELECT revision, content FROM documents WHERE name = ?').raw().get(name);
    if (!row) return null;
    const [revision, content] = row as [number, string];
    return { revision, content };
  };
  return {
    async get(name) {
      return available(() => stored(name));
    },
    async put(name, { revision, content }, expected) {
      return transaction(database, () => {
        if ((stored(name)?.revision ?? 0) !== expected) return false;
        database.prepare('INSERT OR REPLACE INTO documents VALUES (?, ?, ?)').run(name, revision, content);
        return true;
      });
    },
  };
}
