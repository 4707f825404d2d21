/**
 * Receivers hear of an alert once the readings around it are there: three replicas drain bursts of a shared subscription, so that
 * readings of one series come late and alerts are raised that later readings take back.
 */

import pino from 'pino';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Publisher } from '../../devices/publisher.ts';
import { readingPayload, readingTopic } from '../../devices/reading-message.ts';
import { inForm } from '../helpers/fault-form.ts';
import { MOSQUITTO, startMosquitto } from '../helpers/mosquitto.ts';
import { startReplicas } from '../helpers/replica.ts';
import { REDIS, startRedis } from '../helpers/running-redis.ts';
import { simulatedLoad, sizeOf } from '../helpers/simulated-load.ts';
import { getJson, metric } from '../helpers/vigia.ts';
import { waitFor } from '../helpers/wait-for.ts';
import { webhookReceiver } from '../helpers/webhook-receiver.ts';

const { series, readings } = inForm({
  short: { series: 40, readings: 600 },
  long: { series: 100, readings: 2000 },
});
const BURSTS = 4;

interface Alert {
  readonly id: string;
  readonly state: string;
}

describe.skipIf(!MOSQUITTO || !REDIS)(
  'notifications of three replicas (needs mosquitto and redis-server)',
  () => {
    it('wait until the verdicts have converged: none that is told is retracted', async () => {
      const [broker, redis, receiver] = [await startMosquitto(), await startRedis(), await webhookReceiver()];
      const replicas = await startReplicas(3, {
        MQTT_URL: broker.url,
        REDIS_URL: redis.url,
        ALERT_WEBHOOK_URL: receiver.url,
        ALERT_MQTT: 'off',
        ALERT_RULES: '[{metric: temperature, rate: 3/10m}]',
        LOG_LEVEL: 'error',
      });
      const url = await replicas[0]!.url;
      const load = simulatedLoad(series, readings, 21);
      const publishers = Array.from(
        { length: 4 },
        () => new Publisher({ url: broker.url, logger: pino({ level: 'silent' }) }),
      );
      onTestFinished(async () => void (await Promise.all(publishers.map((publisher) => publisher.close()))));
      for (const publisher of publishers) publisher.start();
      const committed = async () => {
        let n = 0;
        for (const replica of replicas)
          n += (await metric(await replica.url, 'vigia_readings_total', 'result="committed"')) ?? 0;
        return n;
      };
      let sent = 0;
      for (let burst = 0; burst < BURSTS; burst++) {
        const [from, to] = [burst, burst + 1].map((n) => Math.floor((n * readings) / BURSTS));
        for (let i = from!; i < to!; i++) {
          for (const [j, { sensor, metric: name, samples }] of load.entries()) {
            const { ts, value } = samples[i]!;
            void publishers[j % 4]!.publish(readingTopic(sensor, name), readingPayload(value, ts));
            sent++;
          }
        }
        await Promise.all(publishers.map((publisher) => publisher.drain()));
        await waitFor('the burst', async () => (await committed()) >= sent, 120_000);
      }
      expect(sent).toBe(sizeOf(load));
      const list = (state: string) => getJson<Alert[]>(`${url}/api/alerts?state=${state}&limit=10000`);
      const standing = [...(await list('open')), ...(await list('cleared'))];
      await waitFor(
        'the last of them',
        () => {
          const told = new Set(receiver.posts.map(({ json }) => json.id));
          return standing.every(({ id }) => told.has(id));
        },
        60_000,
      );
      const told = new Map<string, string[]>();
      for (const { json } of receiver.posts)
        told.set(json.id, [...(told.get(json.id) ?? []), String(json.state)]);
      const withdrawn = [...told].filter(([, states]) => states.includes('retracted'));
      const retracted = await list('retracted');
      console.log(
        JSON.stringify({
          sent,
          standing: standing.length,
          retracted: retracted.length,
          told: told.size,
          withdrawn: withdrawn.length,
          posts: receiver.posts.length,
        }),
      );
      expect(withdrawn).toEqual([]);
      expect([...told.keys()].filter((id) => !standing.some((alert) => alert.id === id))).toEqual([]);
    }, 400_000);
  },
);
