/** Shared subscriptions of our broker, with real clients: MQTT.js, mosquitto_sub, and bare sockets where those are too polite. */
import type { IClientOptions, MqttClient } from 'mqtt';
import type { IPublishPacket } from 'mqtt-packet';
import { describe, expect, onTestFinished, test } from 'vitest';
import { DeferredAcks } from '../../src/intake/deferred-ack.ts';
import { MqttSubscriber } from '../../src/intake/mqtt-subscriber.ts';
import { startChild } from '../helpers/child.ts';
import { mqttClient, type RawClient, rawSession } from '../helpers/mqtt-peers.ts';
import { findProgram } from '../helpers/program.ts';
import { silent, type TestBroker, testBroker } from '../helpers/test-broker.ts';
import { waitFor } from '../helpers/wait-for.ts';

const SHARED = '$share/g/sensors/#';
const MOSQUITTO_SUB = findProgram('mosquitto_sub');

interface Member {
  readonly client: MqttClient;
  readonly texts: string[];
}

async function member(
  url: string,
  options: IClientOptions = {},
  filter = SHARED,
  qos: 0 | 1 | 2 = 1,
): Promise<Member> {
  const texts: string[] = [];
  const client = await mqttClient(url, options, (one) =>
    one.on('message', (_topic, payload) => texts.push(payload.toString())),
  );
  const [granted] = await client.subscribeAsync(filter, { qos });
  expect(granted?.qos).toBe(qos);
  return { client, texts };
}

/** Acknowledges what it has got when told to, as the bridge does. */
async function deferringMember(url: string, options: IClientOptions) {
  const texts: string[] = [];
  const acks: (() => void)[] = [];
  const client = await mqttClient(
    url,
    options,
    (one) =>
      new DeferredAcks(one, { maxMessages: 1e6, maxBytes: 1e9 }, (message) => {
        texts.push(message.bytes.toString());
        acks.push(() => message.ack());
        return 1;
      }),
  );
  await client.subscribeAsync(SHARED, { qos: 1 });
  return { client, texts, acknowledge: () => acks.splice(0).forEach((ack) => void ack()) };
}

const numbers = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => String(from + i));
const sorted = (texts: readonly string[]) => [...texts].sort((a, b) => Number(a) - Number(b));

async function publish(broker: TestBroker, texts: readonly string[], qos: 0 | 1 | 2 = 1): Promise<void> {
  const client = await mqttClient(broker.url);
  await Promise.all(texts.map((text) => client.publishAsync(`sensors/x/${Number(text) % 7}`, text, { qos })));
  await client.endAsync();
}

/** A connection lost, as when its process is killed: no DISCONNECT. */
async function lose(broker: TestBroker, client: MqttClient): Promise<void> {
  const before = broker.connections();
  client.stream.destroy();
  await waitFor('the disconnect', () => broker.connections() < before);
}

async function subscribeRaw(client: RawClient, topic: string, qos: 0 | 1 | 2 = 1): Promise<void> {
  client.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic, qos }] });
  await client.packet('suback');
}

const published = (client: RawClient) =>
  client.received.filter((packet): packet is IPublishPacket => packet.cmd === 'publish');

