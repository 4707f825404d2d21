/** Secrets by name. */
import { randomBytes } from 'node:crypto';
import type { SecretStore } from '../store.ts';
import { available, type Database } from './database.ts';
import { Query } from './query.ts';

export function secretTable(database: Database): SecretStore {
  const propose = database.prepare('INSERT INTO secrets VALUES (?, ?) ON CONFLICT DO NOTHING');
  const read = new Query(database, 'SELECT secret FROM secrets WHERE name = ?');
  return {
    async get(name) {
      return available(() => {
        const known = read.first(name) as [Buffer] | undefined;
        if (known) return known[0];
        propose.run(name, randomBytes(32));
        return (read.first(name) as [Buffer])[0];
      });
    },
  };
}
