/** Counters of all replicas: one hash, a field a counter. */
import type { CounterStore } from '../store.ts';
import { COUNTERS_KEY } from './keys.ts';
import { checked } from './reply.ts';
import type { Server } from './server.ts';

export function counterKeys(server: Server): CounterStore {
  return {
    async increment(counter) {
      const args = ['HINCRBY', COUNTERS_KEY, counter, '1'];
      const [reply] = await server.commit([{ key: COUNTERS_KEY, args }]);
      return checked(reply, COUNTERS_KEY) as number;
    },
  };
}
