/**
 * Which layout a store uses. The first process on an empty database writes it down, and every later one keeps to that:
 * a series in two layouts would be two halves.
 */
import type { Logger } from 'pino';
import { ConfigurationError } from '../../errors.ts';
import { LAYOUT_KEY } from './keys.ts';
import type { LayoutName } from './layout.ts';
import { checked, type Reply, textOrNull } from './reply.ts';
import type { Server } from './server.ts';

/** @throws ConfigurationError when the server cannot do what is asked for, or holds another layout */
export async function chooseLayout(
  server: Server,
  wanted: 'auto' | LayoutName,
  logger: Logger,
): Promise<LayoutName> {
  const module = await hasTimeSeries(server);
  if (wanted === 'timeseries' && !module) {
    throw new ConfigurationError('REDIS_LAYOUT=timeseries needs a Redis server with RedisTimeSeries', {
      field: 'REDIS_LAYOUT',
    });
  }
  const chosen = wanted === 'auto' ? (module ? 'timeseries' : 'sorted-set') : wanted;
  const [, reply] = await server.commit([
    { key: LAYOUT_KEY, args: ['SET', LAYOUT_KEY, chosen, 'NX'] },
    { key: LAYOUT_KEY, args: ['GET', LAYOUT_KEY] },
  ]);
  const stored = textOrNull(checked(reply, LAYOUT_KEY));
  if (stored === chosen) return chosen;
  if (stored !== 'timeseries' && stored !== 'sorted-set') {
    throw new ConfigurationError(
      `REDIS_URL: this Redis holds the layout '${stored}', which this version does not know`,
      {
        field: 'REDIS_URL',
      },
    );
  }
  if (wanted !== 'auto') {
    throw new ConfigurationError(`REDIS_LAYOUT=${wanted}: this Redis holds data in the layout ${stored}`, {
      field: 'REDIS_LAYOUT',
    });
  }
  if (stored === 'timeseries') {
    throw new ConfigurationError(
      'REDIS_URL: this Redis holds time series, but its module RedisTimeSeries is not loaded',
      {
        field: 'REDIS_URL',
      },
    );
  }
  logger.warn('Redis has RedisTimeSeries, but its data was written as sorted sets; that layout is kept');
  return stored;
}

async function hasTimeSeries(server: Server): Promise<boolean> {
  const answers = await Promise.all(
    (await server.primaries()).map(({ node }) =>
      node.run([{ key: '', args: ['COMMAND', 'INFO', 'TS.MADD'] }]),
    ),
  );
  return answers.every(([reply]) => Array.isArray(reply) && (reply as readonly Reply[])[0] !== null);
}
