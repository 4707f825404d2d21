/** Packed samples of the layout `sorted-set`: whatever is done to a series, it reads as one that is not packed. */
import pino from 'pino';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { Sample } from '../../src/domain/reading.ts';
import type { Packing } from '../../src/store/redis/packing.ts';
import { openRedisStore } from '../../src/store/redis-store.ts';
import type { Store } from '../../src/store/store.ts';
import { has, RedisServer } from '../helpers/redis-server.ts';

const MINUTE = 60_000;
const HOUR = 3_600_000;
const DAY = 86_400_000;
const NOW = Date.now();
const T0 = NOW - (NOW % HOUR) - 10 * DAY;
const S = { sensor: 's', metric: 'm' };
const VALUES = 'vigia:{s/m}:value';

/** Numbers from 0 to 1, the same for the same seed. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

const score = (value: number) => (value > 15 ? null : value / 3);

/** Commits readings; the verdicts from the first of them on are written again, as after a late reading. */
async function put(store: Store, samples: readonly Sample[], stored: Map<number, number>): Promise<void> {
  const expectedVersion = (await store.series.load([S]))[0]?.version ?? null;
  for (const { ts, value } of samples) stored.set(ts, Math.max(value, stored.get(ts) ?? value));
  const from = samples[0]!.ts;
  const times = [...stored.keys()].filter((ts) => ts >= from).sort((a, b) => a - b);
  const verdicts = times.map((ts) => ({
    ts,
    expected: stored.get(ts)! / 7 + samples.length,
    score: score(stored.get(ts)!),
  }));
  const next = {
    state: Uint8Array.of(1),
    snapshots: [],
    oldestSnapshot: 0,
    horizon: NOW,
    status: 'normal' as const,
  };
  const rest = { alerts: [], duplicates: 0 };
  const [result] = await store.series.commit([
    { series: S, expectedVersion, samples, verdicts, next, ...rest },
  ]);
  expect(result).toMatchObject({ status: 'committed' });
}

/** Everything that can be asked of the series. */
async function readings({ series }: Store, seed: number) {
  const random = seeded(seed);
  const all = await series.range(S, 0, NOW);
  const at = () => all[Math.floor(random() * all.length)]?.ts ?? T0;
  const [a, b] = [at(), at()].sort((x, y) => x - y) as [number, number];
  const limit = 1 + Math.floor(random() * 300);
  const buckets = async (width: number) =>
    Promise.all((['avg', 'min', 'max'] as const).map((agg) => series.buckets(S, a, NOW, width, agg)));
  return {
    all,
    parts: [
      await series.range(S, a, b),
      await series.range(S, a + 1, b - 1),
      await series.range(S, 0, b, limit),
    ],
    counts: [
      await series.countBetween(S, a, b, 1e6),
      await series.countBetween(S, a + 1, b - 1, 1e6),
      await series.countBetween(S, 0, NOW, limit),
    ],
    newest: [
      await series.newest(S, 1),
      await series.newest(S, limit),
      await series.newest(S, all.length + 1),
    ],
    oldest: [await series.oldest(S, a, NOW, limit), await series.oldest(S, a + 1, b, limit)],
    at: await series.samplesAt(S, [a, b, a + 1, T0 - 1, NOW, at()]),
    buckets: await Promise.all([7000, MINUTE, 5 * MINUTE, HOUR, DAY].map(buckets)),
  };
}

