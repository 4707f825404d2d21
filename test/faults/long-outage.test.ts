/**
 * The store is away for minutes while readings go on coming: the replicas keep their sessions at the broker, or take them
 * up again, without hammering it, and everything is stored once the store is back.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { settledCounts, watchAccounting } from '../helpers/accounting-watch.ts';
import { faultLasts, figures, inForm } from '../helpers/fault-form.ts';
import { publishLoad } from '../helpers/load-publisher.ts';
import { MOSQUITTO, startMosquitto } from '../helpers/mosquitto.ts';
import { startReplicas } from '../helpers/replica.ts';
import { REDIS, startDurableRedis } from '../helpers/running-redis.ts';
import { simulatedLoad, sizeOf } from '../helpers/simulated-load.ts';
import { allStored, expectAlertsRelayed, expectStoredOnce, storeAt } from '../helpers/stored-load.ts';
import { temporaryDirectory } from '../helpers/temporary-directory.ts';
import { waitFor } from '../helpers/wait-for.ts';

/** More than the 45 s after which the broker gives up a silent client with the keep-alive of 30 s. */
const { outage, series } = inForm({
  short: { outage: 60_000, series: 20 },
  long: { outage: 600_000, series: 100 },
});
/** Readings of each series, one a second, from some seconds before the outage to some seconds after it. */
const READINGS = outage / 1000 + 10;
/** A client that reads nothing finds out by its keep-alive, so it may come back that often. */
const MOST_CONNECTS = 2 + Math.ceil(outage / 30_000);

describe.skipIf(!MOSQUITTO || !REDIS)('the store is away for long (needs mosquitto and redis-server)', () => {
  it(
    `${outage / 1000} s under 1 reading/s per series: sessions survive, no reconnect storm, 0 lost`,
    async () => {
      const load = simulatedLoad(series, READINGS);
      const log = join(temporaryDirectory(), 'mosquitto.log');
      const broker = await startMosquitto([`log_dest file ${log}`]);
      const redis = await startDurableRedis();
      const env = { MQTT_URL: broker.url, REDIS_URL: redis.url };
      // Each is alone in its group and gets every reading. What comes in the outage is more than the narrow one may hold,
      // so that it stops reading from its socket, the answers to its pings included.
      const replicas = [
        ...(await startReplicas(1, { ...env, MQTT_GROUP: 'roomy' }, 'roomy')),
        ...(await startReplicas(1, { ...env, MQTT_GROUP: 'narrow', MAX_IN_FLIGHT: '100' }, 'narrow')),
      ];
      const watch = watchAccounting(replicas);
      const publishing = publishLoad(broker.url, load, { rate: series });
      await waitFor('some seconds of the load', () => publishing.acknowledged() > 3 * series, 60_000);
      await redis.kill();
      await faultLasts(outage);
      const connects = readFileSync(log, 'utf8').match(/New client connected from \S+ as (roomy|narrow)-1/g)!;
      for (const { url } of replicas) expect((await fetch(`${await url}/readyz`)).status).toBe(503);
      await redis.start();
      await publishing.done;
      const store = await storeAt(redis.url);
      await allStored(store, load);
      await waitFor('every reading at both', async () => {
        const counts = await settledCounts(replicas);
        return counts.every(({ committed, duplicate }) => committed + duplicate >= sizeOf(load));
      });
      await expectStoredOnce(store, load, { scored: true });
      await expectAlertsRelayed(redis, store);
      for (const name of ['roomy', 'narrow'] as const) {
        const count = connects.filter((line) => line.includes(` as ${name}-1`)).length;
        figures({ [`connects of ${name}`]: count, ...watch.totals() });
        expect(count, name).toBeLessThanOrEqual(name === 'roomy' ? 1 : MOST_CONNECTS);
      }
      expect(watch.mismatches).toEqual([]);
      expect(replicas.filter(({ ended }) => ended)).toEqual([]);
    },
    outage + 240_000,
  );
});
