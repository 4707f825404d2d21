/** The Redis store on a server without RedisTimeSeries. */
import pino from 'pino';
import { afterAll, beforeAll, describe, onTestFinished } from 'vitest';
import { openRedisStore } from '../../src/store/redis-store.ts';
import { has, RedisServer } from '../helpers/redis-server.ts';
import { storeContract } from './store-contract.ts';

describe.skipIf(!has('redis-server'))('Redis without RedisTimeSeries (needs redis-server)', () => {
  let server: RedisServer;

  beforeAll(async () => {
    server = await RedisServer.start();
  });
  afterAll(() => server.stop());

  storeContract('sorted-set', async (limits) => {
    await server.command('FLUSHALL');
    const store = await openRedisStore({
      url: server.url,
      durability: 'memory',
      logger: pino({ level: 'silent' }),
      ...limits,
    });
    onTestFinished(() => store.close());
    return store;
  });
});
