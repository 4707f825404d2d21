/** The frame of most faults: replicas under load, something happens to them, and nothing may be lost or doubled. */
import { expect } from 'vitest';
import { type AccountingWatch, settledCounts, watchAccounting } from './accounting-watch.ts';
import { figures } from './fault-form.ts';
import { type LoadOptions, type LoadPublishing, publishLoad } from './load-publisher.ts';
import { type Mosquitto, startMosquitto } from './mosquitto.ts';
import type { RedisServer } from './redis-server.ts';
import { type Replica, startReplicas } from './replica.ts';
import { startDurableRedis } from './running-redis.ts';
import { type LoadedSeries, simulatedLoad, sizeOf } from './simulated-load.ts';
import { allStored, expectAlertsRelayed, expectStoredOnce, storeAt } from './stored-load.ts';
import { waitFor } from './wait-for.ts';

export interface FaultRunOptions extends Pick<LoadOptions, 'publishers'> {
  readonly series: number;
  /** Per series. */
  readonly readings: number;
  /** Readings per second, all series together. */
  readonly rate: number;
  readonly replicas: number;
  /** Settings of the replicas beside their addresses. */
  readonly env?: Readonly<Record<string, string>>;
}

/** One server, or several behind one address. */
export interface RedisPlace {
  readonly url: string;
  command(...args: readonly string[]): Promise<unknown>;
}

export interface FaultRun<R extends RedisPlace = RedisServer> {
  readonly load: readonly LoadedSeries[];
  readonly broker: Mosquitto;
  readonly redis: R;
  readonly replicas: readonly Replica[];
  readonly publishing: LoadPublishing;
  readonly watch: AccountingWatch;
}

/** Begins to publish, and resolves when the broker has a quarter of the load. */
export async function startFaultRun(options: FaultRunOptions): Promise<FaultRun> {
  return startFaultRunOn(await startDurableRedis(), options);
}

/** The same on another Redis than one server of its own. */
export async function startFaultRunOn<R extends RedisPlace>(
  redis: R,
  options: FaultRunOptions,
): Promise<FaultRun<R>> {
  const load = simulatedLoad(options.series, options.readings);
  const broker = await startMosquitto();
  const env = { MQTT_URL: broker.url, REDIS_URL: redis.url, ...options.env };
  const replicas = await startReplicas(options.replicas, env);
  const watch = watchAccounting(replicas);
  const publishing = publishLoad(broker.url, load, options);
  await waitFor('a quarter of the load', () => publishing.acknowledged() > sizeOf(load) / 4, 60_000);
  return { load, broker, redis, replicas, publishing, watch };
}

/** Waits for the rest of the load; then everything published is stored, once, and the accounts were never wrong. */
export async function expectNothingLost(run: FaultRun<RedisPlace>): Promise<void> {
  const { load, redis, replicas, publishing, watch } = run;
  await publishing.done;
  const store = await storeAt(redis.url);
  await allStored(store, load);
  const counts = await settledCounts(replicas);
  // Replicas race each other after an outage, and nothing holds back the load for the sake of the horizon.
  await expectStoredOnce(store, load, { scored: counts.every(({ unscored }) => unscored === 0) });
  await expectAlertsRelayed(redis, store);
  figures(watch.totals());
  // How many fit in while the load ran depends on the machine.
  await waitFor('enough looks at the accounts', () => watch.scrapes > 10);
  expect(watch.mismatches).toEqual([]);
  expect(replicas.filter(({ ended }) => ended)).toEqual([]);
}
