/** At least once: replicas are killed while they tell receivers of alerts, so whichever of them does it is among them. */
import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { MOSQUITTO, startMosquitto } from '../helpers/mosquitto.ts';
import { mqttClient } from '../helpers/mqtt-peers.ts';
import { startReplicas } from '../helpers/replica.ts';
import { REDIS, startDurableRedis } from '../helpers/running-redis.ts';
import { getJson } from '../helpers/vigia.ts';
import { waitFor } from '../helpers/wait-for.ts';
import { webhookReceiver } from '../helpers/webhook-receiver.ts';

const SENSORS = 60;

interface Alert {
  readonly id: string;
  readonly revision: number;
  readonly state: string;
}

describe.skipIf(!MOSQUITTO || !REDIS)('receivers of alerts (needs mosquitto and redis-server)', () => {
  it('are told of every change at least once and in order, though each replica is killed meanwhile', async () => {
    const [broker, redis, receiver] = [
      await startMosquitto(),
      await startDurableRedis(),
      await webhookReceiver(),
    ];
    const overMqtt: string[] = [];
    const listener = await mqttClient(broker.url, { clientId: 'listener', clean: false }, (client) =>
      client.on('message', (_topic, payload) => {
        const { id, revision } = JSON.parse(payload.toString()) as Alert;
        overMqtt.push(`${id}/${revision}`);
      }),
    );
    await listener.subscribeAsync('alerts/#', { qos: 1 });
    // Slow enough to be in the middle of it for a while.
    receiver.answer = async () => {
      await pause(30);
      return { status: 204 };
    };
    const replicas = await startReplicas(2, {
      MQTT_URL: broker.url,
      REDIS_URL: redis.url,
      ALERT_WEBHOOK_URL: receiver.url,
      ALERT_TIMEOUT: '1s',
      ALERT_SETTLE: '100ms',
      ALERT_RULES: '[{max: 50}]',
    });
    const alerts = async (state: string) =>
      (await getJson<Alert[]>(`${await replicas[1]!.url}/api/alerts?limit=1000`)).filter(
        (alert) => alert.id.includes('/max/') && alert.state === state,
      );
    const publish = (value: number, ts: number) =>
      Promise.all(
        Array.from({ length: SENSORS }, (_, i) =>
          listener.publishAsync(`sensors/hot-${i}/temperature`, `{"value":${value},"ts":${ts}}`, { qos: 1 }),
        ),
      );
    const ts = Date.now() - 60_000;
    await publish(99, ts);
    await waitFor('the alerts', async () => (await alerts('open')).length === SENSORS, 30_000);
    await publish(20, ts + 1000);
    await waitFor('their end', async () => (await alerts('cleared')).length === SENSORS, 30_000);
    const expected = (await alerts('cleared')).flatMap(({ id }) => [`${id}/1`, `${id}/2`]);
    for (const replica of replicas) {
      const told = receiver.keys().length;
      await waitFor('somebody to tell of them', () => receiver.keys().length > told, 30_000);
      await replica.kill();
      replica.spawn();
      await replica.ready();
    }
    for (const keys of [() => receiver.keys(), () => overMqtt]) {
      await waitFor('the last of them', () => expected.every((key) => keys().includes(key)), 60_000);
      const first = (key: string) => keys().indexOf(key);
      for (let i = 0; i < expected.length; i += 2)
        expect(first(expected[i]!)).toBeLessThan(first(expected[i + 1]!));
    }
    expect(receiver.keys().filter((key) => !key.includes('/max/') || expected.includes(key))).toEqual(
      receiver.keys(),
    );
  }, 120_000);
});