describe.each(['redis-server', 'valkey-server'])('packed samples on %s', (program) => {
  describe.skipIf(!has(program))(`(needs ${program})`, () => {
    let server: RedisServer;
    beforeAll(async () => {
      server = await RedisServer.start([], { program });
    });
    afterAll(() => server.stop());

    async function open(
      packing: Packing,
      database = 0,
      layout: 'sorted-set' | 'auto' = 'auto',
    ): Promise<Store> {
      const store = await openRedisStore({
        url: `${server.url.replace(/\/$/, '')}/${database}`,
        ...{ durability: 'memory', logger: pino({ level: 'silent' }), retention: 30 * DAY, deadLetterMax: 5 },
        ...{ packing, layout },
      });
      onTestFinished(() => store.close());
      return store;
    }

    it.each([1, 2])('read as others whatever is committed and trimmed (seed %i)', async (seed) => {
      await server.command('FLUSHALL');
      const stores = [await open('auto', 0), await open('off', 1)] as const;
      const random = seeded(seed);
      const below = (n: number) => Math.floor(random() * n);
      const stored = new Map<number, number>();
      let newest = T0;
      const batch = (from: number, step: number, n: number): Sample[] =>
        Array.from({ length: n }, (_, i) => ({ ts: from + i * step, value: below(200) / 10 }));
      for (let round = 0; round < 50; round++) {
        const kind = round < 8 ? 0 : below(6);
        let samples: Sample[];
        if (kind <= 1) {
          samples = batch(newest + 1000 * (1 + below(90)), 1000 * (1 + below(40)), 1 + below(150));
        } else if (kind === 2) {
          samples = batch(newest - below(newest - T0 + HOUR), 1 + below(5000), 1 + below(200));
        } else if (kind === 3) {
          const times = [...stored.keys()].filter(() => random() < 0.02).sort((a, b) => a - b);
          samples = times.map((ts) => ({ ts, value: below(400) / 10 }));
        } else if (kind === 4) samples = batch(newest - below(60) * 1000, 7001, 1 + below(4));
        else {
          const edge = T0 + below((newest - T0) / 3);
          for (const store of stores) await store.trim(edge + 30 * DAY);
          for (const ts of stored.keys()) if (ts < edge) stored.delete(ts);
          continue;
        }
        samples = samples.filter(({ ts }) => ts < NOW);
        if (samples.length === 0) continue;
        newest = Math.max(newest, samples.at(-1)!.ts);
        for (const store of stores) await put(store, samples, new Map(stored));
        for (const { ts, value } of samples) stored.set(ts, Math.max(value, stored.get(ts) ?? value));
        if (round % 10 === 9)
          expect(await readings(stores[0], round)).toEqual(await readings(stores[1], round));
      }
      const [packed, plain] = [await readings(stores[0], seed), await readings(stores[1], seed)];
      expect(packed).toEqual(plain);
      expect(packed.all).toHaveLength(stored.size);
      expect(await server.command('ZCARD', `${VALUES}:packed`)).toBeGreaterThan(10);
      expect(await server.command('ZCARD', `${VALUES}:1m:packed`)).toBeGreaterThan(0);
    });

    /** One reading a minute, as they come in. */
    const minutes = (from: number, n: number): Sample[] =>
      Array.from({ length: n }, (_, i) => ({ ts: from + i * MINUTE, value: (i % 97) / 10 }));

    async function putInTurn(store: Store, samples: readonly Sample[], size: number): Promise<void> {
      for (let i = 0; i < samples.length; i += size) await put(store, samples.slice(i, i + size), new Map());
    }

    it('take 120 bytes a reading at most, with their rollups', async () => {
      await server.command('FLUSHALL');
      const n = 8000;
      await putInTurn(await open('auto'), minutes(T0, n), 20);
      const keys = (await server.command('KEYS', 'vigia:{s/m}:value*')) as string[];
      keys.push('vigia:{s/m}:expected', 'vigia:{s/m}:score');
      const sizes = await Promise.all(
        keys.map((key) => server.command('MEMORY', 'USAGE', key, 'SAMPLES', '0')),
      );
      expect(sizes.reduce((sum: number, size) => sum + Number(size), 0) / n).toBeLessThan(120);
    });

    it('of a store from before wait until no earlier version runs; then they are packed bit by bit', async () => {
      await server.command('FLUSHALL');
      await putInTurn(await open('off'), minutes(T0, 4000), 1000);
      // A version from before this one has not said how samples are kept.
      const waiting = await open('auto');
      await putInTurn(waiting, minutes(T0 + 4000 * MINUTE, 200), 1);
      expect(await server.command('EXISTS', `${VALUES}:packed`)).toBe(0);
      expect(await server.command('HGET', 'vigia:{s/m}:state', 'f')).toBe('1');
      const before = await waiting.series.range(S, 0, NOW);
      const hours = await waiting.series.buckets(S, 0, NOW, HOUR, 'avg');
      await open('on');
      const packing = await open('auto');
      const more = minutes(T0 + 4200 * MINUTE, 10);
      await putInTurn(packing, more, 1);
      expect(await server.command('ZCARD', VALUES)).toBeLessThanOrEqual(128);
      expect(await server.command('OBJECT', 'ENCODING', VALUES)).toBe('listpack');
      // An earlier version refuses the series by this number.
      expect(await server.command('HGET', 'vigia:{s/m}:state', 'f')).toBe('2');
      const after = await packing.series.range(S, 0, NOW);
      expect(after.slice(0, before.length)).toEqual(before);
      expect(after).toHaveLength(before.length + more.length);
      expect((await packing.series.buckets(S, 0, NOW, HOUR, 'avg')).slice(0, hours.length - 1)).toEqual(
        hours.slice(0, -1),
      );
      expect(await packing.series.remove(S)).toBe(true);
      expect(await server.command('KEYS', 'vigia:{s/m}:*')).toEqual([]);
    });

    it('are never missing or there twice for who reads while they are packed', async () => {
      await server.command('FLUSHALL');
      const [writer, reader] = [await open('auto'), await open('auto')];
      let committed = 0;
      let done = false;
      const write = async () => {
        for (const sample of minutes(T0, 300)) {
          await put(writer, [sample], new Map());
          committed++;
        }
        done = true;
      };
      const read = async () => {
        while (!done) {
          const least = committed;
          const [all, newest, perMinute] = await Promise.all([
            reader.series.range(S, 0, NOW),
            reader.series.newest(S, 100),
            reader.series.buckets(S, 0, NOW, MINUTE, 'avg'),
          ]);
          for (const found of [all, newest, perMinute]) {
            const first = found[0]?.ts ?? T0;
            expect(found.map(({ ts }) => ts)).toEqual(found.map((_, i) => first + i * MINUTE));
          }
          expect(all.length).toBeGreaterThanOrEqual(least);
          expect(newest.length).toBeGreaterThanOrEqual(Math.min(100, least));
          expect(perMinute.length).toBeGreaterThanOrEqual(least);
        }
      };
      await Promise.all([write(), read()]);
    });
  });
});
