/** Secrets by name. */
import { randomBytes } from 'node:crypto';
import type { SecretStore } from '../store.ts';
import { available, type Database } from './database.ts';

export function secretTable(database: Database): SecretStore {
  const propose = database.prepare('INSERT INTO secrets VALUES (?, ?) ON CONFLICT DO NOTHING');
  const read = database.prepare('SELECT secret FROM secrets WHERE name = ?').raw();
  return {
    async get(name) {
      return available(() => {
        const known = read.get(name) as [Buffer] | undefined;
        if (known) return known[0];
        propose.run(name, randomBytes(32));
        return (read.get(name) as [Buffer])[0];
      });
    },
  };
}