describe('the members of a group', () => {
  test.each(['url', 'webSocketUrl'] as const)('get each message once, in equal parts (%s)', async (url) => {
    const broker = await testBroker();
    const members = [await member(broker[url]), await member(broker[url]), await member(broker[url])];
    await publish(broker, numbers(0, 3000));
    await waitFor('all', () => members.reduce((sum, { texts }) => sum + texts.length, 0) >= 3000);
    expect(sorted(members.flatMap(({ texts }) => texts))).toEqual(numbers(0, 3000));
    for (const { texts } of members) {
      expect(texts).toHaveLength(1000);
      expect(texts).toEqual(sorted(texts));
    }
    await waitFor('all acknowledged', () => broker.statistics().queuedMessages === 0);
  });

  test('do not share with other groups, nor with ordinary subscribers', async () => {
    const broker = await testBroker();
    const [one, two] = [await member(broker.url), await member(broker.url, {}, '$share/other/sensors/+/#')];
    const both = await member(broker.url);
    await both.client.subscribeAsync('sensors/x/1', { qos: 1 });
    const ordinary = await member(broker.url, {}, 'sensors/#');
    await publish(broker, numbers(0, 700));
    await waitFor('all', () => two.texts.length === 700 && ordinary.texts.length === 700);
    await waitFor('the group', () => one.texts.length + both.texts.length === 800);
    expect(one.texts).toHaveLength(350);
    expect(broker.statistics().sharedGroups).toBe(2);
  });

  test('get no retained messages, no topics that begin with $, and the retain flag of nothing', async () => {
    const broker = await testBroker();
    await broker.publish('sensors/x/1', 'retained', { qos: 1, retain: true });
    const client = await rawSession(broker.mqttPort);
    await subscribeRaw(client, '$share/g/#');
    await broker.publish('sensors/x/1', 'live', { qos: 1, retain: true });
    await client.packet('publish');
    // The connection of another makes the broker publish on $SYS.
    await mqttClient(broker.url);
    await broker.publish('last', '', { qos: 1 });
    await waitFor('the last', () => published(client).at(-1)?.topic === 'last');
    expect(published(client)).toMatchObject([
      { topic: 'sensors/x/1', payload: Buffer.from('live'), retain: false },
      { topic: 'last' },
    ]);
  });

  test('get QoS 1 at most, and less where they asked for less', async () => {
    const broker = await testBroker();
    const exact = await rawSession(broker.mqttPort);
    await subscribeRaw(exact, '$share/a/sensors/#', 2);
    const least = await rawSession(broker.mqttPort);
    await subscribeRaw(least, '$share/b/sensors/#', 0);
    await publish(broker, ['1'], 2);
    await publish(broker, ['2'], 0);
    await waitFor('both', () => published(exact).length === 2 && published(least).length === 2);
    expect(published(exact).map(({ qos }) => qos)).toEqual([1, 0]);
    expect(published(least).map(({ qos }) => qos)).toEqual([0, 0]);
  });

  test('that leave are members no longer; with the last one the group ends', async () => {
    const broker = await testBroker();
    const [one, two] = [
      await member(broker.url),
      await member(broker.url, { clean: false, clientId: 'two' }),
    ];
    await one.client.unsubscribeAsync(SHARED);
    await publish(broker, numbers(0, 100));
    await waitFor('all', () => two.texts.length === 100);
    await two.client.unsubscribeAsync(SHARED);
    expect(broker.statistics().sharedGroups).toBe(0);
    await publish(broker, numbers(100, 110));
    await two.client.endAsync();
    const again = await member(broker.url, { clean: false, clientId: 'two' });
    await publish(broker, ['110']);
    await waitFor('the new one', () => again.texts.length > 0);
    expect([one.texts, two.texts.length, again.texts]).toEqual([[], 100, ['110']]);
    expect(broker.statistics()).toMatchObject({ sharedGroups: 1 });
  });

  test.each(['$share', '$share/g', '$share/g/', '$share//sensors', '$share/a+/sensors'])(
    'cannot be had with the malformed %s',
    async (topic) => {
      const broker = await testBroker();
      const client = await rawSession(broker.mqttPort, { clean: false, clientId: 'a' });
      client.send({
        cmd: 'subscribe',
        messageId: 1,
        subscriptions: [
          { topic, qos: 1 },
          { topic: 'b', qos: 1 },
        ],
      });
      const answer = await waitFor('an answer', () => client.received[1] ?? client.closed());
      if (answer !== true) expect(answer).toMatchObject({ cmd: 'suback', granted: [128, 1] });
      expect(broker.statistics().sharedGroups).toBe(0);
    },
  );
});

