/**
 * Which layout a store uses. The first process on an empty database writes it down, and every later one uses
 * the same layout: otherwise each layout would hold a part of the readings of a series.
 */
import type { Logger } from 'pino';
import { ConfigurationError, StoreUnavailable } from '../../errors.ts';
import { LAYOUT_KEY } from './keys.ts';
import type { LayoutName } from './layout.ts';
import { checked, type Reply, textOrNull } from './reply.ts';
import type { Server } from './server.ts';

/**
 * RedisTimeSeries updates the rollups of a late reading in database 0 alone. A new store has that layout only there; a store
 * that has it elsewhere keeps it.
 * @param database of REDIS_URL
 * @throws ConfigurationError when the server cannot do what is asked for, or holds another layout
 */
export async function chooseLayout(
  server: Server,
  wanted: 'auto' | LayoutName,
  database: number,
  logger: Logger,
): Promise<LayoutName> {
  const module = await hasTimeSeries(server);
  if (wanted === 'timeseries' && !module) {
    throw refused('REDIS_LAYOUT', 'REDIS_LAYOUT=timeseries needs a Redis server with RedisTimeSeries');
  }
  const usable = module && database === 0;
  const first = wanted === 'auto' ? (usable ? 'timeseries' : 'sorted-set') : wanted;
  const write = { key: LAYOUT_KEY, args: ['SET', LAYOUT_KEY, first, 'NX'] };
  const read = { key: LAYOUT_KEY, args: ['GET', LAYOUT_KEY] };
  const mayWrite = first === 'sorted-set' || usable;
  const replies = await server.commit(mayWrite ? [write, read] : [read]);
  const stored = textOrNull(checked(replies.at(-1), LAYOUT_KEY));
  if (stored === null) {
    const why = 'RedisTimeSeries updates the rollups of late readings there alone';
    throw refused('REDIS_LAYOUT', `REDIS_LAYOUT=timeseries needs database 0, not ${database}: ${why}`);
  }
  if (stored !== 'timeseries' && stored !== 'sorted-set') {
    throw refused(
      'REDIS_URL',
      `REDIS_URL: this Redis holds the layout '${stored}', which this version does not know`,
    );
  }
  if (wanted !== 'auto' && stored !== wanted) {
    throw refused('REDIS_LAYOUT', `REDIS_LAYOUT=${wanted}: this Redis holds data in the layout ${stored}`);
  }
  if (stored === 'timeseries') {
    if (!module) {
      const why = 'this Redis holds time series, but its module RedisTimeSeries is not loaded';
      throw refused('REDIS_URL', `REDIS_URL: ${why}`);
    }
    if (database !== 0) {
      logger.warn(
        { database },
        'RedisTimeSeries does not update the rollups of late readings outside database 0',
      );
    }
  } else if (module && wanted === 'auto' && database === 0) {
    logger.warn('Redis has RedisTimeSeries, but its data was written as sorted sets; that layout is kept');
  }
  return stored;
}

/**
 * Whether the layout is still written down. Where it is not, the server has lost its data since the start; it is written down
 * again. @throws StoreUnavailable where another layout is: this is not the store of before
 */
export async function layoutIsKept(server: Server, layout: LayoutName): Promise<boolean> {
  const read = { key: LAYOUT_KEY, args: ['GET', LAYOUT_KEY] };
  const [reply] = await server.run([read]);
  const stored = textOrNull(checked(reply, LAYOUT_KEY));
  if (stored === layout) return true;
  if (stored !== null) {
    const what = `REDIS_URL: this Redis holds the layout ${stored} now, and not ${layout} as at the start`;
    throw new StoreUnavailable(`${what}: restart this process`);
  }
  await server.commit([{ key: LAYOUT_KEY, args: ['SET', LAYOUT_KEY, layout, 'NX'] }]);
  return false;
}

function refused(field: 'REDIS_URL' | 'REDIS_LAYOUT', message: string): ConfigurationError {
  return new ConfigurationError(message, { field });
}

async function hasTimeSeries(server: Server): Promise<boolean> {
  const answers = await Promise.all(
    (await server.primaries()).map(({ node }) =>
      node.run([{ key: '', args: ['COMMAND', 'INFO', 'TS.MADD'] }]),
    ),
  );
  return answers.every(([reply]) => Array.isArray(reply) && (reply as readonly Reply[])[0] !== null);
}
