/** The Redis store on a server with RedisTimeSeries, which no package brings: TEST_REDIS_URL names one. */
import { Redis, type RedisOptions } from 'ioredis';
import pino from 'pino';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openRedisStore } from '../../src/store/redis-store.ts';
import type { Store } from '../../src/store/store.ts';
import { redisBehaviour } from './redis-behaviour.ts';
import { type StoreLimits, storeContract } from './store-contract.ts';

const DAY = 86_400_000;
const url = process.env.TEST_REDIS_URL;

describe.skipIf(!url)('Redis with RedisTimeSeries (needs TEST_REDIS_URL)', () => {
  function client(): Redis {
    const options: RedisOptions & { replyMapping: 'legacy' } = { protocol: 2, replyMapping: 'legacy' };
    const client = new Redis(url!, options);
    onTestFinished(() => client.disconnect());
    return client;
  }

  let clearedFor = '';
  /** The first store of each test finds none of Vigía's keys; others are left alone: the server may be somebody's. */
  async function open(limits: Partial<StoreLimits> = {}): Promise<Store> {
    const { currentTestName = '' } = expect.getState();
    if (clearedFor !== currentTestName) {
      const cleaner = client();
      const keys = await cleaner.keys('vigia:*');
      if (keys.length > 0) await cleaner.del(...keys);
    }
    clearedFor = currentTestName;
    const store = await openRedisStore({
      url: url!,
      durability: 'memory',
      layout: 'timeseries',
      logger: pino({ level: 'silent' }),
      retention: 30 * DAY,
      deadLetterMax: 5,
      ...limits,
    });
    onTestFinished(() => store.close());
    return store;
  }

  storeContract('timeseries', open);
  redisBehaviour('timeseries', { layout: 'timeseries', open, client });

  const series = { sensor: 's(1)', metric: 'm, x' };
  const key = 'vigia:{s%281%29/m%2C%20x}:value';
  const put = async (
    store: Store,
    samples: { ts: number; value: number }[],
    verdicts = samples.map(({ ts }) => ({ ts, expected: 1, score: 2 })),
  ) => {
    const expectedVersion = (await store.series.load([series]))[0]?.version ?? null;
    const [result] = await store.series.commit([
      {
        series,
        expectedVersion,
        samples,
        verdicts,
        next: {
          state: Uint8Array.of(1),
          snapshots: [],
          oldestSnapshot: 0,
          horizon: -1,
          assignments: [],
          status: 'normal',
        },
        alerts: [],
        duplicates: 0,
      },
    ]);
    return result!;
  };
  const info = async (of: string) => {
    const reply = (await client().call('TS.INFO', of)) as unknown[];
    return new Map(reply.flatMap((name, i) => (i % 2 === 0 ? [[String(name), reply[i + 1]]] : [])));
  };

  it('creates series with labels, retention and rollup rules, and follows a changed RETENTION', async () => {
    const now = Date.now();
    const kept = (days: number) => days * DAY + 3_600_000 + 300_000;
    await put(await open(), [{ ts: now, value: 1 }]);
    const first = await info(key);
    expect(first.get('retentionTime')).toBe(kept(30));
    expect(Object.fromEntries(first.get('labels') as [string, string][])).toEqual({
      sensor: 's%281%29',
      metric: 'm%2C x',
      field: 'value',
    });
    expect((first.get('rules') as unknown[]).length).toBe(8);
    await put(await open({ retention: 10 * DAY }), [{ ts: now + 1, value: 1 }]);
    for (const field of ['value', 'expected', 'score']) {
      expect((await info(key.replace('value', field))).get('retentionTime')).toBe(kept(10));
    }
    expect((await info(`${key}:avg:1m`)).get('retentionTime')).toBe(365 * DAY);
  });

  it('refuses a reading beyond the retention of its key before anything is written', async () => {
    const store = await open({ retention: DAY });
    const now = Date.now();
    await put(store, [{ ts: now, value: 1 }]);
    const result = await put(store, [
      { ts: now - 2 * DAY, value: 1 },
      { ts: now + 1, value: 2 },
    ]);
    expect(result).toMatchObject({ status: 'failed' });
    expect((result as { error: Error }).error.message).toContain(key);
    expect(await store.series.range(series, 0, now + 1)).toHaveLength(1);
  });

  it('makes rollups again that somebody deleted', async () => {
    const store = await open();
    const start = Math.floor(Date.now() / 60_000 - 100) * 60_000;
    await put(store, [{ ts: start, value: 1 }]);
    await client().del(`${key}:max:1m`, `${key}:avg:1m`);
    await put(store, [{ ts: start + 60_000, value: 2 }]);
    await put(store, [{ ts: start + 120_000, value: 3 }]);
    expect(await store.series.buckets(series, start + 60_000, start + 179_999, 60_000, 'max')).toEqual([
      { ts: start + 60_000, value: 2 },
      { ts: start + 120_000, value: 3 },
    ]);
  });

  it('makes the rules of rollups again with the key of the values, whichever bucket is open', async () => {
    const store = await open();
    const start = Math.floor(Date.now() / 60_000 - 100) * 60_000;
    await put(store, [{ ts: start, value: 1 }]);
    await client().del(key);
    await put(store, [{ ts: start + 1, value: 2 }]);
    await put(store, [{ ts: start + 60_000, value: 3 }]);
    expect((await info(key)).get('rules')).toHaveLength(8);
    expect(await store.series.buckets(series, start, start + 119_999, 60_000, 'max')).toEqual([
      { ts: start, value: 2 },
      { ts: start + 60_000, value: 3 },
    ]);
    await client().del(key);
    await put(store, [], [{ ts: start + 60_000, expected: 1, score: 2 }]);
    expect((await info(key)).get('rules')).toHaveLength(8);
  });
});
