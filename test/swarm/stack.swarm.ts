/**
 * The stack on a real Docker Engine: what stack/stack.yml promises about replicas, failures, scaling, updates and secrets.
 * What it prints is part of docs/deploy.md.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import mqtt from 'mqtt';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { certificates } from '../helpers/certificates.ts';
import { type LoadPublishing, publishLoad } from '../helpers/load-publisher.ts';
import { mqttClient } from '../helpers/mqtt-peers.ts';
import { simulatedLoad, sizeOf } from '../helpers/simulated-load.ts';
import { allStored, expectStoredOnce, storeAt } from '../helpers/stored-load.ts';
import { waitFor } from '../helpers/wait-for.ts';
import { type Container, Deployment } from './deployment.ts';
import { type Engine, startEngine } from './engine.ts';

/** As many sensors as keep replicas from meeting at the same series all the time. */
const SERIES = 200;
/**
 * Of each at most: more than a slow machine needs. There are two or three a second of each, so none waits until it is
 * beyond the horizon of 256, and all have to be scored.
 */
const READINGS = 1500;

const started = performance.now();
const say = (text: string) =>
  process.stdout.write(`[${((performance.now() - started) / 1000).toFixed(0).padStart(4)} s] ${text}\n`);

describe('the stack on a Docker Engine', () => {
  let engine: Engine;
  let stack: Deployment;

  beforeAll(async () => {
    const found = await startEngine();
    if (!found)
      throw new Error('no Docker Engine answers, and none can be started here (needs root and dockerd)');
    engine = found;
    say(`Docker Engine ${engine.version}, a Swarm of one node`);
    stack = await Deployment.start(engine);
    const { images, changes } = stack;
    for (const standIn of images.standIns) say(`stand-in: ${standIn}`);
    for (const change of changes) say(`changed: ${change}`);
    say(`the image has ${(images.aboveBase / 1e6).toFixed(0)} MB above its base`);
    expect(images.aboveBase).toBeLessThanOrEqual(200e6);
    expect(images.aboveBase).toBeLessThanOrEqual(200e6);
    await stack.bridges(5);
    say('5 of 5 bridges are ready');
  });

  beforeEach(async () => {
    stack.scale('bridge', 5);
    await stack.bridges(5);
  });

  afterAll(async () => {
    await stack?.remove();
    await engine?.stop();
  });

  /** Publishes from outside the Swarm, each reading acknowledged by the broker, until `nothingLost`. */
  function publish(name: string, rate: number): LoadPublishing {
    const load = simulatedLoad(SERIES, READINGS).map((series) => ({
      ...series,
      sensor: `${name}-${series.sensor}`,
    }));
    return publishLoad(stack.brokerUrl('sensors', stack.sensorsPassword), load, { rate });
  }

  function reach(readings: number, publishing: LoadPublishing): Promise<boolean> {
    return waitFor(`${readings} readings`, () => publishing.acknowledged() >= readings, 120_000);
  }

  /** There was load until now, and everything published is stored, once, and scored. */
  async function nothingLost(publishing: LoadPublishing): Promise<void> {
    expect(publishing.acknowledged()).toBeLessThan(SERIES * READINGS);
    const load = await publishing.finish();
    const store = await storeAt(stack.redisUrl());
    await allStored(store, load);
    await expectStoredOnce(store, load, { scored: true });
    say(`  ${sizeOf(load)} readings published, ${sizeOf(load)} stored and scored, none twice`);
  }

  /** Waits until each of them has been given readings by the broker. */
  async function allTake(bridges: readonly Container[]): Promise<void> {
    for (const { address, slot } of bridges) {
      await waitFor(
        `readings for bridge-${slot}`,
        async () => {
          const metrics = await (await fetch(`http://${address}/metrics`)).text();
          return Number(/^vigia_readings_received_total (\d+)/m.exec(metrics)![1]) > 0;
        },
        30_000,
      );
    }
  }

  /** `state` of each replica, as the broker retains it. */
  async function statuses(): Promise<Map<string, string>> {
    const [bridge] = stack.containers('bridge');
    const password = stack.docker('exec', bridge!.id, 'cat', '/run/secrets/mqtt_bridge_password');
    const client = await mqtt.connectAsync(stack.brokerUrl('bridge', password), { clientId: 'observer' });
    const found = new Map<string, string>();
    client.on('message', (topic, payload) => found.set(topic, JSON.parse(payload.toString()).state));
    await client.subscribeAsync('bridge/+', { qos: 0 });
    await client.unsubscribeAsync('bridge/+');
    await client.endAsync();
    return found;
  }

  const ids = (containers: readonly Container[]) => containers.map(({ id }) => id);

  it('answers /listar from five hosts with what one of them was given', async () => {
    const bridges = await stack.bridges(5);
    const written = await fetch(`http://${bridges[0]!.address}/nuevo?dato=21.5&sensor=swarm`);
    expect(await written.text()).toContain('Se ha agregado al Redis correctamente!');
    const hosts = new Set<string>();
    for (const { address } of bridges) {
      const response = await fetch(`http://${address}/listar?sensor=swarm&format=json`);
      const { hostname, readings } = (await response.json()) as {
        hostname: string;
        readings: { value: number }[];
      };
      expect(readings.map(({ value }) => value)).toEqual([21.5]);
      hosts.add(hostname);
    }
    expect([...hosts].sort()).toEqual([1, 2, 3, 4, 5].map((slot) => `bridge-${slot}`));
    say(`/listar is answered by ${[...hosts].join(', ')}, each with the value that bridge-1 was given`);
  });

  /** The broker that runs now, once it is ready. */
  async function newBroker(before: Container): Promise<Container> {
    return waitFor(
      'the other broker',
      () => {
        const [broker, ...others] = stack.containers('broker');
        if (!broker || others.length > 0 || broker.id === before.id) return null;
        const health = stack.docker('inspect', '--format', '{{.State.Health.Status}}', broker.id);
        return health === 'healthy' ? broker : null;
      },
      120_000,
    );
  }

  /** What one sensor publishes arrives at the bridges. */
  async function takes(sensor: string, url: string, options: mqtt.IClientOptions = {}): Promise<void> {
    // A broker that has just begun keeps nothing for bridges that it does not know yet.
    const [{ address }] = (await stack.bridges(5)) as [Container, ...Container[]];
    const client = await mqtt.connectAsync(url, options);
    await client.publishAsync(`sensors/${sensor}/temperature`, '21.5', { qos: 1 });
    await client.endAsync();
    await waitFor(`the reading of ${sensor}`, async () => {
      const response = await fetch(`http://${address}/listar?sensor=${sensor}&format=json`);
      const { readings } = (await response.json()) as { readings: { value: number }[] };
      return readings[0]?.value === 21.5;
    });
  }

  it('takes TLS, our own broker and simulated sensors as overrides', async () => {
    const { ca, signed } = certificates('broker');
    mkdirSync(join(stack.directory, 'certs'));
    writeFileSync(join(stack.directory, 'certs/server.crt'), signed[0]!.cert);
    writeFileSync(join(stack.directory, 'certs/server.key'), signed[0]!.key);
    const [mosquitto] = stack.containers('broker');
    stack.deploy('tls.yml');
    const withTls = await newBroker(mosquitto!);
    const url = stack.brokerUrl('sensors', stack.sensorsPassword);
    await takes('over-tls', url.replace('mqtt:', 'mqtts:'), { ca });
    await expect(mqttClient(url)).rejects.toThrow();
    say('with tls.yml a sensor publishes over TLS, and not without it');

    stack.deploy('broker-vigia.yml');
    const ours = await newBroker(withTls);
    await takes('at-our-own', stack.brokerUrl('sensors', stack.sensorsPassword));
    const wrong = stack.brokerUrl('sensors', 'wrong');
    await expect(mqttClient(wrong)).rejects.toThrow();
    say('with broker-vigia.yml the bridges and a sensor work at our own broker with the same users');

    stack.deploy('broker-vigia.yml', 'devices.yml');
    const [{ address }] = (await stack.bridges(5)) as [Container, ...Container[]];
    await waitFor(
      'twenty sensors',
      async () => {
        const response = await fetch(`http://${address}/api/series`);
        const series = (await response.json()) as { sensor: string }[];
        return series.filter(({ sensor }) => /^sensor-\d\d$/.test(sensor)).length === 20;
      },
      120_000,
    );
    say('with devices.yml twenty simulated sensors report');

    stack.deploy();
    await newBroker(ours);
    await takes('at-mosquitto-again', stack.brokerUrl('sensors', stack.sensorsPassword));
    expect(stack.containers('devices')).toEqual([]);
    say('without overrides everything is as before');
  });

  it('rolls a changed file out to the one service that has it', async () => {
    const before = ['redis', 'broker', 'bridge'].flatMap((name) => stack.containers(name));
    const users = join(stack.directory, 'redis/users.acl');
    const echo = (container: Container) =>
      stack.docker(
        'exec',
        container.id,
        'redis-cli',
        '--no-auth-warning',
        '--user',
        'health',
        '--pass',
        'any',
        'echo',
        'on',
      );
    expect(echo(before[0]!)).toContain('NOPERM');
    writeFileSync(users, readFileSync(users, 'utf8').replace(/^user health .*$/m, '$& +echo'));
    stack.deploy();
    await waitFor(
      'the right of the health check',
      () => echo(stack.containers('redis')[0]!) === 'on',
      120_000,
    );
    await stack.bridges(5);
    const after = ['redis', 'broker', 'bridge'].flatMap((name) => stack.containers(name));
    expect(ids(after).filter((id) => !ids(before).includes(id))).toEqual([ids(after)[0]]);
    say('a right is added in users.acl: Redis has it after the next deploy, and nothing else was restarted');
  });

  it('replaces a container that is killed under load, and loses and doubles nothing', async () => {
    const before = await stack.bridges(5);
    const publishing = publish('kill', 500);
    await reach(1500, publishing);
    const victim = before[2]!;
    stack.docker('kill', '--signal', 'KILL', victim.id);
    const killed = performance.now();
    const after = await waitFor(
      'the replacement',
      async () => {
        const bridges = await stack.bridges(5);
        return ids(bridges).includes(victim.id) ? null : bridges;
      },
      120_000,
    );
    say(
      `bridge-${victim.slot} is killed at 500 readings a second; another is ready in its place after ${((performance.now() - killed) / 1000).toFixed(1)} s`,
    );
    expect(after.map(({ slot }) => slot)).toEqual([1, 2, 3, 4, 5]);
    expect(ids(after).filter((id) => ids(before).includes(id))).toHaveLength(4);
    await nothingLost(publishing);
  });

  it('loses nothing when it is scaled from 5 to 8 and to 3 under load, and leaves no session behind', async () => {
    await stack.bridges(5);
    // Bridges that leave take what the broker has queued for them, within their 60 s: not more than a busy machine can keep up with.
    const publishing = publish('scale', 200);
    await reach(1500, publishing);
    stack.scale('bridge', 8);
    await allTake(await stack.bridges(8));
    say('scaled to 8 under load: 8 are ready');
    stack.scale('bridge', 3);
    const rest = await stack.bridges(3);
    say(`scaled to 3 under load: bridges ${rest.map(({ slot }) => slot).join(', ')} stay`);
    const states = await statuses();
    const online = [...states].filter(([, state]) => state === 'online').map(([topic]) => topic);
    expect(online.sort()).toEqual(rest.map(({ slot }) => `bridge/bridge-${slot}`));
    const left = [...states].filter(([, state]) => state === 'left');
    expect(left).toHaveLength(5);
    say('  the other five have left the shared subscription: the broker keeps nothing for them');
    await nothingLost(publishing);
  });

  it('loses nothing in a rolling update under load', async () => {
    const before = await stack.bridges(5);
    const publishing = publish('update', 400);
    await reach(1500, publishing);
    stack.service('bridge', 'update', '-d', '--image', 'vigia-test:2', '--env-add', 'LOG_LEVEL=debug');
    const state = () => stack.service('bridge', 'inspect', '--format', '{{.UpdateStatus.State}}');
    await waitFor('the update', () => state() === 'completed', 600_000);
    const after = await stack.bridges(5);
    expect(after.map(({ image }) => image)).toEqual(Array(5).fill('vigia-test:2'));
    expect(ids(after).filter((id) => ids(before).includes(id))).toEqual([]);
    await allTake(after);
    say('rolling update under load, one replica at a time: all five run the new image');
    await nothingLost(publishing);
  });

  it('goes back to what worked when an update does not come up', async () => {
    const before = await stack.bridges(5);
    stack.service('bridge', 'update', '-d', '--env-add', 'PORT=nonsense');
    const state = () => stack.service('bridge', 'inspect', '--format', '{{.UpdateStatus.State}}');
    await waitFor('the rollback', () => state() === 'rollback_completed', 600_000);
    const after = await stack.bridges(5);
    expect(ids(after).filter((id) => ids(before).includes(id)).length).toBeGreaterThanOrEqual(3);
    say('an update that cannot start is rolled back by itself; the other replicas were not touched');
  });

  it('is backed up under load without loss, and restored, as docs/deploy.md says', async () => {
    const [bridge] = await stack.bridges(5);
    const write = (value: number) => fetch(`http://${bridge!.address}/nuevo?dato=${value}&sensor=restored`);
    expect((await write(21)).ok).toBe(true);
    const stopRedis = () => {
      stack.scale('redis', 0);
      return waitFor('Redis to stop', () => stack.containers('redis').length === 0, 120_000);
    };
    const startRedis = () => {
      stack.scale('redis', 1);
      return stack.bridges(5);
    };
    const tar = (mode: 'ro' | 'rw', command: string) =>
      stack.docker(
        ...['run', '--rm', '--user', '0', '-v', `${stack.volume('redis-data')}:/data:${mode}`],
        ...['-v', `${stack.directory}:/backup`, '--entrypoint', 'sh', stack.images.vigia, '-c', command],
      );

    const publishing = publish('backup', 500);
    await reach(600, publishing);
    await stopRedis();
    tar('ro', 'tar -czf /backup/redis.tgz -C /data .');
    await startRedis();
    await nothingLost(publishing);
    say('  Redis was stopped and its volume copied meanwhile');

    expect((await write(22)).ok).toBe(true);
    await stopRedis();
    tar('rw', 'rm -rf /data/* && tar -xzf /backup/redis.tgz -C /data');
    await startRedis();
    const listed = await fetch(`http://${bridge!.address}/listar?sensor=restored&format=json`);
    const { readings } = (await listed.json()) as { readings: { value: number }[] };
    expect(readings.map(({ value }) => value)).toEqual([21]);
    say('the backup is restored: what was written after it is gone, what was written before is there');
  });

  it('shows no secret in what docker inspect says, and runs without rights', async () => {
    const [bridge] = await stack.bridges(5);
    const [redis] = stack.containers('redis');
    const [broker] = stack.containers('broker');
    const read = (id: string, name: string) => stack.docker('exec', id, 'cat', `/run/secrets/${name}`);
    const secrets = [
      read(bridge!.id, 'redis_url'),
      new URL(read(bridge!.id, 'redis_url')).password,
      read(bridge!.id, 'mqtt_bridge_password'),
      stack.sensorsPassword,
    ];
    const said = [
      ...[bridge!, redis!, broker!].map(({ id }) => stack.docker('inspect', id)),
      ...['bridge', 'redis', 'broker'].map((name) => stack.service(name, 'inspect')),
    ].join('\n');
    expect(said).toContain('/run/secrets/redis_url');
    for (const secret of secrets) {
      expect(secret.length).toBeGreaterThan(20);
      expect(said).not.toContain(secret);
    }
    expect(stack.docker('exec', bridge!.id, 'id', '-u')).toBe('1000');
    expect(() => stack.docker('exec', bridge!.id, 'touch', '/app/x')).toThrow(/Read-only file system/);
    say('no secret is in docker inspect; the bridges run as user 1000 on a read-only file system');
  });
});
