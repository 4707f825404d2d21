/** The Redis store on a server without RedisTimeSeries. */
import pino from 'pino';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { openRedisStore } from '../../src/store/redis-store.ts';
import type { SeriesCommit, Store } from '../../src/store/store.ts';
import { has, RedisServer } from '../helpers/redis-server.ts';
import { redisBehaviour } from './redis-behaviour.ts';
import { type StoreLimits, storeContract } from './store-contract.ts';

const DAY = 86_400_000;

describe.skipIf(!has('redis-server'))('Redis without RedisTimeSeries (needs redis-server)', () => {
  let server: RedisServer;

  beforeAll(async () => {
    server = await RedisServer.start();
  });
  afterAll(() => server.stop());

  async function open(limits: Partial<StoreLimits> = {}): Promise<Store> {
    const store = await openRedisStore({
      url: server.url,
      durability: 'memory',
      logger: pino({ level: 'silent' }),
      retention: 30 * DAY,
      deadLetterMax: 5,
      ...limits,
    });
    onTestFinished(() => store.close());
    return store;
  }

  let flushedFor = '';
  /** Opens a store; the first one of each test finds the server empty. */
  async function openClean(limits?: Partial<StoreLimits>): Promise<Store> {
    const { currentTestName = '' } = expect.getState();
    if (flushedFor !== currentTestName) await server.command('FLUSHALL');
    flushedFor = currentTestName;
    return open(limits);
  }

  storeContract('sorted-set', openClean);
  redisBehaviour('sorted-set', {
    layout: 'sorted-set',
    open: openClean,
    client: () => {
      const client = server.client();
      onTestFinished(() => client.disconnect());
      return client;
    },
  });

  const series = { sensor: 's', metric: 'm' };
  const commitOf = (samples: SeriesCommit['samples'], horizon: number): SeriesCommit => ({
    series,
    expectedVersion: null,
    samples,
    verdicts: samples.map(({ ts }) => ({ ts, expected: 1, score: 2 })),
    next: {
      state: Uint8Array.of(1),
      snapshots: [],
      oldestSnapshot: 0,
      horizon,
      assignments: [],
      status: 'normal',
    },
    alerts: [],
    duplicates: 0,
  });

  it('trims what RETENTION no longer covers, but never what a late reading may need', async () => {
    const store = await openClean({ retention: DAY });
    const samples = Array.from({ length: 10 }, (_, i) => ({ ts: i * DAY, value: i }));
    const slow = { sensor: 'slow', metric: 'm' };
    // The horizon of the first commit keeps everything, so that only trim() drops anything here.
    await store.series.commit([commitOf(samples, -1), { ...commitOf(samples, -1), series: slow }]);
    for (const [id, horizon] of [
      [series, 8 * DAY],
      [slow, 2 * DAY],
    ] as const) {
      const expectedVersion = (await store.series.load([id]))[0]!.version;
      await store.series.commit([{ ...commitOf([], horizon), series: id, expectedVersion }]);
    }
    await store.trim(9 * DAY + 1000);
    const days = async (id: typeof series) =>
      (await store.series.range(id, 0, 20 * DAY)).map(({ value }) => value);
    expect(await days(series)).toEqual([9]);
    expect(await days(slow)).toEqual([3, 4, 5, 6, 7, 8, 9]);
    expect(await server.command('ZCARD', 'vigia:{s/m}:expected')).toBe(1);
    expect(await store.series.buckets(series, 0, 20 * DAY, 3_600_000, 'max')).toHaveLength(10);
    await store.trim(400 * DAY);
    // Nine closed minutes are gone; the open one lies in the state.
    expect(await store.series.buckets(series, 0, 20 * DAY, 60_000, 'max')).toHaveLength(1);
    expect(await store.series.buckets(series, 0, 20 * DAY, 3_600_000, 'max')).toHaveLength(10);
  });

  it('reads a range that is longer than a page', async () => {
    const store = await openClean();
    const samples = Array.from({ length: 41_000 }, (_, i) => ({ ts: 1000 + 2 * i, value: i % 7 }));
    await store.series.commit([commitOf(samples, -1)]);
    const found = await store.series.range(series, 0, DAY);
    expect(found).toEqual(samples.map((sample) => ({ ...sample, expected: 1, score: 2 })));
    expect(await store.series.range(series, 1002, 1005)).toHaveLength(2);
  });

  it('trims by itself when an hour closes', async () => {
    const store = await openClean({ retention: DAY });
    const now = Date.now();
    const old = Array.from({ length: 5 }, (_, i) => ({ ts: now - 2 * DAY + i, value: i }));
    await store.series.commit([commitOf(old, now - 3 * DAY)]);
    const expectedVersion = (await store.series.load([series]))[0]!.version;
    await store.series.commit([{ ...commitOf([{ ts: now, value: 9 }], now - 2 * DAY + 2), expectedVersion }]);
    expect((await store.series.range(series, 0, now)).map(({ value }) => value)).toEqual([3, 4, 9]);
  });
});