describe('when a member goes', () => {
  test('what it had not acknowledged goes to another at once, in order, and nothing twice to that one', async () => {
    const broker = await testBroker();
    const one = await deferringMember(broker.url, { clientId: 'one', clean: false });
    const two = await deferringMember(broker.url, { clientId: 'two', clean: false });
    await publish(broker, numbers(0, 600));
    await waitFor('their halves', () => one.texts.length === 300 && two.texts.length === 300);
    two.acknowledge();
    await lose(broker, one.client);
    await waitFor('the other half', () => two.texts.length === 600);
    expect(two.texts.slice(300)).toEqual(one.texts);
    expect(sorted(two.texts)).toEqual(numbers(0, 600));
    two.acknowledge();
    await waitFor('all acknowledged', () => broker.statistics().queuedMessages === 0);
  });

  test('with a clean session and acknowledgements for all it got, nothing comes twice', async () => {
    const broker = await testBroker();
    const [one, two] = [await member(broker.url), await member(broker.url)];
    await publish(broker, numbers(0, 100));
    await waitFor('all acknowledged', () => broker.statistics().queuedMessages === 0);
    await lose(broker, one.client);
    await publish(broker, numbers(100, 200));
    await waitFor('the rest', () => one.texts.length + two.texts.length === 200);
    expect(two.texts.slice(-100)).toEqual(numbers(100, 200));
  });

  test('members that come and go at random lose nothing that was published', async () => {
    const broker = await testBroker({ limits: { maxInflightMessages: 50 } });
    const done = new Set<string>();
    let running = true;
    const replica = async (clientId: string, clean: boolean) => {
      while (running) {
        const { client, texts, acknowledge } = await deferringMember(broker.url, { clientId, clean });
        const enough = 1 + Math.floor(Math.random() * 50);
        const end = performance.now() + 100;
        await waitFor('some', () => texts.length >= enough || performance.now() > end);
        if (Math.random() < 0.7) {
          for (const text of texts) done.add(text);
          acknowledge();
          // An orderly end, so that the acknowledgements arrive.
          await client.endAsync();
        } else client.stream.destroy();
      }
    };
    const replicas = Promise.all([replica('p1', false), replica('p2', false), replica('c1', true)]);
    await waitFor('the sessions', () => broker.statistics().sessions === 2);
    for (let from = 0; from < 2000; from += 500) await publish(broker, numbers(from, from + 500));
    await waitFor('all', () => done.size === 2000, 20_000).finally(() => {
      running = false;
    });
    await replicas;
    expect(broker.statistics().droppedMessages).toBe(0);
  });

  test('and comes back by taking its own session over, it is one member and gets its messages again', async () => {
    const broker = await testBroker();
    const options = { clientId: 'one', clean: false };
    const first = await deferringMember(broker.url, options);
    await publish(broker, numbers(0, 10));
    await waitFor('all', () => first.texts.length === 10);
    const second = await deferringMember(broker.url, options);
    await waitFor('the first to be closed', () => !first.client.connected);
    await waitFor('all again', () => second.texts.length === 10);
    await publish(broker, numbers(10, 20));
    await waitFor('the rest', () => second.texts.length === 20);
    expect(second.texts).toEqual(numbers(0, 20));
    expect(first.texts).toHaveLength(10);
    second.acknowledge();
    await waitFor('all acknowledged', () => broker.statistics().queuedMessages === 0);
    expect(broker.statistics()).toMatchObject({ sessions: 1, sharedGroups: 1 });
  });

  test('a clean client that takes a clean one over stays a member', async () => {
    const broker = await testBroker();
    const first = await member(broker.url, { clientId: 'one' });
    const second = await member(broker.url, { clientId: 'one' });
    await waitFor('the first to be closed', () => !first.client.connected);
    await publish(broker, numbers(0, 10));
    await waitFor('all', () => second.texts.length === 10);
  });

  test.each([false, true])(
    'an acknowledgement that comes too late, over the next connection, acknowledges nothing (clean: %s)',
    async (clean) => {
      const broker = await testBroker();
      // Keeps the group and its backlog.
      await lose(broker, (await member(broker.url, { clean: false, clientId: 'absent' })).client);
      const connection = { clientId: 'one', clean };
      const first = await rawSession(broker.mqttPort, connection);
      await subscribeRaw(first, SHARED);
      await publish(broker, numbers(0, 5));
      await waitFor('all', () => published(first).length === 5);
      first.socket.destroy();
      await waitFor('the disconnect', () => broker.connections() === 0);
      const second = await rawSession(broker.mqttPort, connection);
      if (clean) await subscribeRaw(second, SHARED);
      await waitFor('all again', () => published(second).length === 5);
      for (const { messageId } of published(first)) second.send({ cmd: 'puback', messageId: messageId! });
      second.send({ cmd: 'pingreq' });
      await second.packet('pingresp');
      expect(broker.statistics().queuedMessages).toBe(5);
      for (const { messageId } of published(second)) second.send({ cmd: 'puback', messageId: messageId! });
      await waitFor('all acknowledged', () => broker.statistics().queuedMessages === 0);
    },
  );
});

