/** The Redis store on a server with RedisTimeSeries. */
import { Redis, type RedisOptions } from 'ioredis';
import pino from 'pino';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { openRedisStore } from '../../src/store/redis-store.ts';
import type { Store } from '../../src/store/store.ts';
import {
  TIMESERIES_URL,
  type TimeseriesServer,
  TURN_MS,
  takeTimeseriesServer,
} from '../helpers/time-series-server.ts';
import { redisBehaviour } from './redis-behaviour.ts';
import { type StoreLimits, storeContract } from './store-contract.ts';

const DAY = 86_400_000;

describe.skipIf(!TIMESERIES_URL)('Redis with RedisTimeSeries (needs TEST_REDIS_URL)', () => {
  let timeseries: TimeseriesServer;
  beforeAll(async () => {
    timeseries = await takeTimeseriesServer();
  }, TURN_MS);
  afterAll(() => timeseries.release());

  function client(): Redis {
    const options: RedisOptions & { replyMapping: 'legacy' } = { protocol: 2, replyMapping: 'legacy' };
    const client = new Redis(timeseries.url, options);
    onTestFinished(() => client.disconnect());
    return client;
  }

  let clearedFor = '';
  /** The first store of each test finds none of Vigía's keys. */
  async function open(limits: Partial<StoreLimits> = {}): Promise<Store> {
    const { currentTestName = '' } = expect.getState();
    if (clearedFor !== currentTestName) await timeseries.clear();
    clearedFor = currentTestName;
    const store = await openRedisStore({
      url: timeseries.url,
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

  it('is the layout of a new store in database 0 alone, where late readings reach the rollups', async () => {
    const url = new URL(timeseries.url);
    url.pathname = '/1';
    const admin = new Redis(url.toString());
    onTestFinished(() => admin.disconnect());
    const at = (layout: 'auto' | 'timeseries') =>
      openRedisStore({
        ...{ url: url.toString(), durability: 'memory', logger: pino({ level: 'silent' }), layout },
        ...{ retention: DAY, deadLetterMax: 5 },
      });
    const clear = () => admin.del('vigia:layout', 'vigia:ping');
    await clear();
    await expect(at('timeseries')).rejects.toThrow(/REDIS_LAYOUT=timeseries needs database 0, not 1/);
    expect(await admin.exists('vigia:layout')).toBe(0);
    const store = await at('auto');
    expect(store.description).toContain('layout sorted-set');
    await store.close();
    await admin.set('vigia:layout', 'timeseries');
    const old = await at('auto');
    expect(old.description).toContain('layout timeseries');
    await old.close();
    await clear();
  });

  it('creates series with labels, retention and rollup rules, and follows changed retentions', async () => {
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
    const rollupRetention = { '1m': 20 * DAY, '1h': 40 * DAY };
    await put(await open({ retention: 10 * DAY, rollupRetention }), [{ ts: now + 1, value: 1 }]);
    for (const field of ['value', 'expected', 'score']) {
      expect((await info(key.replace('value', field))).get('retentionTime')).toBe(kept(10));
    }
    const ofRollup = async (rollup: string) =>
      Promise.all(
        ['avg', 'min', 'max', 'count'].map(async (aggregate) =>
          (await info(`${key}:${aggregate}:${rollup}`)).get('retentionTime'),
        ),
      );
    expect(await ofRollup('1m')).toEqual(Array(4).fill(20 * DAY));
    expect(await ofRollup('1h')).toEqual(Array(4).fill(40 * DAY));
    await put(await open(), [{ ts: now + 2, value: 1 }]);
    expect(await ofRollup('1m')).toEqual(Array(4).fill(365 * DAY));
    expect((await info(key)).get('rules')).toHaveLength(8);
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

  describe('rollups whose rules are gone', () => {
    const MINUTE = 60_000;
    const HOUR = 60 * MINUTE;
    const start = Math.floor(Date.now() / HOUR) * HOUR - 5 * HOUR;
    const sample = (i: number) => ({ ts: start + i * 10_000, value: (i * 37) % 101 });
    const part = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => sample(from + i));

    /** What is done to a slot that moves: every key is restored from its dump. */
    async function restoreKeys(names: (name: string) => boolean): Promise<void> {
      const admin = client();
      const keys = (await admin.keys('vigia:{*')).filter(names);
      const dumps = await Promise.all(keys.map((name) => admin.dumpBuffer(name)));
      if (keys.length > 0) await admin.del(...keys);
      for (const [i, name] of keys.entries()) await admin.restore(name, 0, dumps[i]!);
    }

    async function rollups(store: Store) {
      const all: Record<string, unknown> = {};
      for (const width of [MINUTE, HOUR, 2 * HOUR]) {
        for (const agg of ['avg', 'min', 'max'] as const) {
          all[`${agg} ${width}`] = await store.series.buckets(series, start, start + 5 * HOUR, width, agg);
        }
      }
      return all;
    }

    it.each([
      ['a slot that was moved', (_: string) => true],
      ['a restored key of readings', (name: string) => name.endsWith(':value')],
      ['a restored key of one rollup', (name: string) => name.endsWith(':value:min:1m')],
      ['one of the hours', (name: string) => name.endsWith(':value:count:1h')],
    ])('are made again, and the gap is filled: %s', async (_, names) => {
      const quiet = await open();
      await put(quiet, part(0, 1500));
      const expected = await rollups(quiet);
      await timeseries.clear();
      const store = await open();
      await put(store, part(0, 400));
      expect(await store.lackingRollups!()).toBe(0);
      await restoreKeys(names);
      // Within the minute, within the hour, and over the end of both.
      let restored = 0;
      for (const [from, to] of [
        [400, 402],
        [402, 430],
        [430, 700],
        [700, 701],
        [701, 1499],
        [1499, 1500],
      ] as const) {
        const result = await put(store, part(from, to));
        restored += result.status === 'committed' ? (result.restoredRollups ?? 0) : 0;
      }
      expect(restored).toBeGreaterThan(0);
      expect(await store.lackingRollups!()).toBe(0);
      expect(await rollups(store)).toEqual(expected);
    });

    it('are counted', async () => {
      const store = await open();
      await put(store, part(0, 400));
      await restoreKeys((name) => name.endsWith(':value'));
      expect(await store.lackingRollups!()).toBe(1);
    });

    it('of a rollup whose key was deleted are computed from the readings', async () => {
      const store = await open();
      await put(store, part(0, 400));
      const expected = await store.series.buckets(series, start, start + HOUR, MINUTE, 'max');
      await client().del(`${key}:max:1m`);
      await put(store, part(400, 420));
      expect(await store.series.buckets(series, start, start + HOUR, MINUTE, 'max')).toEqual(expected);
    });
  });
});
