/** How much room Redis has left: a full one refuses writes, and readings wait at the broker. */
import type { StoreMemory } from '../store.ts';
import { checked, text } from './reply.ts';
import type { Server } from './server.ts';

/** Of the primary that has used the greatest share of its memory. @throws StoreUnavailable */
export async function memory(server: Server): Promise<StoreMemory> {
  const all = await Promise.all(
    (await server.primaries()).map(async ({ node, key }) => {
      const [reply] = await node.run([{ key, args: ['INFO', 'memory'] }]);
      const info = text(checked(reply, 'INFO memory'));
      const field = (name: string) => Number(new RegExp(`^${name}:(\\d+)`, 'm').exec(info)?.[1]);
      return { used: field('used_memory'), max: field('maxmemory') };
    }),
  );
  const share = ({ used, max }: StoreMemory) => (max > 0 ? used / max : 0);
  return all.reduce((fullest, one) => (share(one) > share(fullest) ? one : fullest));
}
