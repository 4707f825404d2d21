/** The audit log: an entry a row. */
import type { AuditEntry } from '../../domain/audit.ts';
import type { AuditStore } from '../store.ts';
import { available, type Database, transaction } from './database.ts';

/** @param max entries that are kept */
export function auditTable(database: Database, max: number): AuditStore {
  const add = database.prepare('INSERT INTO audit (entry) VALUES (?)');
  const trim = database.prepare('DELETE FROM audit WHERE n <= (SELECT max(n) FROM audit) - ?');
  const list = database.prepare('SELECT n, entry FROM audit WHERE n < ? ORDER BY n DESC LIMIT ?').raw();
  return {
    async add(entries) {
      transaction(database, () => {
        for (const entry of entries) add.run(JSON.stringify(entry));
        trim.run(max);
      });
    },
    async list(limit, before) {
      const from = before === null ? Number.MAX_SAFE_INTEGER : Number(before);
      return available(() =>
        (list.all(from, limit) as [number, string][]).map(([n, entry]) => ({
          position: String(n),
          ...(JSON.parse(entry) as AuditEntry),
        })),
      );
    },
  };
}
