/** The formats that the replicas write: one hash, a field a kind. */
import type { FormatStore } from '../store.ts';
import { FORMATS_KEY } from './keys.ts';
import { checked, textOrNull } from './reply.ts';
import type { Server } from './server.ts';

export function formatKeys(server: Server): FormatStore {
  const state = async () => {
    const [reply] = await server.run([{ key: FORMATS_KEY, args: ['HGET', FORMATS_KEY, 'state'] }]);
    const format = textOrNull(checked(reply, FORMATS_KEY));
    return format === null ? null : Number(format);
  };
  const write = async (command: 'HSET' | 'HSETNX', format: number) => {
    const args = [command, FORMATS_KEY, 'state', String(format)];
    const [reply] = await server.commit([{ key: FORMATS_KEY, args }]);
    checked(reply, FORMATS_KEY);
  };
  return {
    state,
    async proposeState(format) {
      await write('HSETNX', format);
      return (await state()) ?? format;
    },
    setState: (format) => write('HSET', format),
  };
}
