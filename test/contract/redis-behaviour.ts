/** What the Redis store promises beyond the store contract, the same in both layouts. */
import type { Redis } from 'ioredis';
import { beforeEach, describe, expect, it } from 'vitest';
import type { AlertChange } from '../../src/domain/alert.ts';
import type { SeriesCommit, Store } from '../../src/store/store.ts';
import { waitFor } from '../helpers/wait-for.ts';
import type { StoreLimits } from './store-contract.ts';

const DAY = 86_400_000;
const HOUR = 3_600_000;
const NOW = Date.now();
const T0 = NOW - (NOW % HOUR) - 5 * HOUR;
const SERIES = { sensor: 's', metric: 'm' };

export interface RedisUnderTest {
  readonly layout: 'timeseries' | 'sorted-set';
  open(limits?: Partial<StoreLimits>): Promise<Store>;
  /** A client of the same server, which goes when the test ends. */
  client(): Redis;
}

const alert = (ts: number, over: Partial<AlertChange> = {}): AlertChange => ({
  rule: 'anomaly',
  ts,
  value: 9,
  expected: 5,
  score: 1.5,
  limit: null,
  state: 'open',
  clearedTs: null,
  ...over,
});

const next = (over: Partial<NonNullable<SeriesCommit['next']>> = {}) => ({
  state: Uint8Array.of(1, 2, 3),
  snapshots: [],
  oldestSnapshot: 0,
  horizon: -1,
  assignments: [{ from: 0, model: 'm' }],
  status: 'normal' as const,
  ...over,
});

const commitOf = (expectedVersion: string | null, over: Partial<SeriesCommit> = {}): SeriesCommit => ({
  series: SERIES,
  expectedVersion,
  samples: [],
  verdicts: [],
  next: next(),
  alerts: [],
  duplicates: 0,
  ...over,
});

/** Everything under `vigia:*`, comparable. */
async function contents(client: Redis): Promise<Map<string, unknown>> {
  const found = new Map<string, unknown>();
  for (const key of (await client.keys('vigia:*')).sort()) {
    const type = await client.type(key);
    if (type === 'hash') found.set(key, await client.hgetall(key));
    else if (type === 'zset') found.set(key, await client.call('ZRANGE', key, '0', '-1', 'WITHSCORES'));
    else if (type === 'set') found.set(key, (await client.smembers(key)).sort());
    else if (type === 'list') found.set(key, await client.lrange(key, 0, -1));
    else if (type === 'stream') found.set(key, await client.call('XRANGE', key, '-', '+'));
    else if (type === 'TSDB-TYPE') found.set(key, await client.call('TS.RANGE', key, '-', '+'));
    else found.set(key, await client.get(key));
  }
  return found;
}

