/** The audit log: one stream, an entry each. */
import type { AuditEntry } from '../../domain/audit.ts';
import type { AuditStore } from '../store.ts';
import { AUDIT_KEY } from './keys.ts';
import { checked, list, type Reply, text } from './reply.ts';
import type { Server } from './server.ts';

/** @param max entries that are kept, about */
export function auditKeys(server: Server, max: number): AuditStore {
  return {
    async add(entries) {
      const calls = entries.map((entry) => ({
        key: AUDIT_KEY,
        args: ['XADD', AUDIT_KEY, 'MAXLEN', '~', String(max), '*', 'entry', JSON.stringify(entry)],
      }));
      for (const reply of await server.commit(calls)) checked(reply, AUDIT_KEY);
    },
    async list(limit, before) {
      const end = before === null ? '+' : `(${before}`;
      const args = ['XREVRANGE', AUDIT_KEY, end, '-', 'COUNT', String(limit)];
      const [reply] = await server.run([{ key: AUDIT_KEY, args }]);
      return list(reply, AUDIT_KEY).map((each) => {
        const [id, fields] = each as readonly [Reply, readonly Reply[]];
        return { position: text(id), ...(JSON.parse(text(fields[1])) as AuditEntry) };
      });
    },
  };
}
