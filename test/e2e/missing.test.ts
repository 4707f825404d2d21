/** A sensor that falls silent is reported once, however many replicas notice, and also when one of them is killed. */
import mqtt from 'mqtt';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Alert } from '../../src/domain/alert.ts';
import { eventStream } from '../helpers/event-stream.ts';
import { MOSQUITTO, startMosquitto } from '../helpers/mosquitto.ts';
import { startReplicas } from '../helpers/replica.ts';
import { REDIS, startRedis } from '../helpers/running-redis.ts';
import { temporaryDirectory } from '../helpers/temporary-directory.ts';
import { getJson, serve } from '../helpers/vigia.ts';
import { waitFor } from '../helpers/wait-for.ts';

const TOPIC = 'sensors/boiler/temperature';
/** Longer than a busy machine takes to store a reading. */
const RULES = '[{"sensor": "boiler", "missing": "3s", "anomaly": "off"}]';
const ENV = { ALERT_RULES: RULES, MISSING_PATIENCE: '1s' };
const DEADLINE = 30_000;

async function sensor(url: string): Promise<() => Promise<void>> {
  const client = await mqtt.connectAsync(url);
  onTestFinished(() => client.endAsync());
  return async () => {
    await client.publishAsync(TOPIC, JSON.stringify({ value: 21, ts: Date.now() }), { qos: 1 });
  };
}

const alerts = (url: string) => getJson<Alert[]>(`${url}/api/alerts?sensor=boiler`);
const state = async (url: string) =>
  (await getJson<{ state: string }[]>(`${url}/api/series`)).map((series) => series.state).join();

describe('a silent sensor', () => {
  it('at the built-in broker: an alert, cleared when it speaks again', async () => {
    const { url, mqttUrl } = await serve(['--no-devices'], {
      env: { ...ENV, DATA_DIR: temporaryDirectory() },
    });
    const speak = await sensor(mqttUrl);
    await speak();
    const [alert] = await waitFor('the alert', async () => ofLength(1, await alerts(url)), DEADLINE);
    expect(alert).toMatchObject({ rule: 'missing', value: 21, limit: 3000, state: 'open', clearedTs: null });
    expect(await state(url)).toBe('silent');
    await speak();
    expect(await alerts(url)).toMatchObject([{ id: alert!.id, state: 'cleared', revision: 2 }]);
    expect(await state(url)).toBe('warmup');
  }, 60_000);

  it.skipIf(!MOSQUITTO || !REDIS)(
    'at two replicas on one Redis, of which one is killed (needs mosquitto and redis-server)',
    async () => {
      const [broker, redis] = await Promise.all([startMosquitto(), startRedis()]);
      const replicas = await startReplicas(2, { ...ENV, MQTT_URL: broker.url, REDIS_URL: redis.url });
      const [first, second] = await Promise.all(replicas.map((replica) => replica.url));
      const streams = await Promise.all([first, second].map((url) => eventStream(`${url}/api/stream`)));
      const speak = await sensor(broker.url);
      await speak();
      const [raised] = await waitFor('the alert', async () => ofLength(1, await alerts(first!)), DEADLINE);
      expect(raised).toMatchObject({ rule: 'missing', state: 'open', revision: 1 });
      expect(await alerts(second!)).toEqual([raised]);
      expect(await state(second!)).toBe('silent');
      // Whichever of them has raised it, clients of both learn that no value holds any more.
      await waitFor('both live streams to tell', () =>
        streams.every(({ events }) =>
          events.some(({ event, data }) => event === 'state' && data.state === 'silent'),
        ),
      );

      // The second replica does not hear this reading, and the first does not live to see that it was the last.
      const reading = { sensor: 'boiler', metric: 'temperature', value: 22, ts: Date.now() };
      await fetch(`${first}/api/readings`, { method: 'POST', body: JSON.stringify([reading]) });
      await replicas[0]!.kill();
      expect(await alerts(second!)).toMatchObject([{ id: raised!.id, state: 'cleared', revision: 2 }]);
      const [again] = await waitFor(
        'the next alert',
        async () => ofLength(2, await alerts(second!)),
        DEADLINE,
      );
      expect(again).toMatchObject({ rule: 'missing', ts: reading.ts + 3000, state: 'open', revision: 1 });
      const told = (await redis.command('XRANGE', 'vigia:alerts', '-', '+')) as [string, string[]][];
      const changes = told.map(([, fields]) => fields.slice(0, 4));
      expect(changes).toEqual([
        ['id', raised!.id, 'revision', '1'],
        ['id', raised!.id, 'revision', '2'],
        ['id', again!.id, 'revision', '1'],
      ]);
    },
    120_000,
  );
});

function ofLength<T>(length: number, list: readonly T[]): readonly T[] | null {
  return list.length === length ? list : null;
}
