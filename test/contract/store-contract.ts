/** What every store must do, whatever it is made of. Each store's test file calls this with a way to open a fresh one. */
import { beforeEach, describe, expect, it } from 'vitest';
import type { AlertChange } from '../../src/domain/alert.ts';
import type { AuditEntry } from '../../src/domain/audit.ts';
import type { DeadLetterPlace } from '../../src/domain/dead-letter.ts';
import { DEFAULT_SCOPE, EMPTY_TABLE, promote } from '../../src/domain/model-table.ts';
import type { Sample } from '../../src/domain/reading.ts';
import type { SeriesId } from '../../src/domain/series.ts';
import { keptKey } from '../../src/store/alert-store.ts';
import type { RollupRetention } from '../../src/store/rollup.ts';
import type { SeriesCommit, Store } from '../../src/store/store.ts';

export interface StoreLimits {
  readonly retention: number;
  readonly rollupRetention?: RollupRetention;
  readonly deadLetterMax: number;
  readonly deadLetterMaxBytes?: number;
  readonly auditMax?: number;
  readonly now?: () => number;
}

const DAY = 86_400_000;
/** A whole hour, so that bucket edges are easy to read. */
const T0 = Math.floor(Date.now() / DAY) * DAY - 2 * DAY;
const S: SeriesId = { sensor: 's', metric: 'temperature' };
const state = (...bytes: number[]) => Uint8Array.from(bytes);
const plain = (bytes: Uint8Array) => Array.from(bytes);

