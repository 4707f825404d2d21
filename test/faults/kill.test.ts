/** Promises 1 to 4 under `kill -9`: nothing lost, nothing doubled, and the verdicts of an undisturbed single replica. */
import { describe, expect, it, onTestFinished } from 'vitest';
import { settledCounts, watchAccounting } from '../helpers/accounting-watch.ts';
import { faultLasts, figures, inForm } from '../helpers/fault-form.ts';
import { publishLoad } from '../helpers/load-publisher.ts';
import { MOSQUITTO, startMosquitto } from '../helpers/mosquitto.ts';
import { type Replica, startReplicas } from '../helpers/replica.ts';
import { REDIS, startRedis } from '../helpers/running-redis.ts';
import { type LoadedSeries, simulatedLoad, sizeOf } from '../helpers/simulated-load.ts';
import {
  allStored,
  expectAlertsRelayed,
  expectSameContent,
  expectStoredOnce,
  storeAt,
} from '../helpers/stored-load.ts';

const { series, readings, rate, alerts, deadline } = inForm({
  short: { series: 20, readings: 600, rate: 1200, alerts: 10, deadline: 240_000 },
  long: { series: 100, readings: 2000, rate: 3300, alerts: 200, deadline: 1_200_000 },
});
const KILL_EVERY = 2000;

/** Kills a random one of the replicas every 2 s and starts it again; `stop` resolves with how often it did, and how long. */
function killAtRandom(replicas: readonly Replica[]): { stop(): Promise<{ kills: number; ms: number }> } {
  let over = false;
  const started = performance.now();
  const run = async () => {
    for (let kills = 0; ; kills++) {
      await faultLasts(KILL_EVERY);
      if (over) return { kills, ms: performance.now() - started };
      const victim = replicas[Math.floor(Math.random() * replicas.length)]!;
      await victim.kill();
      victim.spawn();
    }
  };
  const running = run();
  const stop = () => {
    over = true;
    return running;
  };
  onTestFinished(() => void stop());
  return { stop };
}

/** The same readings on one replica that nothing happens to. */
async function undisturbed(load: readonly LoadedSeries[]) {
  const [broker, redis] = await Promise.all([startMosquitto(), startRedis()]);
  const replicas = await startReplicas(1, { MQTT_URL: broker.url, REDIS_URL: redis.url });
  const store = await storeAt(redis.url);
  await publishLoad(broker.url, load, { withinHorizonOf: store }).done;
  await allStored(store, load);
  await settledCounts(replicas);
  return store;
}

describe.skipIf(!MOSQUITTO || !REDIS)('kill -9 of replicas (needs mosquitto and redis-server)', () => {
  it(
    `a random one of 5 every 2 s under ${series * readings} readings: all stored once, as by 1 undisturbed replica`,
    async () => {
      const load = simulatedLoad(series, readings);
      const [broker, redis] = await Promise.all([startMosquitto(), startRedis()]);
      const replicas = await startReplicas(5, { MQTT_URL: broker.url, REDIS_URL: redis.url });
      const store = await storeAt(redis.url);
      const watch = watchAccounting(replicas);
      const killing = killAtRandom(replicas);
      const publishing = publishLoad(broker.url, load, { rate, withinHorizonOf: store });
      await publishing.done;
      const { kills, ms } = await killing.stop();
      await allStored(store, load);
      expect(publishing.acknowledged()).toBe(sizeOf(load));
      await settledCounts(replicas);
      await expectAlertsRelayed(redis, store);
      await expectStoredOnce(store, load, { scored: true });
      figures({ kills, seconds: Math.round(ms / 1000), scrapes: watch.scrapes, ...watch.totals() });
      expect(kills).toBeGreaterThanOrEqual(3);
      // A machine that is busy with other things is late for some of them.
      expect(kills).toBeGreaterThanOrEqual(Math.floor((0.75 * ms) / KILL_EVERY) - 1);
      expect(watch.scrapes).toBeGreaterThan(20);
      expect(watch.mismatches).toEqual([]);
      await Promise.all(replicas.map((replica) => replica.kill()));

      const reference = await undisturbed(load);
      const same = await expectSameContent(store, reference, load);
      figures({ 'alerts of both runs': same });
      expect(same).toBeGreaterThanOrEqual(alerts);
    },
    deadline,
  );
});
