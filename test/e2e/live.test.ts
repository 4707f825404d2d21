/** The live stream across replicas: a client of one sees what another commits. */
import { describe, expect, it } from 'vitest';
import { eventStream } from '../helpers/event-stream.ts';
import { MOSQUITTO, startMosquitto } from '../helpers/mosquitto.ts';
import { startReplicas } from '../helpers/replica.ts';
import { REDIS, startRedis } from '../helpers/running-redis.ts';
import { waitFor } from '../helpers/wait-for.ts';

describe.skipIf(!MOSQUITTO || !REDIS)('clients of two replicas', () => {
  it('both see every reading once, whichever replica committed it', async () => {
    const [broker, redis] = [await startMosquitto(), await startRedis()];
    const replicas = await startReplicas(2, { MQTT_URL: broker.url, REDIS_URL: redis.url });
    const urls = await Promise.all(replicas.map(({ url }) => url));
    const streams = await Promise.all(urls.map((url) => eventStream(`${url}/api/stream`)));
    const post = (url: string, value: number) =>
      fetch(`${url}/api/readings`, {
        method: 'POST',
        body: JSON.stringify([{ sensor: 's', metric: 'm', value }]),
      });
    // Until each has heard that the other has clients.
    let value = 0;
    for (const [i, url] of urls.entries()) {
      const begun = value;
      await waitFor('the other replica to be heard', async () => {
        await post(url, ++value);
        return streams[1 - i]!.events.some(({ data }) => data.v > begun);
      });
    }
    const from = value + 1;
    for (let n = 0; n < 20; n++) await post(urls[n % 2]!, ++value);
    const wanted = Array.from({ length: 20 }, (_, i) => from + i);
    for (const { events } of streams) {
      const seen = () => events.map(({ data }) => data.v as number).filter((v) => v >= from);
      await waitFor('all readings', () => seen().length >= wanted.length);
      expect(seen().toSorted((a, b) => a - b)).toEqual(wanted);
    }
  });
});
