/** The Redis store on a server with RedisTimeSeries, which no package brings: TEST_REDIS_URL names one. */
import { Redis } from 'ioredis';
import pino from 'pino';
import { describe, onTestFinished } from 'vitest';
import { openRedisStore } from '../../src/store/redis-store.ts';
import { storeContract } from './store-contract.ts';

const url = process.env.TEST_REDIS_URL;

/** Removes Vigía's keys and nothing else: the server may be somebody's. */
async function clear(): Promise<void> {
  const client = new Redis(url!);
  const keys = await client.keys('vigia:*');
  if (keys.length > 0) await client.del(...keys);
  client.disconnect();
}

describe.skipIf(!url)('Redis with RedisTimeSeries (needs TEST_REDIS_URL)', () => {
  storeContract('timeseries', async (limits) => {
    await clear();
    const store = await openRedisStore({
      url: url!,
      durability: 'memory',
      layout: 'timeseries',
      logger: pino({ level: 'silent' }),
      ...limits,
    });
    onTestFinished(() => store.close());
    return store;
  });
});
