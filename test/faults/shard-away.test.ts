/** One primary of a Redis Cluster is away, and has no replica: its series wait, the others go on. */
import { describe, expect, it } from 'vitest';
import { settledCounts, watchAccounting } from '../helpers/accounting-watch.ts';
import { publishLoad } from '../helpers/load-publisher.ts';
import { MOSQUITTO, startMosquitto } from '../helpers/mosquitto.ts';
import { startCluster } from '../helpers/redis-topology.ts';
import { startReplicas } from '../helpers/replica.ts';
import { REDIS } from '../helpers/running-redis.ts';
import { simulatedLoad } from '../helpers/simulated-load.ts';
import { allStored, expectStoredOnce, storeAt } from '../helpers/stored-load.ts';
import { metric } from '../helpers/vigia.ts';
import { waitFor } from '../helpers/wait-for.ts';

const SERIES = 24;
const BEFORE = 100;
const AFTER = 60;

describe.skipIf(!MOSQUITTO || !REDIS)('a Cluster without a shard (needs mosquitto and redis-server)', () => {
  it.each([
    ['with the list of series and some of the series', 'vigia:series', [true, false]],
    ['with the stream of alerts and none of the series', 'vigia:alerts', [false]],
  ])(
    '%s: its series wait, the others are stored meanwhile, and nothing is lost',
    async (_, key, away) => {
      const options = [
        '--cluster-require-full-coverage',
        'no',
        '--appendonly',
        'yes',
        '--appendfsync',
        'always',
      ];
      const [cluster, broker] = await Promise.all([startCluster(options), startMosquitto()]);
      const env = { MQTT_URL: broker.url, REDIS_URL: cluster.url, LOG_LEVEL: 'info' };
      const [replica] = await startReplicas(1, env);
      const url = await replica!.url;
      const watch = watchAccounting([replica!]);
      const load = simulatedLoad(SERIES, BEFORE + AFTER);
      const until = (from: number, to?: number) =>
        load.map((series) => ({ ...series, samples: series.samples.slice(from, to) }));
      const store = await storeAt(cluster.url);
      await publishLoad(broker.url, until(0, BEFORE)).done;
      await allStored(store, until(0, BEFORE));

      const bringBack = await cluster.loseShardOf(key);
      const rest = publishLoad(broker.url, until(BEFORE));
      await rest.done;
      const isAway = await Promise.all(
        load.map((series) =>
          store.series.newest(series, 1).then(
            () => false,
            () => true,
          ),
        ),
      );
      expect(new Set(isAway)).toEqual(new Set(away));
      await waitFor(
        'the series of the other shards',
        async () =>
          await allStored(
            store,
            load.filter((_, i) => !isAway[i]),
            100,
          ).then(
            () => true,
            () => false,
          ),
        60_000,
      );
      expect((await fetch(`${url}/readyz`)).status).toBe(200);
      expect(await metric(url, 'vigia_store_parts_away')).toBe(1);
      if (away.includes(true)) {
        await waitFor(
          'what waits',
          async () => (await metric(url, 'vigia_readings_waiting', 'reason="store-part"')) > 0,
        );
        expect(replica!.output).toMatch(/a part of the store is away/);
      }
      expect(replica!.output).not.toMatch(/nothing is acknowledged meanwhile/);

      await bringBack();
      await allStored(store, load);
      const isBack = () =>
        store.alerts.list({ limit: 1 }).then(
          () => true,
          () => false,
        );
      await waitFor('the stream of alerts', isBack, 60_000);
      await settledCounts([replica!]);
      await expectStoredOnce(store, load, { scored: true });
      expect(watch.mismatches).toEqual([]);
      if (away.includes(true))
        await waitFor('the end in the log', () => /every part of the store is back/.test(replica!.output));
    },
    180_000,
  );
});
