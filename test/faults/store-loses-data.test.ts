/** A Redis that comes back without its data, or with less than it has acknowledged. */
import { describe, expect, it } from 'vitest';
import { MOSQUITTO, startMosquitto } from '../helpers/mosquitto.ts';
import { Replica } from '../helpers/replica.ts';
import { REDIS, startRedis } from '../helpers/running-redis.ts';
import { storeAt } from '../helpers/stored-load.ts';
import { getJson, metric } from '../helpers/vigia.ts';
import { waitFor } from '../helpers/wait-for.ts';

const NAMES = ['a', 'b', 'c', 'd', 'e'];
const start = Date.now() - 100_000;

async function put(url: string, second: number): Promise<void> {
  const readings = NAMES.map((sensor) => ({ sensor, metric: 'm', value: 20, ts: start + second * 1000 }));
  const response = await fetch(`${url}/api/readings`, { method: 'POST', body: JSON.stringify(readings) });
  expect(await response.json()).toMatchObject({ committed: NAMES.length });
}

async function bridgeOn(redisUrl: string): Promise<{ replica: Replica; url: string }> {
  const broker = await startMosquitto();
  const env = { MQTT_URL: broker.url, REDIS_URL: redisUrl, LOG_LEVEL: 'info' };
  const replica = new Replica('bridge', env);
  replica.spawn();
  await replica.ready();
  return { replica, url: await replica.url };
}

const setBack = (url: string, what: string) => metric(url, 'vigia_series_set_back_total', `what="${what}"`);

describe.skipIf(!MOSQUITTO || !REDIS)(
  'a store that loses its data (needs mosquitto and redis-server)',
  () => {
    it('emptied: it is told, and layout, models, list of series and receivers are there again', async () => {
      const redis = await startRedis();
      const { replica, url } = await bridgeOn(redis.url);
      const store = await storeAt(redis.url);
      await put(url, 1);
      const table = await store.models.table();
      await redis.command('FLUSHALL');
      await waitFor('the line in the log', () => /come back without its data/.test(replica.output), 10_000);
      await waitFor('the layout', async () => (await redis.command('GET', 'vigia:layout')) !== null, 10_000);
      await waitFor('the models', async () => (await store.models.ids()).length > 0, 10_000);
      await waitFor(
        'the model table',
        async () => (await store.models.table()).start === table.start,
        10_000,
      );
      expect(await metric(url, 'vigia_store_losses_total')).toBe(1);
      await put(url, 2);
      expect(await setBack(url, 'gone')).toBe(NAMES.length);
      expect(await getJson<unknown[]>(`${url}/api/series`)).toHaveLength(NAMES.length);
    });

    it('older than what was acknowledged: the series are counted, and it is an error in the log', async () => {
      const redis = await startRedis();
      const { replica, url } = await bridgeOn(redis.url);
      await put(url, 1);
      const copies: [string, Buffer][] = [];
      const client = redis.client();
      for (const key of await client.keys('vigia:*')) copies.push([key, (await client.dumpBuffer(key))!]);
      await put(url, 2);
      for (const [key, dump] of copies) await client.restore(key, 0, dump, 'REPLACE');
      client.disconnect();
      await put(url, 3);
      expect(await setBack(url, 'older')).toBe(NAMES.length);
      expect(replica.output).toMatch(/the store has lost readings of a series that it had acknowledged/);
      expect(await setBack(url, 'gone')).toBe(0);
      expect(await metric(url, 'vigia_store_losses_total')).toBe(0);
    });

    it('the list of series alone is gone: each is entered again with its next reading', async () => {
      const redis = await startRedis();
      const { replica, url } = await bridgeOn(redis.url);
      await put(url, 1);
      await redis.command('DEL', 'vigia:series', 'vigia:layout');
      await waitFor('the line in the log', () => /come back without its data/.test(replica.output), 10_000);
      await put(url, 2);
      expect(await getJson<unknown[]>(`${url}/api/series`)).toHaveLength(NAMES.length);
      expect(await setBack(url, 'gone')).toBe(0);
    });
  },
);
