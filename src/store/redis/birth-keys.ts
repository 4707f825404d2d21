/** The newest birth of each sender of Sparkplug B: one hash, a field a sender. */
import type { BirthStore } from '../store.ts';
import { BIRTHS_KEY } from './keys.ts';
import { checked, textOrNull } from './reply.ts';
import type { Server } from './server.ts';

export function birthKeys(server: Server): BirthStore {
  const commit = async (args: string[]) => {
    const [reply] = await server.commit([{ key: BIRTHS_KEY, args }]);
    checked(reply, BIRTHS_KEY);
  };
  return {
    async get(sender) {
      const [reply] = await server.run([{ key: BIRTHS_KEY, args: ['HGET', BIRTHS_KEY, sender] }]);
      return textOrNull(checked(reply, BIRTHS_KEY));
    },
    put: (sender, birth) => commit(['HSET', BIRTHS_KEY, sender, birth]),
    remove: (sender) => commit(['HDEL', BIRTHS_KEY, sender]),
  };
}