describe('while no member is connected', () => {
  test('a group with a persistent member keeps what comes, for any member', async () => {
    const broker = await testBroker();
    const first = await member(broker.url, { clientId: 'one', clean: false });
    await member(broker.url, { clientId: 'two', clean: false });
    await publish(broker, numbers(0, 10));
    await waitFor('all acknowledged', () => broker.statistics().queuedMessages === 0);
    await first.client.endAsync();
    await waitFor('one', () => broker.connections() === 1);
    const got = first.texts.length;
    await publish(broker, numbers(10, 20));
    // The restored session is a member again without a SUBSCRIBE.
    const options = { clientId: 'one', clean: false, resubscribe: false };
    await mqttClient(broker.url, options, (client) =>
      client.on('message', (_topic, payload) => first.texts.push(payload.toString())),
    );
    await publish(broker, numbers(20, 40));
    await waitFor('its half', () => first.texts.length === got + 10);
  });

  test('the backlog goes out to whoever comes, in order and evenly', async () => {
    const broker = await testBroker();
    const { client } = await member(broker.url, { clientId: 'one', clean: false });
    await client.endAsync();
    await waitFor('nobody', () => broker.connections() === 0);
    await publish(broker, numbers(0, 5000));
    await publish(broker, numbers(5000, 5010), 0);
    expect(broker.statistics().queuedMessages).toBe(5000);
    const [one, two] = await Promise.all([
      member(broker.url, { clientId: 'two', clean: false }),
      member(broker.url, { clientId: 'one', clean: false }),
    ]);
    await waitFor('all', () => one.texts.length + two.texts.length >= 5000);
    expect(sorted([...one.texts, ...two.texts])).toEqual(numbers(0, 5000));
    expect(one.texts).toEqual(sorted(one.texts));
  });

  test('it keeps the newest up to its limit, and says what it dropped', async () => {
    const broker = await testBroker({ limits: { maxQueuedMessages: 100 } });
    const { client } = await member(broker.url, { clientId: 'one', clean: false });
    await client.endAsync();
    await waitFor('nobody', () => broker.connections() === 0);
    await publish(broker, numbers(0, 1000));
    await waitFor('the drops', () => broker.statistics().droppedMessages === 900);
    const { texts } = await member(broker.url, { clientId: 'one', clean: false });
    await waitFor('the rest', () => texts.length === 100);
    expect(texts).toEqual(numbers(900, 1000));
  });

  test('nothing is kept for clean sessions, or after the session has been given up or has expired', async () => {
    const broker = await testBroker({ limits: { sessionExpiryMs: 200 } });
    for (const clean of [true, false]) {
      const { client } = await member(broker.url, { clientId: 'one', clean });
      await client.endAsync();
      await waitFor('the end of the group', () => broker.statistics().sharedGroups === 0);
    }
    const kept = await testBroker();
    await (await member(kept.url, { clientId: 'one', clean: false })).client.endAsync();
    await publish(kept, numbers(0, 10));
    expect(kept.statistics()).toMatchObject({ sharedGroups: 1, queuedMessages: 10 });
    const { texts } = await member(kept.url, { clientId: 'one', clean: true });
    await publish(kept, ['10']);
    await waitFor('the new one', () => texts.length > 0);
    expect(texts).toEqual(['10']);
  });
});