export function redisBehaviour(name: string, { layout, open, client: connect }: RedisUnderTest): void {
  describe(`${name}: on Redis`, () => {
    let store: Store;
    let client: Redis;

    beforeEach(async () => {
      store = await open();
      client = connect();
    });

    async function committed(over: Partial<SeriesCommit> = {}): Promise<string> {
      const version = (await store.series.load([over.series ?? SERIES]))[0]?.version ?? null;
      const [result] = await store.series.commit([commitOf(version, over)]);
      expect(result).toMatchObject({ status: 'committed' });
      return (result as { version: string }).version;
    }

    const samples = (from: number, count: number, step = 1000) =>
      Array.from({ length: count }, (_, i) => ({ ts: from + i * step, value: i }));
    const verdicts = (of: readonly { ts: number }[]) => of.map(({ ts }) => ({ ts, expected: 1, score: 0.5 }));

    it('removes every key of a series, and nothing names it any more', async () => {
      const store = await open();
      const other = { sensor: 'other', metric: 'm' };
      await store.series.commit([commitOf(null, { series: other, samples: [{ ts: T0, value: 1 }] })]);
      const before = await contents(client);
      await store.series.commit([
        commitOf(null, {
          samples: [{ ts: T0, value: 1 }],
          verdicts: [{ ts: T0, expected: 1, score: 0.1 }],
          alerts: [alert(T0)],
        }),
      ]);
      expect(await store.series.remove(SERIES)).toBe(true);
      const after = await contents(client);
      // How many entries the stream ever had.
      for (const map of [before, after])
        for (const key of map.keys()) if (/targets|:alerts$/.test(key)) map.delete(key);
      expect(after).toEqual(before);
      expect(JSON.stringify([...(await contents(client))])).not.toContain('s/m');
    });

    describe('a key of another type', () => {
      const suffixes = ['state', 'value', 'expected', 'score', 'outbox', 'alerts'].concat(
        ['1m', '1h'].flatMap((width) =>
          ['avg', 'min', 'max', ...(layout === 'timeseries' ? ['count'] : [])].map(
            (aggregate) => `value:${aggregate}:${width}`,
          ),
        ),
      );
      // Closes buckets of both rollups, rewrites verdicts and raises an alert, so that it touches every key.
      const second = [{ ts: T0 + 1500, value: 7 }, ...samples(T0 + 2 * HOUR, 3)];
      const touching = (expectedVersion: string | null) =>
        commitOf(expectedVersion, {
          samples: second,
          verdicts: verdicts(second),
          alerts: [alert(T0 + 2 * HOUR)],
        });

      for (const suffix of suffixes) {
        for (const [when, before] of [
          ['of a series', true],
          ['in the place of a new series', false],
        ] as const) {
          it(`${suffix} ${when}: nothing is written, and the error names it`, async () => {
            const key = `vigia:{s/m}:${suffix}`;
            const first = samples(T0, 3);
            const version = before
              ? await committed({ samples: first, verdicts: verdicts(first), alerts: [alert(T0)] })
              : null;
            await client.del(key);
            await client.rpush(key, 'foreign');
            await client.sadd('vigia:series', 's/m');
            const earlier = await contents(client);
            const [result] = await store.series.commit([touching(version)]);
            expect(result).toMatchObject({ status: 'failed', error: { code: 'store_key' } });
            expect((result as { error: Error }).error.message).toContain(key);
            expect(await contents(client)).toEqual(earlier);
            await client.del(key);
            const fresh = (await store.series.load([SERIES]))[0]?.version ?? null;
            expect((await store.series.commit([touching(fresh)]))[0]).toMatchObject({ status: 'committed' });
          });
        }
      }

      it('spoils no other series of the batch, and no list', async () => {
        await client.set('vigia:{s/m}:state', 'foreign');
        const good = { sensor: 'good', metric: 'm' };
        const results = await store.series.commit([
          commitOf(null, { samples: samples(T0, 2) }),
          commitOf(null, { samples: samples(T0, 2), series: good }),
        ]);
        expect(results.map(({ status }) => status)).toEqual(['failed', 'committed']);
        expect(await store.series.load([SERIES, good])).toMatchObject([null, {}]);
        expect(await store.series.list()).toMatchObject([good]);
      });

      it('at the list of series refuses new ones alone', async () => {
        const version = await committed({ samples: samples(T0, 2) });
        await client.set('vigia:series', 'foreign');
        const born = commitOf(null, { samples: samples(T0, 2), series: { sensor: 'new', metric: 'm' } });
        await expect(store.series.commit([born])).rejects.toMatchObject({
          code: 'store_key',
          message: expect.stringContaining('vigia:series'),
        });
        const [result] = await store.series.commit([commitOf(version, { samples: samples(T0 + HOUR, 1) })]);
        expect(result).toMatchObject({ status: 'committed' });
      });

      it('is named by reads too', async () => {
        await client.set('vigia:{s/m}:value', 'foreign');
        for (const read of [
          store.series.range(SERIES, 0, NOW),
          store.series.range(SERIES, 0, NOW, 5),
          store.series.samplesAt(SERIES, [T0]),
          store.series.buckets(SERIES, T0, NOW, 1000, 'avg'),
        ]) {
          await expect(read).rejects.toMatchObject({
            code: 'store_key',
            message: expect.stringContaining('vigia:{s/m}:value'),
          });
        }
      });
    });

    it('does not touch a series that a later version wrote', async () => {
      const version = await committed({ samples: samples(T0, 2) });
      await client.hset('vigia:{s/m}:state', 'f', '3');
      expect(await store.series.load([SERIES])).toEqual([null]);
      for (const expected of [version, null]) {
        const [result] = await store.series.commit([commitOf(expected, { samples: samples(T0 + HOUR, 1) })]);
        expect(result).toMatchObject({ status: 'failed' });
        expect((result as { error: Error }).error.message).toContain('later version');
      }
    });

    it.each(['a', 'w'])('spoils nothing but the series whose field %s is damaged', async (field) => {
      await committed({ samples: samples(T0, 2) });
      await client.hset('vigia:{s/m}:state', field, '{');
      const good = { sensor: 'good', metric: 'm' };
      expect(await store.series.load([SERIES, good])).toEqual([null, null]);
      const results = await store.series.commit([
        commitOf(null, { samples: samples(T0 + HOUR, 1) }),
        commitOf(null, { samples: samples(T0, 2), series: good }),
      ]);
      expect(results).toMatchObject([
        { status: 'failed', error: { code: 'state_format', message: expect.stringContaining(`'${field}'`) } },
        { status: 'committed' },
      ]);
      expect(await store.series.list()).toMatchObject([good, SERIES]);
    });

    it('drops nothing by a clock that is off, and takes no readings from far ahead of its own', async () => {
      const old = NOW - 3 * DAY - (NOW % HOUR);
      const ahead = await open({ retention: DAY, now: () => Date.now() + 40 * DAY });
      const put = async (by: Store, ts: number) => {
        const [record] = await by.series.load([SERIES]);
        const one = commitOf(record?.version ?? null, {
          samples: [{ ts, value: 1 }],
          next: next({ horizon: NOW }),
        });
        return (await by.series.commit([one]))[0]!;
      };
      for (const ts of [old, old + HOUR, old + 2 * HOUR]) {
        expect(await put(layout === 'sorted-set' ? ahead : store, ts)).toMatchObject({ status: 'committed' });
      }
      expect(await store.series.range(SERIES, 0, NOW)).toHaveLength(3);
      const result = await put(ahead, NOW + 40 * DAY);
      expect(result).toMatchObject({ status: 'failed' });
      expect((result as { error: Error }).error.message).toMatch(/ahead of the clock of Redis/);
      expect(await store.series.range(SERIES, 0, Number.MAX_SAFE_INTEGER)).toHaveLength(3);
    });

    it('leaves nothing behind when it tries whether it can write', async () => {
      await committed({ samples: samples(T0, 2) });
      // As of a probe that failed halfway.
      await client.hset('vigia:{vigia:ping}:state', 'v', 'x');
      await store.ping();
      const before = await contents(client);
      expect([...before.keys()]).not.toContain('vigia:{vigia:ping}:state');
      await store.ping();
      expect(await contents(client)).toEqual(before);
    });

    it('survives a server that has forgotten its scripts', async () => {
      await committed({ samples: samples(T0, 2) });
      await client.script('FLUSH');
      await committed({ samples: samples(T0 + 10_000, 2) });
      await client.script('FLUSH');
      const results = await store.series.commit(
        Array.from({ length: 5 }, (_, i) =>
          commitOf(null, { series: { sensor: `s${i}`, metric: 'm' }, samples: samples(T0, 1) }),
        ),
      );
      expect(results.map(({ status }) => status)).toEqual(Array(5).fill('committed'));
      await client.script('FLUSH');
      expect(await store.series.samplesAt(SERIES, [T0])).toHaveLength(1);
      expect(await store.series.range(SERIES, 0, NOW)).toHaveLength(4);
    });

    it('rewrites verdicts to unknown, and only from the first rewritten on', async () => {
      const all = samples(T0, 10);
      await committed({ samples: all, verdicts: verdicts(all) });
      await committed({
        samples: [{ ts: T0 + 4500, value: 1 }],
        verdicts: [
          { ts: T0 + 4500, expected: null, score: null },
          ...all.slice(5).map(({ ts }) => ({ ts, expected: 2, score: null })),
        ],
      });
      const stored = await store.series.range(SERIES, 0, NOW);
      expect(stored.map(({ expected }) => expected)).toEqual([1, 1, 1, 1, 1, null, 2, 2, 2, 2, 2]);
      expect(stored.map(({ score }) => score)).toEqual([...Array(5).fill(0.5), ...Array(6).fill(null)]);
    });

    it('takes batches of many thousand readings, and finds a thousand of them again', async () => {
      const all = samples(T0, 9000);
      await committed({ samples: all, verdicts: verdicts(all) });
      expect(await store.series.range(SERIES, 0, NOW)).toHaveLength(9000);
      const wanted = all.filter((_, i) => i % 9 === 0);
      const asked = wanted.flatMap(({ ts }) => [ts, ts + 1]).reverse();
      const found = await store.series.samplesAt(SERIES, asked);
      expect(found.sort((a, b) => a.ts - b.ts)).toEqual(wanted);
    });

    describe('alert changes', () => {
      const stream = async () =>
        (await client.xrange('vigia:alerts', '-', '+')).map(([, [, id, , revision, , json]]) => ({
          id,
          revision: Number(revision),
          alert: JSON.parse(json!),
        }));
      const duplicate = (version: string) => commitOf(version, { next: null, duplicates: 1 });

      it('are in the stream, once each and in order, when the commit resolves', async () => {
        await committed({ samples: samples(T0, 1), alerts: [alert(T0)] });
        await committed({
          samples: samples(T0 + 5000, 1),
          alerts: [alert(T0, { state: 'cleared', clearedTs: T0 + 5000 }), alert(T0 + 5000)],
        });
        await store.alerts.acknowledge(`s/m/anomaly/${T0}`);
        expect((await stream()).map(({ id, revision }) => [id, revision])).toEqual([
          [`s/m/anomaly/${T0}`, 1],
          [`s/m/anomaly/${T0 + 5000}`, 1],
          [`s/m/anomaly/${T0}`, 2],
          [`s/m/anomaly/${T0}`, 3],
        ]);
        expect((await stream()).at(-1)!.alert).toEqual((await store.alerts.list({ limit: 2 }))[1]);
        expect(await client.exists('vigia:{s/m}:outbox')).toBe(0);
      });

      it('are relayed by whoever gets the redelivery, when the stream took nothing before', async () => {
        await client.set('vigia:alerts', 'foreign');
        const [result] = await store.series.commit([
          commitOf(null, { samples: samples(T0, 1), alerts: [alert(T0)] }),
        ]);
        expect(result).toMatchObject({ status: 'failed' });
        expect((result as { error: Error }).error.message).toContain('vigia:alerts');
        expect(await store.alerts.list({ limit: 10 })).toEqual([]);
        await client.del('vigia:alerts');
        const other = await open();
        const version = (await other.series.load([SERIES]))[0]!.version;
        expect(await other.series.commit([duplicate(version)])).toMatchObject([
          { status: 'committed', version },
        ]);
        expect(await stream()).toHaveLength(1);
        expect(await other.alerts.list({ limit: 10 })).toHaveLength(1);
      });

      it('are not doubled when whoever relayed them died before clearing the outbox', async () => {
        const version = await committed({ samples: samples(T0, 1), alerts: [alert(T0)] });
        const before = await stream();
        const entry = await client.hget('vigia:{s/m}:alerts', `anomaly/${T0}`);
        await client.hset('vigia:{s/m}:outbox', `anomaly/${T0}/1`, entry!);
        await store.series.commit([duplicate(version)]);
        expect(await stream()).toEqual(before);
        expect(await client.exists('vigia:{s/m}:outbox')).toBe(0);
      });

      it('of an acknowledgement whose relay failed are relayed by the next commit', async () => {
        await committed({ samples: samples(T0, 1), alerts: [alert(T0)] });
        // Finds the outbox empty and forgets about it.
        await committed({ samples: samples(T0 + 1000, 1) });
        await client.set('vigia:alerts', 'foreign');
        await expect(store.alerts.acknowledge(`s/m/anomaly/${T0}`)).rejects.toThrow(/vigia:alerts/);
        await client.del('vigia:alerts');
        await committed({ samples: samples(T0 + 2000, 1) });
        expect((await stream()).map(({ revision }) => revision)).toEqual([2]);
        expect(await client.exists('vigia:{s/m}:outbox')).toBe(0);
      });

      it('of series that stay silent are relayed by trim', async () => {
        await committed({ samples: samples(T0, 1), alerts: [alert(T0)] });
        const entry = (await client.hget('vigia:{s/m}:alerts', `anomaly/${T0}`))!.replace(/^1/, '2');
        await client.hset('vigia:{s/m}:outbox', `anomaly/${T0}/2`, entry);
        await store.trim(NOW);
        expect((await stream()).map(({ revision }) => revision)).toEqual([1, 2]);
        expect(await client.exists('vigia:{s/m}:outbox')).toBe(0);
      });

      it('are in the stream once, however many replicas relay them at once', async () => {
        const others = [store, await open(), await open()];
        const version = await committed({ samples: samples(T0, 1) });
        const fields: Record<string, string> = {};
        for (let i = 0; i < 200; i++) {
          const entry = `1 0 ${JSON.stringify([1, null, null, 'open', null])}`;
          fields[`anomaly/${T0 + i}/1`] = entry;
        }
        await client.hset('vigia:{s/m}:outbox', fields);
        await client.hset('vigia:{s/m}:state', 'b', '1');
        await Promise.all(others.map((replica) => replica.series.commit([duplicate(version)])));
        expect(new Set((await stream()).map(({ id }) => id)).size).toBe(200);
        expect(await stream()).toHaveLength(200);
      });
    });

    describe('the lease of a target', () => {
      const LEASE = 60_000;
      const lease = 'vigia:{vigia:alerts}:lease:webhook';

      beforeEach(async () => {
        await store.alertStream.addTarget('webhook');
        await committed({ samples: samples(T0, 1), alerts: [alert(T0), alert(T0 + 1)] });
      });

      it('lets one process deliver, and another see only how much waits', async () => {
        const { entries } = await store.alertStream.backlog('webhook', 'a', LEASE, 10);
        expect(entries).toHaveLength(2);
        expect(await store.alertStream.backlog('webhook', 'b', LEASE, 10)).toEqual({
          entries: null,
          pending: 2,
          oldest: entries![0]!.at,
          lost: 0,
          ...{ due: 0, kept: 0, now: expect.any(Number) },
        });
        await store.alertStream.release('webhook', 'b');
        expect((await store.alertStream.backlog('webhook', 'b', LEASE, 10)).entries).toBeNull();
        await store.alertStream.release('webhook', 'a');
        expect((await store.alertStream.backlog('webhook', 'b', LEASE, 10)).entries).toHaveLength(2);
        expect(await store.alertStream.confirm('webhook', 'a', LEASE, entries![1]!.position)).toBe(false);
        expect((await store.alertStream.backlog('webhook', 'b', LEASE, 10)).pending).toBe(2);
      });

      it('ends by itself, and what went before is neither lost nor taken back', async () => {
        const { entries } = await store.alertStream.backlog('webhook', 'a', LEASE, 10);
        await client.pexpire(lease, 1);
        await waitFor(
          'its end',
          async () => (await store.alertStream.backlog('webhook', 'b', LEASE, 10)).entries,
        );
        await store.alertStream.confirm('webhook', 'b', LEASE, entries![1]!.position);
        await client.del(lease);
        expect(await store.alertStream.confirm('webhook', 'a', LEASE, entries![0]!.position)).toBe(true);
        expect(await store.alertStream.backlog('webhook', 'a', LEASE, 10)).toMatchObject({ pending: 0 });
      });

      it('is renewed by asking for more and by confirming', async () => {
        const { entries } = await store.alertStream.backlog('webhook', 'a', LEASE, 10);
        for (const renew of [
          () => store.alertStream.backlog('webhook', 'a', LEASE, 10),
          () => store.alertStream.confirm('webhook', 'a', LEASE, entries![1]!.position),
          () => store.alertStream.backlog('webhook', 'a', LEASE, 0),
        ]) {
          await client.pexpire(lease, 20_000);
          await renew();
          expect(await client.pttl(lease)).toBeGreaterThan(30_000);
        }
      });

      it('names a key that holds something else', async () => {
        await client.del('vigia:{vigia:alerts}:targets');
        await client.set('vigia:{vigia:alerts}:targets', 'foreign');
        await expect(store.alertStream.backlog('webhook', 'a', LEASE, 10)).rejects.toMatchObject({
          code: 'store_key',
          message: expect.stringContaining('vigia:{vigia:alerts}:targets'),
        });
      });
    });

    it('lets one of many replicas win each version, and loses nothing', async () => {
      const replicas = [store, await open(), await open()];
      let conflicts = 0;
      await Promise.all(
        replicas.map(async (replica, r) => {
          for (let i = 0; i < 40; i++) {
            for (;;) {
              const version = (await replica.series.load([SERIES]))[0]?.version ?? null;
              const one = [{ ts: T0 + i * 3000 + r * 1000, value: r }];
              const [result] = await replica.series.commit([commitOf(version, { samples: one })]);
              if (result!.status === 'committed') break;
              expect(result!.status).toBe('conflict');
              conflicts++;
            }
          }
        }),
      );
      expect(conflicts).toBeGreaterThan(0);
      expect(await store.series.range(SERIES, 0, NOW)).toHaveLength(120);
      const averages = await store.series.buckets(SERIES, T0, T0 + 120_000 - 1, 60_000, 'avg');
      expect(averages.map(({ value }) => value)).toEqual([1, 1]);
    });

    it('trims alerts older than RETENTION, but no open one and none after the horizon', async () => {
      store = await open({ retention: DAY });
      const old = NOW - 3 * DAY;
      const cleared = (ts: number) => alert(ts, { state: 'cleared', clearedTs: ts + 1 });
      await committed({
        samples: samples(NOW, 1),
        next: next({ horizon: old + 2 }),
        alerts: [cleared(old), alert(old + 1), cleared(old + 2), cleared(old + 3), cleared(NOW)],
      });
      await store.trim(NOW);
      expect((await store.alerts.list({ limit: 10 })).map(({ ts }) => ts - old)).toEqual([NOW - old, 3, 1]);
      expect(await client.hlen('vigia:{vigia:alerts}:revisions')).toBe(3);
    });

    it('keeps the average of wide buckets exact where readings are uneven', async () => {
      const uneven = [...samples(T0, 50), { ts: T0 + 90_000, value: 1000 }, { ts: T0 + 290_000, value: 500 }];
      for (const sample of [uneven.slice(0, 20), uneven.slice(20)]) await committed({ samples: sample });
      const mean = uneven.reduce((sum, { value }) => sum + value, 0) / uneven.length;
      expect(await store.series.buckets(SERIES, T0, T0, 300_000, 'avg')).toEqual([
        { ts: T0, value: expect.closeTo(mean, 9) },
      ]);
    });
  });
}