function commitOf(samples: readonly Sample[], over: Partial<SeriesCommit> = {}): SeriesCommit {
  return {
    series: S,
    expectedVersion: null,
    samples,
    verdicts: samples.map(({ ts }) => ({ ts, expected: null, score: null })),
    next: {
      state: state(1),
      snapshots: [],
      oldestSnapshot: -256,
      horizon: -1,
      assignments: [{ from: 0, model: 'm' }],
      status: 'normal',
    },
    alerts: [],
    duplicates: 0,
    ...over,
  };
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

export function storeContract(name: string, open: (limits: StoreLimits) => Promise<Store> | Store): void {
  describe(`${name}: the store contract`, () => {
    let store: Store;

    beforeEach(async () => {
      store = await open({ retention: 30 * DAY, deadLetterMax: 5, auditMax: 100 });
    });

    /** Commits on top of whatever is there. @returns the new version */
    async function put(samples: readonly Sample[], over: Partial<SeriesCommit> = {}): Promise<string> {
      const series = over.series ?? S;
      const expectedVersion = (await store.series.load([series]))[0]?.version ?? null;
      const [result] = await store.series.commit([commitOf(samples, { expectedVersion, ...over })]);
      expect(result).toMatchObject({ status: 'committed' });
      return (result as { version: string }).version;
    }

    it('reads a series page by page from its beginning', async () => {
      const samples = Array.from({ length: 7 }, (_, i) => ({ ts: T0 + i * 10, value: i }));
      await put(samples, { verdicts: [{ ts: T0 + 20, expected: 1.5, score: 0.5 }] });
      const first = await store.series.oldest(S, 0, T0 + 50, 4);
      expect(first.map(({ ts }) => ts - T0)).toEqual([0, 10, 20, 30]);
      expect(first[2]).toEqual({ ts: T0 + 20, value: 2, expected: 1.5, score: 0.5 });
      const second = await store.series.oldest(S, T0 + 31, T0 + 50, 4);
      expect(second.map(({ ts }) => ts - T0)).toEqual([40, 50]);
      expect(await store.series.oldest(S, T0 + 61, Number.MAX_SAFE_INTEGER, 4)).toEqual([]);
      expect(await store.series.oldest({ sensor: 'none', metric: 'm' }, 0, T0, 4)).toEqual([]);
    });

    it('reads for people what was committed before', async () => {
      await put(
        Array.from({ length: 7 }, (_, i) => ({ ts: T0 + i * 10, value: i })),
        { verdicts: [{ ts: T0 + 20, expected: 1.5, score: 0.5 }], alerts: [alert(T0 + 20)] },
      );
      const { series, alerts } = store.reads('someone');
      expect(await series.oldest(S, T0 + 11, T0 + 39, 9)).toEqual([
        { ts: T0 + 20, value: 2, expected: 1.5, score: 0.5 },
        { ts: T0 + 30, value: 3, expected: null, score: null },
      ]);
      expect(await series.range(S, 0, T0 * 2, 2)).toEqual(await store.series.range(S, 0, T0 * 2, 2));
      expect(await series.newest(S, 1)).toEqual([{ ts: T0 + 60, value: 6 }]);
      expect(await series.buckets(S, T0, T0 + 60, 60_000, 'max')).toEqual([{ ts: T0, value: 6 }]);
      expect(await series.list()).toEqual(await store.series.list());
      expect(await alerts.list({ limit: 9, sensor: 's' })).toEqual(await store.alerts.list({ limit: 9 }));
      await put([{ ts: T0 + 70, value: 7 }]);
      expect(await series.newest(S, 1)).toEqual([{ ts: T0 + 70, value: 7 }]);
    });

    it('counts samples, no further than it is asked to', async () => {
      await put(Array.from({ length: 9 }, (_, i) => ({ ts: T0 + i * 10, value: i })));
      for (const reads of [store.series, store.reads('someone').series]) {
        expect(await reads.countBetween(S, 0, Number.MAX_SAFE_INTEGER, 100)).toBe(9);
        expect(await reads.countBetween(S, T0 + 10, T0 + 30, 100)).toBe(3);
        expect(await reads.countBetween(S, 0, T0 * 2, 4)).toBe(4);
        expect(await reads.countBetween(S, T0 + 1, T0 + 9, 4)).toBe(0);
        expect(await reads.countBetween({ sensor: 'none', metric: 'm' }, 0, T0 * 2, 4)).toBe(0);
      }
    });

    it('removes a series without a trace, and no other with a similar name', async () => {
      const similar = { sensor: 's', metric: 'temperature2' };
      await store.alertStream.addTarget('target');
      const version = await put([{ ts: T0, value: 1 }], { alerts: [alert(T0)] });
      await put([{ ts: T0, value: 2 }], { series: similar, alerts: [alert(T0)] });
      await store.alerts.acknowledge(
        (await store.alerts.list({ limit: 9, metric: 'temperature', sensor: 's' }))[0]!.id,
      );
      expect(await store.series.remove(S)).toBe(true);
      expect(await store.series.load([S])).toEqual([null]);
      expect(await store.series.range(S, 0, T0 * 2)).toEqual([]);
      expect(await store.series.buckets(S, 0, T0 * 2, 60_000, 'avg')).toEqual([]);
      expect((await store.series.list()).map(({ metric }) => metric)).toEqual(['temperature2']);
      expect((await store.alerts.list({ limit: 9 })).map(({ metric }) => metric)).toEqual(['temperature2']);
      expect(await store.alerts.since(S, 0)).toEqual([]);
      const { entries } = await store.alertStream.backlog('target', 'holder', 1000, 99);
      expect(entries!.map((entry) => entry.alert.metric)).toEqual(['temperature2']);
      expect(await store.series.remove(S)).toBe(false);

      // A replica that remembers it cannot bring half of it back; what begins anew begins at revision 1.
      const [stale] = await store.series.commit([
        commitOf([{ ts: T0 + 1, value: 3 }], { expectedVersion: version }),
      ]);
      expect(stale).toEqual({ status: 'conflict', current: null });
      expect(await store.series.load([S])).toEqual([null]);
      await put([{ ts: T0 + 1, value: 3 }], { alerts: [alert(T0)] });
      expect((await store.series.range(S, 0, T0 * 2)).map(({ ts }) => ts)).toEqual([T0 + 1]);
      expect(await store.alerts.list({ limit: 9, sensor: 's', metric: 'temperature' })).toMatchObject([
        { revision: 1, acknowledged: false },
      ]);
      expect((await store.series.list()).map(({ metric }) => metric)).toEqual([
        'temperature',
        'temperature2',
      ]);
    });

    it('gives back what was committed', async () => {
      expect(await store.series.load([S])).toEqual([null]);
      const version = await put([{ ts: T0, value: 21.5 }], {
        verdicts: [{ ts: T0, expected: 21, score: 0.25 }],
        next: {
          state: state(1, 2, 255),
          season: state(3, 0, 10, 255),
          snapshots: [{ n: 64, ts: T0, bytes: state(7) }],
          oldestSnapshot: -192,
          horizon: -1,
          assignments: [{ from: 0, model: 'm-1' }],
          status: 'warmup',
        },
      });
      const [record, absent] = await store.series.load([S, { sensor: 'other', metric: 'temperature' }]);
      expect(absent).toBeNull();
      expect(record).toMatchObject({ version, assignments: [{ from: 0, model: 'm-1' }] });
      expect(plain(record!.state)).toEqual([1, 2, 255]);
      expect(plain(record!.season)).toEqual([3, 0, 10, 255]);
      expect(record!.snapshots).toEqual([{ n: 64, ts: T0 }]);
      expect(plain((await store.series.snapshot(S, 64))!)).toEqual([7]);
      expect(await store.series.snapshot(S, 128)).toBeNull();
      expect(await store.series.snapshot({ sensor: 'other', metric: 'temperature' }, 64)).toBeNull();
      expect(await store.series.range(S, 0, T0 + DAY)).toEqual([
        { ts: T0, value: 21.5, expected: 21, score: 0.25 },
      ]);
      expect(await store.series.list()).toEqual([
        { ...S, status: 'warmup', last: { ts: T0, value: 21.5 }, watch: null },
      ]);
      expect(record!.watch).toBeNull();

      // What a commit does not give has not changed.
      await put([{ ts: T0 + 1000, value: 21.5 }], {
        next: { state: state(9), snapshots: [], oldestSnapshot: -192, horizon: -1, status: 'normal' },
      });
      const [later] = await store.series.load([S]);
      expect(later).toMatchObject({ assignments: [{ from: 0, model: 'm-1' }] });
      expect(plain(later!.season)).toEqual([3, 0, 10, 255]);
      // A season that is not given stays.
      await put([{ ts: T0 + 1, value: 22 }]);
      expect(plain((await store.series.load([S]))[0]!.season)).toEqual([3, 0, 10, 255]);
    });

    it('keeps the watch of a series, with a commit of readings or of an alert alone', async () => {
      const watch = { interval: 1000, heard: T0 + 7, lag: 7, missing: null };
      const next = { ...commitOf([]).next!, watch };
      await put([{ ts: T0, value: 1 }], { next });
      expect((await store.series.load([S]))[0]!.watch).toEqual(watch);
      await put([{ ts: T0 + 1, value: 2 }]);
      expect((await store.series.load([S]))[0]!.watch).toEqual(watch);
      const silent = { ...watch, missing: { ts: T0 + 5001, value: 2, limit: 5000 } };
      const raised = alert(T0 + 5001, { rule: 'missing', limit: 5000, expected: null, score: null });
      await put([], { next: { ...next, status: 'silent', watch: silent }, alerts: [raised] });
      expect(await store.series.list()).toEqual([
        { ...S, status: 'silent', last: { ts: T0 + 1, value: 2 }, watch: silent },
      ]);
      const absent = { sensor: 'none', metric: 'm' };
      expect(await store.series.summaries([absent, S])).toEqual([null, ...(await store.series.list())]);
      expect(await store.alerts.list({ limit: 9 })).toMatchObject([
        { rule: 'missing', limit: 5000, state: 'open' },
      ]);
      expect(await store.series.range(S, 0, T0 + DAY)).toHaveLength(2);
    });

    it('draws a new version for every commit', async () => {
      const versions = new Set<string>();
      for (let i = 0; i < 20; i++) versions.add(await put([{ ts: T0 + i, value: i }]));
      expect(versions.size).toBe(20);
      for (const version of versions) expect(version).toMatch(/^[0-9a-f]{16}$/);
    });

    it('writes nothing when the version does not match, and says what is there', async () => {
      const version = await put([{ ts: T0, value: 1 }]);
      for (const expectedVersion of ['0123456789abcdef', null]) {
        const [result] = await store.series.commit([
          commitOf([{ ts: T0 + 1, value: 2 }], { expectedVersion, alerts: [alert(T0 + 1)] }),
        ]);
        expect(result).toMatchObject({ status: 'conflict', current: { version } });
      }
      expect(await store.series.range(S, 0, T0 + DAY)).toHaveLength(1);
      expect(await store.alerts.list({ limit: 10 })).toEqual([]);
      const other = { sensor: 'never', metric: 'seen' };
      const [result] = await store.series.commit([commitOf([], { series: other, expectedVersion: version })]);
      expect(result).toEqual({ status: 'conflict', current: null });
    });

    it('commits some series of a call while others conflict', async () => {
      await put([{ ts: T0, value: 1 }]);
      const other = { sensor: 'o', metric: 'temperature' };
      const results = await store.series.commit([
        commitOf([{ ts: T0 + 1, value: 2 }]),
        commitOf([{ ts: T0 + 1, value: 2 }], { series: other }),
      ]);
      expect(results.map(({ status }) => status)).toEqual(['conflict', 'committed']);
      expect(await store.series.range(other, 0, T0 + DAY)).toHaveLength(1);
    });

    it('accepts a commit of duplicates alone and keeps the version current', async () => {
      const version = await put([{ ts: T0, value: 1 }]);
      const duplicates = commitOf([], { expectedVersion: version, next: null, duplicates: 3 });
      const [result] = await store.series.commit([duplicates]);
      expect(result).toMatchObject({ status: 'committed' });
      const [record] = await store.series.load([S]);
      expect(record!.version).toBe((result as { version: string }).version);
      const [stale] = await store.series.commit([{ ...duplicates, expectedVersion: '0000000000000000' }]);
      expect(stale).toMatchObject({ status: 'conflict' });
    });

    it('keeps the greater of two values at one timestamp', async () => {
      await put([{ ts: T0, value: 5 }]);
      await put([{ ts: T0, value: 7 }]);
      await put([{ ts: T0, value: 6 }]);
      expect(await store.series.range(S, T0, T0)).toMatchObject([{ ts: T0, value: 7 }]);
    });

    it('rewrites verdicts of stored samples', async () => {
      await put([
        { ts: T0, value: 1 },
        { ts: T0 + 2, value: 3 },
      ]);
      await put([{ ts: T0 + 1, value: 2 }], {
        verdicts: [
          { ts: T0 + 1, expected: 2.5, score: 0.1 },
          { ts: T0 + 2, expected: 2.75, score: 0.2 },
        ],
      });
      expect(await store.series.range(S, 0, T0 + DAY)).toEqual([
        { ts: T0, value: 1, expected: null, score: null },
        { ts: T0 + 1, value: 2, expected: 2.5, score: 0.1 },
        { ts: T0 + 2, value: 3, expected: 2.75, score: 0.2 },
      ]);
    });

    it('stores a sample without a verdict and without a new state', async () => {
      await put([{ ts: T0 + 5, value: 1 }]);
      const version = (await store.series.load([S]))[0]!.version;
      await put([{ ts: T0, value: 4 }], { verdicts: [], next: null });
      const [record] = await store.series.load([S]);
      expect(record!.version).not.toBe(version);
      expect(plain(record!.state)).toEqual([1]);
      expect(await store.series.range(S, T0, T0)).toEqual([
        { ts: T0, value: 4, expected: null, score: null },
      ]);
      expect((await store.series.list())[0]!.last).toEqual({ ts: T0 + 5, value: 1 });
    });

    it('keeps every digit of values, and of verdicts', async () => {
      const values = [0.1 + 0.2, 1e300, -1e-300, 5e-324, 123456789.12345679, 1 / 3, 0];
      await put(
        values.map((value, i) => ({ ts: T0 + i, value })),
        { verdicts: values.map((expected, i) => ({ ts: T0 + i, expected, score: expected })) },
      );
      const stored = await store.series.range(S, T0, T0 + 10);
      expect(stored.map(({ value }) => value)).toEqual(values);
      expect(stored.map(({ expected }) => expected)).toEqual(values);
      expect(stored.map(({ score }) => score)).toEqual(values);
    });

    it('limits a range to its newest samples, ascending, and finds exact timestamps', async () => {
      await put(Array.from({ length: 50 }, (_, i) => ({ ts: T0 + i * 10, value: i })));
      expect((await store.series.range(S, 0, T0 + DAY, 3)).map(({ value }) => value)).toEqual([47, 48, 49]);
      expect((await store.series.range(S, T0 + 95, T0 + 120)).map(({ value }) => value)).toEqual([
        10, 11, 12,
      ]);
      const found = await store.series.samplesAt(S, [T0 + 490, T0 + 5, T0]);
      expect(found.sort((a, b) => a.ts - b.ts)).toEqual([
        { ts: T0, value: 0 },
        { ts: T0 + 490, value: 49 },
      ]);
      expect(await store.series.samplesAt({ sensor: 'x', metric: 'y' }, [1])).toEqual([]);
      expect(await store.series.range({ sensor: 'x', metric: 'y' }, 0, T0)).toEqual([]);
      expect(await store.series.newest(S, 2)).toEqual([
        { ts: T0 + 480, value: 48 },
        { ts: T0 + 490, value: 49 },
      ]);
      expect(await store.series.newest({ sensor: 'x', metric: 'y' }, 2)).toEqual([]);
    });

    it('drops snapshots that are too old and replaces re-taken ones', async () => {
      const next = (snapshots: [number, number][], oldestSnapshot: number) => ({
        state: state(1),
        snapshots: snapshots.map(([n, byte]) => ({ n, ts: T0 + n, bytes: state(byte) })),
        oldestSnapshot,
        horizon: -1,
        assignments: [],
        status: 'normal' as const,
      });
      await put([{ ts: T0, value: 1 }], {
        next: next(
          [
            [64, 1],
            [128, 2],
            [192, 3],
            [256, 4],
            [320, 5],
          ],
          64,
        ),
      });
      await put([{ ts: T0 + 1, value: 1 }], {
        next: next(
          [
            [320, 50],
            [384, 6],
          ],
          128,
        ),
      });
      const [record] = await store.series.load([S]);
      expect(record!.snapshots).toEqual([128, 192, 256, 320, 384].map((n) => ({ n, ts: T0 + n })));
      const bytes = await Promise.all([64, 128, 192, 256, 320, 384].map((n) => store.series.snapshot(S, n)));
      expect(bytes.map((found) => found && plain(found))).toEqual([null, [2], [3], [4], [50], [6]]);
    });

    describe('buckets', () => {
      const samples = Array.from({ length: 400 }, (_, i) => ({
        ts: T0 + i * 20_000,
        value: Math.sin(i) * 10 + i / 7,
      }));
      const want = (width: number, agg: 'avg' | 'min' | 'max') => {
        const buckets = new Map<number, number[]>();
        for (const { ts, value } of samples) {
          const start = ts - (ts % width);
          buckets.set(start, [...(buckets.get(start) ?? []), value]);
        }
        return [...buckets].map(([ts, values]) => ({
          ts,
          value:
            agg === 'min'
              ? Math.min(...values)
              : agg === 'max'
                ? Math.max(...values)
                : expect.closeTo(values.reduce((a, b) => a + b, 0) / values.length, 9),
        }));
      };

      for (const width of [40_000, 60_000, 300_000, 3_600_000]) {
        it(`aggregates over ${width / 1000} s`, async () => {
          for (let i = 0; i < samples.length; i += 37) await put(samples.slice(i, i + 37));
          for (const agg of ['avg', 'min', 'max'] as const) {
            expect(await store.series.buckets(S, T0, T0 + DAY, width, agg)).toEqual(want(width, agg));
          }
        });
      }

      it('are the same to the last bit whatever the order of arrival, with replaced values', async () => {
        const other = { sensor: 'shuffled', metric: 'temperature' };
        await put(samples);
        const shuffled = samples.map((sample, i) => ({ ...sample, at: (i * 151) % samples.length }));
        shuffled.sort((a, b) => a.at - b.at);
        await put([{ ts: samples[0]!.ts, value: -500 }], { series: other });
        for (let i = 0; i < shuffled.length; i += 50) {
          const part = shuffled.slice(i, i + 50).map(({ ts, value }) => ({ ts, value }));
          await put(
            part.sort((a, b) => a.ts - b.ts),
            { series: other },
          );
        }
        for (const width of [60_000, 3_600_000]) {
          for (const agg of ['avg', 'min', 'max'] as const) {
            expect(await store.series.buckets(other, T0, T0 + DAY, width, agg)).toEqual(
              await store.series.buckets(S, T0, T0 + DAY, width, agg),
            );
          }
        }
      });

      it('cover whole buckets at both ends', async () => {
        await put(samples);
        const inner = await store.series.buckets(S, T0 + 30_000, T0 + 100_000, 60_000, 'max');
        expect(inner).toEqual(want(60_000, 'max').slice(0, 2));
        expect(await store.series.buckets({ sensor: 'x', metric: 'y' }, 0, T0, 60_000, 'avg')).toEqual([]);
      });

      it('are kept for as long as was asked for, each rollup for its own time', async () => {
        const rollupRetention = { '1m': 2 * DAY, '1h': 20 * DAY };
        store = await open({ retention: DAY, rollupRetention, deadLetterMax: 5 });
        const times = [T0 - 4 * DAY, T0 - DAY, T0];
        for (const ts of times) await put([{ ts, value: 1 }]);
        await store.trim(T0 + 1000);
        const starts = async (width: number) =>
          (await store.series.buckets(S, T0 - 9 * DAY, T0, width, 'max')).map(({ ts }) => ts);
        expect(await starts(60_000)).toEqual(times.slice(1));
        expect(await starts(3_600_000)).toEqual(times);
      });
    });

    describe('alerts', () => {
      it('keep why they were raised, with and without a model', async () => {
        const explanation = { reason: 'jump', observed: 4, usual: 2.5, low: null, high: 7.5 } as const;
        const why = [alert(T0, { explanation }), alert(T0 + 1, { explanation, model: 'm' })];
        await put([{ ts: T0, value: 9 }], { alerts: [...why, alert(T0 + 2, { model: 'm' })] });
        const found = await store.alerts.list({ limit: 10 });
        expect(found.map((each) => [each.explanation, each.model])).toEqual([
          [undefined, 'm'],
          [explanation, 'm'],
          [explanation, undefined],
        ]);
      });

      it('keep their peak, which is no revision, and of which nobody is told', async () => {
        await store.alertStream.addTarget('t');
        const [id, peak] = [`s/temperature/anomaly/${T0}`, { value: 12, ts: T0 + 1 }];
        await put([{ ts: T0, value: 9 }], { alerts: [alert(T0)] });
        await store.alerts.acknowledge(id);
        const told = async () => (await store.alertStream.backlog('t', 'me', 1000, 10)).entries?.length;
        expect(await told()).toBe(2);
        const quiet = { ...alert(T0, { peak }), quiet: true };
        await put([{ ts: T0 + 1, value: 12 }], { alerts: [quiet] });
        expect(await told()).toBe(2);
        const [stored] = await store.alerts.list({ limit: 10 });
        expect(stored).toEqual({ ...alert(T0), ...S, id, peak, acknowledged: true, revision: 2 });
        // A late reading may take it back.
        await put([{ ts: T0 + 2, value: 9 }], { alerts: [{ ...alert(T0), quiet: true }] });
        expect((await store.alerts.since(S, 0))[0]).not.toHaveProperty('peak');
        const cleared = { state: 'cleared', clearedTs: T0 + 3, peak } as const;
        await put([{ ts: T0 + 3, value: 1 }], { alerts: [alert(T0, cleared)] });
        expect(await told()).toBe(3);
        expect((await store.alerts.list({ limit: 10 }))[0]).toMatchObject({ ...cleared, revision: 3 });
      });

      it('keep who was the first to acknowledge, whatever becomes of them', async () => {
        const id = `s/temperature/anomaly/${T0}`;
        const peak = { value: 12, ts: T0 + 1 };
        await put([{ ts: T0, value: 9 }], { alerts: [alert(T0)] });
        const acknowledgement = { by: 'Ana "]} ñ', at: T0 + 5 };
        expect(await store.alerts.acknowledge(id, acknowledgement)).toMatchObject({ acknowledgement });
        await store.alerts.acknowledge(id, { by: 'Ben', at: T0 + 6 });
        const explanation = { reason: 'jump', observed: 4, usual: 2.5, low: null, high: 7.5 } as const;
        for (const change of [
          { peak, quiet: true },
          { peak, explanation },
          { state: 'cleared', clearedTs: T0 + 9 },
        ] as const) {
          await put([{ ts: T0 + 1, value: 9 }], { alerts: [alert(T0, change)] });
          const [stored] = await store.alerts.list({ limit: 10 });
          expect(stored).toMatchObject({ acknowledged: true, acknowledgement });
          expect(stored?.peak).toEqual('peak' in change ? peak : undefined);
        }
      });

      it('count revisions and keep acknowledgements', async () => {
        await put([{ ts: T0, value: 9 }], { alerts: [alert(T0)] });
        const id = `s/temperature/anomaly/${T0}`;
        expect(await store.alerts.list({ limit: 10 })).toEqual([
          { ...alert(T0), ...S, id, acknowledged: false, revision: 1 },
        ]);
        expect(await store.alerts.acknowledge(id)).toMatchObject({ id, acknowledged: true, revision: 2 });
        expect(await store.alerts.acknowledge(id)).toMatchObject({ acknowledged: true, revision: 2 });
        expect(await store.alerts.acknowledge('no/such/anomaly/1')).toBeNull();
        const cleared = alert(T0, { state: 'cleared', clearedTs: T0 + 4 });
        const expectedVersion = (await store.series.load([S]))[0]!.version;
        const [result] = await store.series.commit([
          commitOf([{ ts: T0 + 4, value: 5 }], { expectedVersion, alerts: [cleared] }),
        ]);
        expect(result).toMatchObject({
          alerts: [{ ...cleared, ...S, id, acknowledged: true, revision: 3 }],
        });
        expect(await store.alerts.list({ limit: 10 })).toEqual([
          { ...cleared, ...S, id, acknowledged: true, revision: 3 },
        ]);
      });

      it('are listed newest first, by sensor, metric, rule, state and time, without retracted ones', async () => {
        await put([], { alerts: [alert(T0), alert(T0 + 10), alert(T0 + 5, { state: 'retracted' })] });
        await put([], { series: { sensor: 'o', metric: 'humidity' }, alerts: [alert(T0 + 7)] });
        const ts = async (query: Parameters<Store['alerts']['list']>[0]) =>
          (await store.alerts.list(query)).map((a) => a.ts - T0);
        expect(await ts({ limit: 10 })).toEqual([10, 7, 0]);
        expect(await ts({ limit: 2 })).toEqual([10, 7]);
        expect(await ts({ limit: 10, sensor: 's' })).toEqual([10, 0]);
        expect(await ts({ limit: 10, metric: 'humidity' })).toEqual([7]);
        expect(await ts({ limit: 10, state: 'retracted' })).toEqual([5]);
        expect(await ts({ limit: 10, from: T0 + 7 })).toEqual([10, 7]);
        await put([], { alerts: [alert(T0 + 20, { rule: 'max' })] });
        expect(await ts({ limit: 10, to: T0 + 7 })).toEqual([7, 0]);
        expect(await ts({ limit: 10, ...S, from: T0 + 1, to: T0 + 10 })).toEqual([10]);
        expect(await ts({ limit: 1, from: T0 + 1, to: T0 + 9 })).toEqual([7]);
        expect(await ts({ limit: 10, rule: 'max' })).toEqual([20]);
        expect(await ts({ limit: 10, rule: 'max', ...S })).toEqual([20]);
        expect(await ts({ limit: 10, rule: 'min' })).toEqual([]);
      });

      it('that a re-fold may change are found', async () => {
        await put([], {
          alerts: [
            alert(T0, { state: 'cleared', clearedTs: T0 + 2 }),
            alert(T0 + 3, { state: 'cleared', clearedTs: T0 + 6 }),
            alert(T0 + 7, { state: 'retracted' }),
            alert(T0 + 8),
          ],
        });
        const ts = (await store.alerts.since(S, T0 + 4)).map((a) => a.ts - T0);
        expect(ts).toEqual([3, 8]);
      });
    });

    describe('the stream of alerts', () => {
      const LEASE = 60_000;
      const quiet = { due: 0, kept: 0, now: expect.any(Number) };
      const backlog = (limit = 100, holder = 'a', target = 'webhook') =>
        store.alertStream.backlog(target, holder, LEASE, limit);
      /** `<time after T0> <state>[!]` with `!` for acknowledged, in the order of the stream. */
      const told = async (limit?: number, holder?: string, target?: string) =>
        (await backlog(limit, holder, target)).entries?.map(
          ({ alert: { ts, state, acknowledged }, news }) =>
            `${ts - T0} ${state}${acknowledged ? '!' : ''}${news ? '' : ' (no news)'}`,
        );
      const confirmAll = async (holder = 'a') => {
        const { entries } = await backlog(100, holder);
        return store.alertStream.confirm('webhook', holder, LEASE, entries!.at(-1)!.position);
      };

      it('has every change in order, from where the target was added, until it is confirmed', async () => {
        await put([], { alerts: [alert(T0)] });
        await store.alertStream.addTarget('webhook');
        expect(await backlog()).toEqual({ entries: [], pending: 0, oldest: null, lost: 0, ...quiet });
        const before = Date.now();
        await put([], { alerts: [alert(T0 + 1)] });
        await put([], { alerts: [alert(T0, { state: 'cleared', clearedTs: T0 + 2 })] });
        await put([], { alerts: [alert(T0 + 2)] });
        await store.alerts.acknowledge(`s/temperature/anomaly/${T0 + 2}`);
        await store.alertStream.addTarget('webhook');
        expect(await told()).toEqual(['1 open', '0 cleared', '2 open', '2 open!']);
        const { entries, pending, oldest, lost } = await backlog(2);
        expect(entries!.map((entry) => entry.alert.revision)).toEqual([1, 2]);
        expect(entries![0]!.alert).toEqual((await store.alerts.list({ limit: 10, from: T0 + 1 }))[1]);
        expect([pending, lost]).toEqual([4, 0]);
        expect(oldest).toBe(entries![0]!.at);
        // The server's clock, on this machine.
        expect(Math.abs(oldest! - before)).toBeLessThan(60_000);
        expect(await store.alertStream.confirm('webhook', 'a', LEASE, entries![0]!.position)).toBe(true);
        expect(await told()).toEqual(['0 cleared', '2 open', '2 open!']);
        expect(await told(1)).toEqual(['0 cleared']);
        expect(await backlog(0)).toMatchObject({ entries: [], pending: 3 });
        // A confirmation that comes late takes nothing back.
        await confirmAll();
        await store.alertStream.confirm('webhook', 'a', LEASE, entries![1]!.position);
        expect(await backlog()).toEqual({ entries: [], pending: 0, oldest: null, lost: 0, ...quiet });
      });

      it('remembers what a target was told, with its place', async () => {
        await store.alertStream.addTarget('webhook');
        await put([], { alerts: [alert(T0), alert(T0 + 1)] });
        await put([], { alerts: [alert(T0, { state: 'retracted' })] });
        const [first, second] = (await backlog()).entries!;
        expect([first, second]).toMatchObject([
          { latest: 'retracted', told: null },
          { latest: 'open', told: null },
        ]);
        const ids = [first!.alert.id, second!.alert.id, 'no/such/anomaly/1'];
        const told = new Map([
          [ids[0]!, ''],
          [ids[1]!, 'open'],
        ]);
        await store.alertStream.confirm('webhook', 'a', LEASE, second!.position, told);
        expect(await store.alertStream.told('webhook', ids)).toEqual(['', 'open', null]);
        expect(await store.alertStream.told('other', ids)).toEqual([null, null, null]);
        await store.alerts.acknowledge(ids[1]!);
        expect((await backlog()).entries).toMatchObject([
          { latest: 'retracted', told: '' },
          { latest: 'open acknowledged', told: 'open' },
        ]);
      });

      it('keeps what a target refuses, and lets it be sent again', async () => {
        const { keptAlerts } = store;
        await store.alertStream.addTarget('webhook');
        await put([], { alerts: [alert(T0), alert(T0 + 1)] });
        const { entries } = await backlog();
        const changes = entries!.map(({ alert, at }, i) => ({
          alert,
          at: at + i,
          reason: 'HTTP 400',
          keptAt: at + 9,
        }));
        for (const change of changes) expect(await keptAlerts.keep('webhook', change)).toBe(0);
        await keptAlerts.keep('webhook', changes[0]!);
        expect(await keptAlerts.list('webhook')).toEqual([changes[1], changes[0]]);
        expect(await keptAlerts.list('other')).toEqual([]);
        expect([await keptAlerts.count('webhook'), await keptAlerts.due('webhook', 9)]).toEqual([2, []]);
        const keys = changes.map(keptKey);
        expect(await keptAlerts.sendAgain('webhook', ['no/such/anomaly/1/1'])).toBe(0);
        expect(await keptAlerts.sendAgain('webhook', null)).toBe(2);
        expect(await keptAlerts.due('webhook', 1)).toEqual([changes[0]]);
        expect(await backlog()).toMatchObject({ due: 2, kept: 2 });
        // Refused again: kept, and no longer due.
        await keptAlerts.keep('webhook', changes[0]!);
        expect(await keptAlerts.due('webhook', 9)).toEqual([changes[1]]);
        const { id } = changes[1]!.alert;
        expect(await keptAlerts.remove('webhook', [keys[1]!], new Map([[id, 'open']]))).toBe(1);
        expect(await store.alertStream.told('webhook', [id])).toEqual(['open']);
        expect(await backlog()).toMatchObject({ due: 0, kept: 1 });
        expect(await keptAlerts.remove('webhook', keys)).toBe(1);
      });

      it('tells whoever was told of an open alert that it ends with its series', async () => {
        for (const target of ['webhook', 'other']) await store.alertStream.addTarget(target);
        await put([{ ts: T0, value: 1 }], { alerts: [alert(T0), alert(T0 + 1), alert(T0 + 2)] });
        const { entries } = await backlog();
        const [a, b, c] = entries!.map(({ alert }) => alert.id) as [string, string, string];
        const told = new Map([
          [a, 'open'],
          [b, ''],
          [c, 'cleared'],
        ]);
        await store.alertStream.confirm('webhook', 'a', LEASE, entries!.at(-1)!.position, told);
        expect(await store.series.remove(S)).toBe(true);
        const due = await store.keptAlerts.due('webhook', 9);
        expect(due).toMatchObject([
          { alert: { id: a, state: 'cleared', revision: 2, clearedTs: expect.any(Number) }, final: true },
        ]);
        expect([await store.keptAlerts.count('webhook'), await store.keptAlerts.due('other', 9)]).toEqual([
          0,
          [],
        ]);
        expect(await store.alertStream.told('webhook', [a, b, c])).toEqual([null, null, null]);
        await store.keptAlerts.remove('webhook', due.map(keptKey));
        expect(await store.keptAlerts.due('webhook', 9)).toEqual([]);
      });

      it('says which changes are no news', async () => {
        await store.alertStream.addTarget('webhook');
        await put([], { alerts: [alert(T0)] });
        await put([], { alerts: [alert(T0, { score: 7 })] });
        await store.alerts.acknowledge(`s/temperature/anomaly/${T0}`);
        await store.alerts.acknowledge(`s/temperature/anomaly/${T0}`);
        await put([], { alerts: [alert(T0, { score: 8 })] });
        await put([], { alerts: [alert(T0, { state: 'cleared', clearedTs: T0 + 1 })] });
        await put([], { alerts: [alert(T0, { state: 'cleared', clearedTs: T0 + 2 })] });
        await put([], { alerts: [alert(T0)] });
        expect(await told()).toEqual([
          '0 open',
          '0 open (no news)',
          '0 open!',
          '0 open! (no news)',
          '0 cleared!',
          '0 cleared! (no news)',
          '0 open!',
        ]);
      });

      it('goes to each target by itself', async () => {
        await store.alertStream.addTarget('webhook');
        await put([], { alerts: [alert(T0)] });
        await confirmAll();
        await store.alertStream.addTarget('mqtt');
        await put([], { alerts: [alert(T0 + 1)] });
        expect(await told(100, 'b', 'mqtt')).toEqual(['1 open']);
        expect(await told()).toEqual(['1 open']);
        await confirmAll();
        expect(await told()).toEqual([]);
        expect(await told(100, 'b', 'mqtt')).toEqual(['1 open']);
      });

      it('counts what RETENTION drops undelivered, once', async () => {
        await store.alertStream.addTarget('webhook');
        await put([], { alerts: [alert(T0), alert(T0 + 1), alert(T0 + 2)] });
        const { entries } = await backlog();
        await store.alertStream.confirm('webhook', 'a', LEASE, entries![0]!.position);
        await store.trim(Date.now() + 31 * DAY);
        expect(await backlog()).toEqual({ entries: [], pending: 0, oldest: null, lost: 2, ...quiet });
        expect(await backlog()).toEqual({ entries: [], pending: 0, oldest: null, lost: 0, ...quiet });
        await put([], { alerts: [alert(T0 + 3)] });
        expect(await backlog()).toMatchObject({ entries: [{ alert: { ts: T0 + 3 } }], pending: 1, lost: 0 });
      });
    });

    describe('dead letters', () => {
      it('take so many bytes together; the oldest go first, also after some were removed', async () => {
        store = await open({ retention: DAY, deadLetterMax: 100, deadLetterMaxBytes: 5000 });
        const letter = (i: number, size: number) => ({
          ...{ id: `id-${i}`, topic: 't', reason: 'r', detail: 'd', lastTs: T0 + i },
          bytes: new Uint8Array(size),
        });
        const ids = async () => (await store.deadLetters.list(99)).map(({ id }) => id);
        expect(await store.deadLetters.add([letter(1, 2000), letter(2, 2000)])).toBe(0);
        // Seen again, it is not kept twice.
        expect(await store.deadLetters.add([letter(2, 2000)])).toBe(0);
        expect(await store.deadLetters.remove('id-1')).toBe(true);
        expect(await store.deadLetters.add([letter(3, 2000)])).toBe(0);
        expect(await store.deadLetters.add([letter(4, 2000)])).toBe(1);
        expect(await ids()).toEqual(['id-4', 'id-3']);
        expect(await store.deadLetters.add([letter(5, 4500)])).toBe(2);
        expect(await ids()).toEqual(['id-5']);
        expect(await store.deadLetters.add([letter(6, 6000), letter(7, 10)])).toBe(2);
        expect(await ids()).toEqual(['id-7']);
      });

      const letter = (id: string, lastTs: number) => ({
        id,
        topic: 'sensors/ñ/temperature',
        bytes: state(0, 255, 10),
        reason: 'not-json',
        detail: 'why',
        lastTs,
      });

      it('keep bytes, topic and reason, and count a redelivered message once', async () => {
        await store.deadLetters.add([letter('a', T0)]);
        await store.deadLetters.add([letter('a', T0 + 5), letter('b', T0 + 6)]);
        const { bytes, ...listed } = letter('b', T0 + 6);
        expect(await store.deadLetters.list(10)).toEqual([
          { ...listed, size: 3, firstTs: T0 + 6, count: 1 },
          { ...listed, id: 'a', size: 3, firstTs: T0, lastTs: T0 + 5, count: 2 },
        ]);
        expect(await store.deadLetters.list(1)).toHaveLength(1);
        const found = await store.deadLetters.get('a');
        expect(found).toMatchObject({
          topic: 'sensors/ñ/temperature',
          reason: 'not-json',
          firstTs: T0,
          lastTs: T0 + 5,
          count: 2,
        });
        expect(plain(found!.bytes)).toEqual([0, 255, 10]);
        expect(await store.deadLetters.get('c')).toBeNull();
      });

      it('are paged through by time and id, also from a place where none is any more', async () => {
        const times = { e: T0, a: T0 + 1, b: T0 + 1, c: T0 + 1, d: T0 + 2 };
        await store.deadLetters.add(Object.entries(times).map(([id, ts]) => letter(id, ts)));
        const idsAfter = async (place: DeadLetterPlace | null, limit: number) =>
          (await store.deadLetters.after(place, limit)).map(({ id }) => id).join('');
        expect(await store.deadLetters.after(null, 1)).toEqual([{ id: 'e', lastTs: T0 }]);
        expect(await idsAfter(null, 9)).toBe('eabcd');
        expect(await idsAfter({ id: 'a', lastTs: T0 + 1 }, 2)).toBe('bc');
        await store.deadLetters.remove('b');
        expect(await idsAfter({ id: 'b', lastTs: T0 + 1 }, 9)).toBe('cd');
        expect(await idsAfter({ id: 'd', lastTs: T0 + 1 }, 9)).toBe('d');
        expect(await idsAfter({ id: 'd', lastTs: T0 + 2 }, 9)).toBe('');
      });

      it('are bounded: the oldest go first and are counted', async () => {
        expect(
          await store.deadLetters.add(['a', 'b', 'c', 'd', 'e'].map((id, i) => letter(id, T0 + i))),
        ).toBe(0);
        expect(await store.deadLetters.add([letter('f', T0 + 9), letter('g', T0 + 9)])).toBe(2);
        expect((await store.deadLetters.list(10)).map(({ id }) => id).sort()).toEqual([
          'c',
          'd',
          'e',
          'f',
          'g',
        ]);
        expect(await store.deadLetters.count()).toBe(5);
        expect(await store.deadLetters.remove('d')).toBe(true);
        expect(await store.deadLetters.remove('d')).toBe(false);
        expect(await store.deadLetters.count()).toBe(4);
      });
    });

    it('keeps which model an alert was judged by', async () => {
      await put([{ ts: T0, value: 9 }], { alerts: [alert(T0, { model: 'm-1' }), alert(T0 + 1)] });
      const stored = await store.alerts.list({ limit: 10 });
      expect(stored.map(({ model }) => model)).toEqual([undefined, 'm-1']);
      expect(await store.alerts.acknowledge(stored[1]!.id)).toMatchObject({ model: 'm-1', revision: 2 });
      const cleared = alert(T0, { model: 'm-1', state: 'cleared', clearedTs: T0 + 4 });
      await put([{ ts: T0 + 4, value: 5 }], { alerts: [cleared] });
      expect((await store.alerts.since(S, T0))[0]).toMatchObject(cleared);
    });

    it('keeps assignments of models as they are given', async () => {
      const assignments = [
        { from: 0, model: 'm-1' },
        { from: T0, model: 'm-2', shadow: 'm-3', revision: T0 + 7 },
      ];
      const next = { ...commitOf([]).next!, assignments };
      await put([{ ts: T0, value: 1 }], { next });
      expect((await store.series.load([S]))[0]!.assignments).toEqual(assignments);
    });

    it('changes the model table only from the revision that is there', async () => {
      expect(await store.models.table()).toEqual(EMPTY_TABLE);
      const first = promote(EMPTY_TABLE, { sensor: 'ñ"*', metric: '*' }, 'm-1', T0);
      expect(await store.models.putTable(first, 5)).toBe(false);
      expect(await store.models.table()).toEqual(EMPTY_TABLE);
      expect(await store.models.putTable(first, 0)).toBe(true);
      expect(await store.models.table()).toEqual(first);
      const others = ['m-2', 'm-3', 'm-4'].map((model) => promote(first, DEFAULT_SCOPE, model, T0));
      const written = await Promise.all(others.map((table) => store.models.putTable(table, first.revision)));
      expect(written.filter(Boolean)).toHaveLength(1);
      expect(await store.models.table()).toEqual(others[written.indexOf(true)]);
      expect(await store.models.putTable(first, 0)).toBe(false);
    });

    it('keeps the first format that is proposed, until another one is set', async () => {
      expect(await store.formats.state()).toBeNull();
      expect(await store.formats.proposeState(2)).toBe(2);
      expect(await store.formats.proposeState(3)).toBe(2);
      await store.formats.setState(3);
      expect(await store.formats.state()).toBe(3);
    });

    it('keeps the newest entries of the audit log, and gives them page by page', async () => {
      const entry = (n: number): AuditEntry => ({
        ts: T0 + n,
        actor: n === 0 ? null : 'ana "ñ"',
        role: 'admin',
        address: '::1',
        action: 'DELETE /api/series/{sensor}/{metric}',
        target: `s/${n}`,
        outcome: 'done',
        status: 200,
        detail: null,
        requestId: `r${n}`,
        count: 1,
      });
      expect(await store.audit.list(10, null)).toEqual([]);
      await store.audit.add([entry(0), entry(1)]);
      await store.audit.add([entry(2)]);
      const all = await store.audit.list(10, null);
      expect(all.map(({ position: _, ...rest }) => rest)).toEqual([entry(2), entry(1), entry(0)]);
      const page = await store.audit.list(2, null);
      expect(page).toEqual(all.slice(0, 2));
      expect(await store.audit.list(2, page[1]!.position)).toEqual(all.slice(2));
      for (let n = 3; n < 403; n += 100)
        await store.audit.add(Array.from({ length: 100 }, (_, i) => entry(n + i)));
      const kept = await store.audit.list(1000, null);
      expect(kept[0]!.target).toBe('s/402');
      expect(kept.length).toBeGreaterThanOrEqual(100);
      expect(kept.length).toBeLessThan(300);
    });

    it('makes a secret once, for whoever asks first', async () => {
      const [a, b] = await Promise.all([store.secrets.get('session'), store.secrets.get('session')]);
      expect(a!.length).toBe(32);
      expect(plain(b!)).toEqual(plain(a!));
      expect(plain(await store.secrets.get('other'))).not.toEqual(plain(a!));
    });

    it('keeps the newest birth of each sender until it is removed', async () => {
      expect(await store.births.get('plant/edge')).toBeNull();
      await store.births.put('plant/edge', '{"ts":1}');
      await store.births.put('plant/edge', '{"ts":2}');
      await store.births.put('plant/edge/ñ', '{"ts":3}');
      expect(await store.births.get('plant/edge')).toBe('{"ts":2}');
      await store.births.remove('plant/edge');
      await store.births.remove('plant/edge');
      expect([await store.births.get('plant/edge'), await store.births.get('plant/edge/ñ')]).toEqual([
        null,
        '{"ts":3}',
      ]);
    });

    it('keeps models and counters', async () => {
      expect(await store.models.ids()).toEqual([]);
      expect(await store.models.get('m')).toBeNull();
      await store.models.put('m', state(1, 2));
      await store.models.put('m', state(1, 2));
      await store.models.put('b', state(3));
      expect(plain((await store.models.get('m'))!)).toEqual([1, 2]);
      expect(await store.models.ids()).toEqual(['b', 'm']);
      expect(await store.models.bytes()).toBe(3);
      expect(await store.models.remove('b')).toBe(true);
      expect(await store.models.remove('b')).toBe(false);
      expect(await store.models.ids()).toEqual(['m']);
      expect(await store.counters.increment('visits')).toBe(1);
      expect(await store.counters.increment('visits')).toBe(2);
      await store.ping();
    });

    it('tells series apart whatever their names are', async () => {
      const names = ['a/b', 'a', 'a}b', '{a}', '🌡️', 'ñandú', 'a b', '%2F', 'a:b', "'; drop table series; --"];
      for (const [i, sensor] of names.entries()) {
        await put([{ ts: T0, value: i }], { series: { sensor, metric: 'b/{c}' }, alerts: [alert(T0)] });
      }
      for (const [i, sensor] of names.entries()) {
        expect(await store.series.range({ sensor, metric: 'b/{c}' }, T0, T0)).toMatchObject([{ value: i }]);
        expect(await store.alerts.list({ sensor, limit: 5 })).toHaveLength(1);
      }
      expect((await store.series.list()).map(({ sensor }) => sensor).sort()).toEqual([...names].sort());
      expect(await store.series.count()).toBe(names.length);
    });
  });
}
