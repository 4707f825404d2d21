/**
 * The short script for one new reading does what the script of all commits does. A commit says `newest` to have the short one
 * tried; without it the other is called.
 */
import { Redis, type RedisOptions } from 'ioredis';
import pino from 'pino';
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import type { SeriesId } from '../../src/domain/series.ts';
import { openRedisStore } from '../../src/store/redis-store.ts';
import type { CommitResult, SeriesCommit, Store } from '../../src/store/store.ts';
import {
  TIMESERIES_URL,
  type TimeseriesServer,
  TURN_MS,
  takeTimeseriesServer,
} from '../helpers/time-series-server.ts';

const DAY = 86_400_000;
const MINUTE = 60_000;
const START = Math.floor(Date.now() / MINUTE) * MINUTE - 60 * MINUTE;
const FIELDS = ['value', 'expected', 'score', 'value:avg:1m', 'value:count:1m', 'value:max:1h'];

describe.skipIf(!TIMESERIES_URL)('one new reading in RedisTimeSeries (needs TEST_REDIS_URL)', () => {
  let timeseries: TimeseriesServer;
  let store: Store;
  let redis: Redis;

  beforeAll(async () => {
    timeseries = await takeTimeseriesServer();
  }, TURN_MS);
  afterAll(() => timeseries.release());
  beforeEach(async () => {
    await timeseries.clear();
    const options: RedisOptions & { replyMapping: 'legacy' } = { protocol: 2, replyMapping: 'legacy' };
    redis = new Redis(timeseries.url, options);
    onTestFinished(() => redis.disconnect());
    store = await openRedisStore({
      ...{ url: timeseries.url, durability: 'memory', layout: 'timeseries' },
      ...{ logger: pino({ level: 'silent' }), retention: 30 * DAY, deadLetterMax: 5 },
    });
    onTestFinished(() => store.close());
  });

  /** The version that each series has. */
  const versions = new Map<string, string>();

  function commitOf(sensor: string, ts: number, over: Partial<SeriesCommit> = {}): SeriesCommit {
    const watch = { interval: 1000, heard: ts, lag: null, missing: null };
    return {
      series: { sensor, metric: 'm' },
      expectedVersion: versions.get(sensor) ?? null,
      samples: [{ ts, value: ts % 977 }],
      verdicts: [{ ts, expected: 1 / 3, score: 0.1 }],
      next: {
        ...{ state: Uint8Array.of(1, ts % 251, 0, 13, 10), snapshots: [], oldestSnapshot: 0, horizon: -1 },
        ...{ status: 'normal' as const, watch },
        ...(!versions.has(sensor) && { assignments: [] }),
      },
      alerts: [],
      duplicates: 0,
      ...over,
    };
  }

  async function commit(each: SeriesCommit): Promise<CommitResult> {
    const [result] = await store.series.commit([each]);
    if (result!.status === 'committed') versions.set(each.series.sensor, result!.version);
    return result!;
  }

  /** All that is stored of a series but its random version. */
  async function stored(sensor: string): Promise<unknown> {
    const state = await redis.hgetallBuffer(`vigia:{${sensor}/m}:state`);
    delete state.v;
    const samples = FIELDS.map((field) => redis.call('TS.RANGE', `vigia:{${sensor}/m}:${field}`, '-', '+'));
    return { state, samples: await Promise.all(samples) };
  }

  beforeEach(() => versions.clear());

  /** How often the script of all commits has run: it alone asks for the eight fields of a head. */
  async function scriptCalls(work: () => Promise<unknown>): Promise<number> {
    const monitor = await redis.duplicate().monitor();
    onTestFinished(() => monitor.disconnect());
    let whole = 0;
    let over: () => void = () => {};
    const ended = new Promise<void>((resolve) => {
      over = resolve;
    });
    monitor.on('monitor', (_time: string, [name, ...args]: string[]) => {
      if (name?.toUpperCase() === 'HMGET' && args.length === 9) whole++;
      if (name?.toUpperCase() === 'ECHO' && args[0] === 'over') over();
    });
    await work();
    await redis.echo('over');
    await ended;
    return whole;
  }

  it('leaves the same behind as the script of all commits', async () => {
    const times = [0, 1, 2, 900, 59_999, 60_000, 60_001, 61_000, 200_000, 200_500, 3_700_000, 3_700_001];
    let newest = -1;
    const odd: Partial<SeriesCommit>[] = [
      {},
      { verdicts: [] },
      { duplicates: 2 },
      { verdicts: [{ ts: 0, expected: null, score: 0.5 }] },
      { verdicts: [{ ts: 0, expected: 2, score: null }] },
    ];
    for (const [i, offset] of times.entries()) {
      const ts = START - 60 * MINUTE + offset;
      const over = odd[i % odd.length]!;
      const fitted = {
        ...over,
        ...(over.verdicts && { verdicts: over.verdicts.map((v) => ({ ...v, ts })) }),
      };
      await commit(commitOf('short', ts, { ...fitted, newest }));
      await commit(commitOf('whole', ts, fitted));
      newest = ts;
    }
    const { state, samples } = (await stored('whole')) as { state: object; samples: unknown[][] };
    expect(samples[0]).toHaveLength(times.length);
    expect(await stored('short')).toEqual({ state, samples });
  });

  it('is committed by the short script alone', async () => {
    await commit(commitOf('s', START));
    const short = () => commit(commitOf('s', START + 1000, { newest: START }));
    expect(await scriptCalls(short)).toBe(0);
    const closing = () => commit(commitOf('s', START + MINUTE, { newest: START + 1000 }));
    expect(await scriptCalls(closing)).toBe(1);
  });

  it('conflicts with what another has committed, and writes nothing', async () => {
    await commit(commitOf('s', START));
    const mine = commitOf('s', START + 2000, { newest: START });
    await commit(commitOf('s', START + 1000));
    const before = await stored('s');
    const result = await commit(mine);
    expect(result).toMatchObject({ status: 'conflict', current: { version: versions.get('s') } });
    expect(await stored('s')).toEqual(before);
  });

  it('is refused where a key holds something else, and writes nothing', async () => {
    await commit(commitOf('s', START));
    await redis.del('vigia:{s/m}:score');
    await redis.set('vigia:{s/m}:score', 'mine');
    expect(await commit(commitOf('s', START + 1000, { newest: START }))).toMatchObject({ status: 'failed' });
    expect(await redis.call('TS.RANGE', 'vigia:{s/m}:value', '-', '+')).toHaveLength(1);
  });

  it('is committed where the memory of the caller is wrong about the newest reading', async () => {
    await commit(commitOf('s', START + 5000));
    await commit(commitOf('s', START + 1000, { newest: START }));
    const series: SeriesId = { sensor: 's', metric: 'm' };
    expect((await store.series.newest(series, 9)).map(({ ts }) => ts - START)).toEqual([1000, 5000]);
  });

  it('waits for the outbox: an alert before it is relayed as ever', async () => {
    await store.alertStream.addTarget('target');
    await commit(commitOf('s', START));
    const alert = { rule: 'anomaly', ts: START + 1000, value: 9, expected: 5, score: 2, limit: null };
    await commit(
      commitOf('s', START + 1000, {
        ...{ newest: START, alerts: [{ ...alert, state: 'open', clearedTs: null }] },
      }),
    );
    for (const i of [2, 3, 4])
      await commit(commitOf('s', START + i * 1000, { newest: START + (i - 1) * 1000 }));
    const { entries } = await store.alertStream.backlog('target', 'holder', 1000, 9);
    expect(entries).toHaveLength(1);
    expect(await redis.hget('vigia:{s/m}:state', 'b')).toBe('0');
  });
});
