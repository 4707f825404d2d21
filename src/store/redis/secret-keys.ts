/** Secrets that the replicas share: one hash, a field a secret. */
import { randomBytes } from 'node:crypto';
import type { SecretStore } from '../store.ts';
import { SECRETS_KEY } from './keys.ts';
import { checked } from './reply.ts';
import type { Server } from './server.ts';

export function secretKeys(server: Server): SecretStore {
  const read = async (name: string) => {
    const [reply] = await server.run([{ key: SECRETS_KEY, args: ['HGET', SECRETS_KEY, name] }]);
    return checked(reply, SECRETS_KEY) as Buffer | null;
  };
  return {
    async get(name) {
      const known = await read(name);
      if (known) return known;
      // The replica that comes first decides.
      const args = ['HSETNX', SECRETS_KEY, name, randomBytes(32)];
      const [reply] = await server.commit([{ key: SECRETS_KEY, args }]);
      checked(reply, SECRETS_KEY);
      return (await read(name))!;
    },
  };
}
