/** What a store holds after a fault, held against what was published and against another store. */
import pino from 'pino';
import { expect, onTestFinished } from 'vitest';
import type { SeriesState } from '../../src/detect/state.ts';
import type { Alert } from '../../src/domain/alert.ts';
import type { Sample } from '../../src/domain/reading.ts';
import { entryOf } from '../../src/planning/series-entry.ts';
import { openRedisStore } from '../../src/store/redis-store.ts';
import { ROLLUPS } from '../../src/store/rollup.ts';
import type { ModelAssignment, Snapshot, Store } from '../../src/store/store.ts';
import { figures } from './fault-form.ts';
import type { RedisServer } from './redis-server.ts';
import { type LoadedSeries, sizeOf } from './simulated-load.ts';
import { waitFor } from './wait-for.ts';

const DAY = 86_400_000;
const ALL = Number.MAX_SAFE_INTEGER;

/** The test's own view of the Redis that the replicas write to. */
export async function storeAt(url: string): Promise<Store> {
  const store = await openRedisStore({
    url,
    durability: 'memory',
    retention: 30 * DAY,
    deadLetterMax: 1_000_000,
    logger: pino({ level: 'silent' }),
    timeout: 20_000,
    patience: 30_000,
  });
  onTestFinished(() => store.close());
  return store;
}

/** Waits until as many readings are stored as the load has. What exactly is stored is another question. */
export async function allStored(
  store: Store,
  load: readonly LoadedSeries[],
  deadlineMs = 120_000,
): Promise<void> {
  let missing = [...load];
  await waitFor(
    'every reading to be stored',
    async () => {
      const found = await Promise.all(missing.map((series) => store.series.range(series, 0, ALL)));
      missing = missing.filter(({ samples }, i) => found[i]!.length < samples.length);
      if (missing.length > 0)
        throw new Error(`${missing.length} series lack readings, ${missing[0]!.sensor}: …`);
      return true;
    },
    deadlineMs,
  );
}

/**
 * 0 lost, 0 doubled: the samples are those of the load, none is folded twice, and every alert there is is there once.
 * @param scored whether all came within the horizon, so that each of them must have been folded
 */
export async function expectStoredOnce(
  store: Store,
  load: readonly LoadedSeries[],
  { scored }: { readonly scored: boolean },
): Promise<void> {
  let stored = 0;
  for (const series of load) {
    const found = await store.series.range(series, 0, ALL);
    expect(
      found.map(({ ts, value }) => ({ ts, value })),
      series.sensor,
    ).toEqual(series.samples);
    stored += found.length;
    const [record] = await store.series.load([series]);
    const { count, lastTs } = entryOf(record!).state;
    expect(lastTs, series.sensor).toBe(series.samples.at(-1)!.ts);
    if (scored) expect(count, series.sensor).toBe(series.samples.length);
    else expect(count, series.sensor).toBeLessThanOrEqual(series.samples.length);
  }
  const ids = (await store.alerts.list({ limit: 1_000_000 })).map(({ id }) => id);
  expect(ids).toHaveLength(new Set(ids).size);
  figures({ published: sizeOf(load), stored, alerts: ids.length });
}

/** Every change of an alert is in the stream once, up to the newest revision, whoever died while relaying it. */
export async function expectAlertsRelayed(redis: Pick<RedisServer, 'command'>, store: Store): Promise<void> {
  const limit = 1_000_000;
  const alerts = [
    ...(await store.alerts.list({ limit })),
    ...(await store.alerts.list({ limit, state: 'retracted' })),
  ];
  const entries = (await redis.command('XRANGE', 'vigia:alerts', '-', '+')) as [string, string[]][];
  const changes = entries.map(([, [, id, , revision]]) => `${id} ${revision}`);
  expect(changes).toHaveLength(new Set(changes).size);
  const newest = alerts.map(({ id, revision }) => `${id} ${revision}`);
  expect(newest.filter((change) => !changes.includes(change))).toEqual([]);
}

/** Everything about a series that has to be a pure function of its readings. */
export interface SeriesContent {
  readonly samples: readonly {
    readonly ts: number;
    readonly expected: number | null;
    readonly score: number | null;
  }[];
  readonly state: SeriesState;
  readonly snapshots: readonly Snapshot[];
  readonly assignments: readonly Omit<ModelAssignment, 'revision'>[];
  /** The seasonal ring, in hexadecimal. */
  readonly season: string;
  readonly rollups: Readonly<Record<string, readonly Sample[]>>;
  readonly alerts: readonly Omit<Alert, 'revision' | 'acknowledged'>[];
}

export async function contentOf(store: Store, { sensor, metric }: LoadedSeries): Promise<SeriesContent> {
  const series = { sensor, metric };
  const [record] = await store.series.load([series]);
  const entry = entryOf(record!);
  // Which model judged from when on is the same everywhere. The revision beside it says which state of this store's model
  // table the choice was read from, and that is a time of the clock: another one in each run, but always one there was.
  const table = await store.models.table();
  for (const { revision } of entry.assignments) {
    expect(revision, sensor).toBeGreaterThan(0);
    expect(revision, sensor).toBeLessThanOrEqual(table.revision);
  }
  const rollups: Record<string, Sample[]> = {};
  for (const { name, width } of ROLLUPS) {
    for (const agg of ['avg', 'min', 'max'] as const)
      rollups[`${agg} ${name}`] = await store.series.buckets(series, 0, ALL, width, agg);
  }
  const alerts = await store.alerts.since(series, -1);
  return {
    samples: await store.series.range(series, 0, ALL),
    state: entry.state,
    snapshots: await Promise.all(
      record!.snapshots.map(async (mark) => ({
        ...mark,
        bytes: (await store.series.snapshot(series, mark.n))!,
      })),
    ),
    assignments: entry.assignments.map(({ revision: _revision, ...rest }) => rest),
    season: Buffer.from(record!.season).toString('hex'),
    rollups,
    alerts: alerts.map(({ revision: _revision, acknowledged: _acknowledged, ...rest }) => rest),
  };
}

/** @returns the number of alerts, the same in both */
export async function expectSameContent(
  store: Store,
  reference: Store,
  load: readonly LoadedSeries[],
): Promise<number> {
  let alerts = 0;
  for (const series of load) {
    const content = await contentOf(store, series);
    expect(content, series.sensor).toEqual(await contentOf(reference, series));
    alerts += content.alerts.length;
  }
  return alerts;
}
