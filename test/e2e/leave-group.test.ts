/**
 * MQTT_LEAVE_TIMEOUT: replicas that stop for good leave no session behind, and those that all stop together lose nothing.
 * At Mosquitto and at our own broker.
 */
import mqtt from 'mqtt';
import { describe, expect, it } from 'vitest';
import { waitForOutput } from '../helpers/child.ts';
import { type LoadPublishing, publishLoad } from '../helpers/load-publisher.ts';
import { MOSQUITTO, startMosquitto } from '../helpers/mosquitto.ts';
import type { RedisServer } from '../helpers/redis-server.ts';
import { type Replica, startReplicas } from '../helpers/replica.ts';
import { REDIS, startRedis } from '../helpers/running-redis.ts';
import { type LoadedSeries, simulatedLoad } from '../helpers/simulated-load.ts';
import { allStored, expectStoredOnce, storeAt } from '../helpers/stored-load.ts';
import { vigia } from '../helpers/vigia.ts';
import { waitFor } from '../helpers/wait-for.ts';

interface Run {
  readonly brokerUrl: string;
  readonly redis: RedisServer;
  readonly replicas: readonly Replica[];
  readonly load: readonly LoadedSeries[];
  readonly publishing: LoadPublishing;
  readonly stored: () => Promise<void>;
}

/** Three replicas under load, of which the first 20 readings of each series are published. */
async function underLoad(brokerUrl: string, readings = 100): Promise<Run> {
  const redis = await startRedis();
  const { url } = redis;
  const load = simulatedLoad(20, readings);
  const settings = { MQTT_URL: brokerUrl, REDIS_URL: url, MQTT_LEAVE_TIMEOUT: '20s', LOG_LEVEL: 'info' };
  const replicas = await startReplicas(3, settings);
  const publishing = publishLoad(brokerUrl, load, { rate: 1000 });
  await waitFor('the first of the load', () => publishing.acknowledged() > load.length * 20, 30_000);
  const stored = async () => {
    await publishing.done;
    const store = await storeAt(url);
    await allStored(store, load, 30_000);
    await expectStoredOnce(store, load, { scored: false });
  };
  return { brokerUrl, redis, replicas, load, publishing, stored };
}

const BROKERS = {
  Mosquitto: async () => (await startMosquitto()).url,
  'our own broker': async () => {
    const broker = vigia(['broker', '--mqtt-port', '0']);
    const [, url] = await waitForOutput(broker, /MQTT\s+(mqtt:\/\/\S+)/);
    return url!;
  },
};

describe.skipIf(!MOSQUITTO || !REDIS)('replicas that stop (needs mosquitto and redis-server)', () => {
  for (const [name, start] of Object.entries(BROKERS)) {
    it(`leave ${name} under load, and what was theirs goes to the others`, async () => {
      const { redis, replicas, load, publishing, stored } = await underLoad(await start());
      redis.signal('SIGSTOP');
      const before = publishing.acknowledged();
      const stopped = replicas[1]!.stop();
      await waitFor('readings on their way', () => publishing.acknowledged() > before + load.length * 20);
      redis.signal('SIGCONT');
      expect(await stopped).toBe(0);
      expect(replicas[1]!.output).toContain('left the shared subscription');
      expect(await replicas[2]!.stop()).toBe(0);
      expect(replicas[2]!.output).toContain('left the shared subscription');
      await stored();
    }, 90_000);

    it(`keep a session at ${name} when all stop together, and it has what comes meanwhile`, async () => {
      // Enough that some are left to publish however long it takes to stop.
      const { replicas, load, publishing, stored } = await underLoad(await start(), 250);
      expect(await Promise.all(replicas.map((replica) => replica.stop()))).toEqual([0, 0, 0]);
      const outputs = replicas.map(({ output }) => output);
      expect(outputs.some((output) => output.includes('its session stays'))).toBe(true);
      const before = publishing.acknowledged();
      await waitFor(
        'readings without a replica',
        () => publishing.acknowledged() > before + load.length * 20,
      );
      for (const replica of replicas) replica.spawn();
      await stored();
    }, 90_000);
  }

  it('end their session: nothing is kept for them', async () => {
    const { brokerUrl, replicas, stored } = await underLoad(await BROKERS.Mosquitto());
    expect(await replicas[1]!.stop()).toBe(0);
    const again = mqtt.connect(brokerUrl, { clientId: replicas[1]!.id, clean: false, protocolVersion: 5 });
    const [{ sessionPresent }] = (await new Promise((resolve) =>
      again.once('connect', (...args) => resolve(args)),
    )) as [{ sessionPresent: boolean }];
    await again.endAsync();
    expect(sessionPresent).toBe(false);
    await stored();
  }, 90_000);

  it('keep their session while what is theirs cannot be stored, and say so', async () => {
    const { url } = await startRedis();
    const broker = await startMosquitto();
    const settings = { MQTT_URL: broker.url, LOG_LEVEL: 'info', MQTT_LEAVE_TIMEOUT: '1s' };
    const [other] = await startReplicas(1, { ...settings, REDIS_URL: url }, 'other');
    const redis = await startRedis();
    const [stuck] = await startReplicas(1, { ...settings, REDIS_URL: redis.url }, 'stuck');
    await redis.kill();
    const load = simulatedLoad(4, 50);
    await publishLoad(broker.url, load).done;
    expect(await stuck!.stop()).toBe(0);
    expect(stuck!.output).toContain("waits for MQTT_CLIENT_ID 'stuck-1'");
    expect(await other!.stop()).toBe(0);
    expect(other!.output).toContain('its session stays');
    const [heir] = await startReplicas(1, { ...settings, REDIS_URL: url }, 'stuck');
    const [first] = await startReplicas(1, { ...settings, REDIS_URL: url }, 'other');
    const store = await storeAt(url);
    await allStored(store, load, 30_000);
    expect([heir!.ended, first!.ended]).toEqual([false, false]);
  }, 90_000);
});
