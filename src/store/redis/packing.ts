/**
 * Whether replicas pack older samples of the layout `sorted-set` into blocks (lua/blocks.lua), which earlier versions cannot
 * read. A new store does so from its first replica on. A store that has series of before does so once somebody says that no
 * replica of an earlier version will come back (REDIS_PACKING=on). All later replicas then do so too.
 */
import { FORMATS_KEY, SERIES_KEY } from './keys.ts';
import { checked, textOrNull } from './reply.ts';
import type { Server } from './server.ts';

export type Packing = 'auto' | 'on' | 'off';

const PLAIN = '1';
const PACKED = '2';

/** @returns whether to pack @throws StoreUnavailable, or VigiaError `store_key` */
export async function choosePacking(server: Server, wanted: Packing): Promise<boolean> {
  if (wanted === 'off') return false;
  const write = async (command: 'HSET' | 'HSETNX', format: string) => {
    const args = [command, FORMATS_KEY, 'samples', format];
    const [reply] = await server.commit([{ key: FORMATS_KEY, args }]);
    checked(reply, FORMATS_KEY);
  };
  const read = async () => {
    const [reply] = await server.run([{ key: FORMATS_KEY, args: ['HGET', FORMATS_KEY, 'samples'] }]);
    return textOrNull(checked(reply, FORMATS_KEY));
  };
  if (wanted === 'on') await write('HSET', PACKED);
  else if ((await read()) === null) {
    const [count] = await server.run([{ key: SERIES_KEY, args: ['SCARD', SERIES_KEY] }]);
    await write('HSETNX', checked(count, SERIES_KEY) === 0 ? PACKED : PLAIN);
  }
  return (await read()) === PACKED;
}