describe('a member that does not keep up', () => {
  test('and acknowledges nothing gets a window of messages, the others get the rest', async () => {
    const broker = await testBroker({ limits: { maxInflightMessages: 20 } });
    const lazy = await deferringMember(broker.url, { clientId: 'lazy', clean: false });
    const other = await member(broker.url);
    await publish(broker, numbers(0, 500));
    await waitFor('the rest', () => other.texts.length === 480);
    expect(lazy.texts).toHaveLength(20);
    lazy.acknowledge();
    await publish(broker, numbers(500, 520));
    await waitFor('more', () => lazy.texts.length > 20);
    await waitFor('all', () => lazy.texts.length + other.texts.length === 520);
  });

  test('and reads nothing holds up neither publishers nor members, and takes no more memory than its window', async () => {
    const broker = await testBroker({ limits: { drainTimeoutMs: 60_000 } });
    const stuck = await rawSession(broker.mqttPort);
    await subscribeRaw(stuck, '$share/g/flood');
    stuck.socket.pause();
    const other = await rawSession(broker.mqttPort);
    await subscribeRaw(other, '$share/g/flood');
    let next = 0;
    const acknowledge = () => {
      for (const { messageId } of published(other).slice(next))
        other.send({ cmd: 'puback', messageId: messageId! });
      next = published(other).length;
    };
    const publisher = await mqttClient(broker.url);
    const payload = Buffer.alloc(500_000);
    for (let i = 0; i < 60; i++) {
      await publisher.publishAsync('flood', payload, { qos: 1 });
      acknowledge();
    }
    // 4 MiB: eight messages of 500 kB, and the one that exceeds them.
    await waitFor('the rest', () => {
      acknowledge();
      return published(other).length >= 51;
    });
    stuck.socket.resume();
    await waitFor('all', () => {
      acknowledge();
      return published(other).length + published(stuck).length === 60;
    });
  });

  test('and reads nothing, at QoS 0, gets only what its connection takes', async () => {
    const broker = await testBroker({ limits: { drainTimeoutMs: 60_000, maxQueuedMessages: 10 } });
    const stuck = await rawSession(broker.mqttPort);
    await subscribeRaw(stuck, '$share/g/flood', 0);
    stuck.socket.pause();
    const publisher = await mqttClient(broker.url);
    const payload = Buffer.alloc(500_000);
    for (let i = 0; i < 60; i++) await publisher.publishAsync('flood', payload, { qos: 1 });
    await waitFor('the drops', () => broker.statistics().droppedMessages > 0);
    expect(broker.statistics().queuedMessages).toBe(10);
    stuck.socket.resume();
    await waitFor('the rest', () => broker.statistics().queuedMessages === 0);
    await waitFor('all', () => published(stuck).length === 60 - broker.statistics().droppedMessages);
  });
});

describe.skipIf(!MOSQUITTO_SUB)('mosquitto_sub', () => {
  test('shares, and finds its backlog when it comes back', async () => {
    const broker = await testBroker();
    const start = (id: string) =>
      startChild(MOSQUITTO_SUB!, ['-p', String(broker.mqttPort), '-q', '1', '-c', '-i', id, '-t', SHARED]);
    const lines = (child: { output(): string }) => child.output().split('\n').filter(Boolean);
    const children = [start('m1'), start('m2')];
    await waitFor('both', () => broker.statistics().sessions === 2);
    const plain = await member(broker.url);
    await publish(broker, numbers(0, 300));
    await waitFor('all', () => children.flatMap(lines).length + plain.texts.length === 300);
    expect(children.map((child) => lines(child).length)).toEqual([100, 100]);
    await plain.client.endAsync();
    for (const child of children) await child.kill('SIGKILL');
    await waitFor('nobody', () => broker.connections() === 0);
    await publish(broker, numbers(300, 500));
    const back = start('m2');
    await waitFor('the backlog', () => lines(back).length >= 200);
    expect(lines(back)).toEqual(numbers(300, 500));
  });
});

test("the bridge's own subscribers share, fall back to MQTT 3.1.1, and go on when one closes", async () => {
  const broker = await testBroker();
  const got = new Map<string, number>();
  const counts = [0, 0];
  const subscribers = counts.map((_, i) => {
    const subscriber = new MqttSubscriber({
      url: broker.url,
      access: {},
      clientId: `replica-${i}`,
      group: 'vigia',
      filters: ['sensors/+/+'],
      receiveMaximum: 2000,
      sessionExpiry: 60_000,
      limits: { maxMessages: 20_000, maxBytes: 1e8 },
      reconnect: { first: 25, firstFor: 10_000, max: 1000 },
      logger: silent,
      status: { hostname: 'test', version: '0.0.0', since: 0 },
      receive(message) {
        const text = message.bytes.toString();
        counts[i]!++;
        setImmediate(() => {
          got.set(text, (got.get(text) ?? 0) + 1);
          message.ack();
        });
        return 1;
      },
    });
    onTestFinished(() => subscriber.close());
    subscriber.start();
    return subscriber;
  });
  await waitFor('both', () => {
    for (const subscriber of subscribers) subscriber.ready();
    return true;
  });
  await publish(broker, numbers(0, 1000));
  await waitFor('all', () => got.size === 1000);
  expect(counts).toEqual([500, 500]);
  await waitFor('all acknowledged', () => broker.statistics().queuedMessages === 0);
  await subscribers[0]!.close();
  await publish(broker, numbers(1000, 2000));
  await waitFor('the rest', () => got.size === 2000);
  await waitFor('all acknowledged', () => broker.statistics().queuedMessages === 0);
  expect(counts).toEqual([500, 1500]);
});
