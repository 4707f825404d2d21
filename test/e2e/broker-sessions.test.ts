/** Persistent sessions, their queues and retained messages: what is kept, in which order, and where it ends. */
import type { IPublishPacket } from 'mqtt-packet';
import { describe, expect, test } from 'vitest';
import { mqttClient, type RawClient, rawSession } from '../helpers/mqtt-peers.ts';
import { type TestBroker, testBroker } from '../helpers/test-broker.ts';
import { waitFor } from '../helpers/wait-for.ts';

const numbers = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => String(from + i));
const published = (client: RawClient) =>
  client.received.filter((packet): packet is IPublishPacket => packet.cmd === 'publish');
const texts = (client: RawClient) => published(client).map(({ payload }) => payload.toString());

/** A client with `clean: false` that acknowledges only what the test sends. */
function session(broker: TestBroker, clientId = 'one'): Promise<RawClient> {
  return rawSession(broker.mqttPort, { clean: false, clientId });
}

async function subscribe(client: RawClient, ...topics: (readonly [string, 0 | 1 | 2])[]): Promise<void> {
  const subscriptions = topics.map(([topic, qos]) => ({ topic, qos }));
  client.send({ cmd: 'subscribe', messageId: 1, subscriptions });
  await client.packet('suback');
}

async function absent(broker: TestBroker, clientId = 'one', ...topics: (readonly [string, 0 | 1 | 2])[]) {
  const client = await session(broker, clientId);
  await subscribe(client, ...topics);
  await leave(broker, client);
}

async function leave(broker: TestBroker, client: RawClient): Promise<void> {
  const before = broker.connections();
  client.socket.destroy();
  await waitFor('the disconnect', () => broker.connections() < before);
}

async function publish(broker: TestBroker, payloads: readonly string[], topic = 'a/b', qos: 0 | 1 | 2 = 1) {
  const client = await mqttClient(broker.url);
  await Promise.all(payloads.map((payload) => client.publishAsync(topic, payload, { qos })));
  await client.endAsync();
  await waitFor('the end', () => !client.connected);
}

/** Everything the broker sent before this has arrived when it resolves. */
async function roundTrip(client: RawClient): Promise<void> {
  const pongs = () => client.received.filter(({ cmd }) => cmd === 'pingresp').length;
  const before = pongs();
  client.send({ cmd: 'pingreq' });
  await waitFor('the answer', () => pongs() > before);
}

function acknowledge(client: RawClient): void {
  for (const { messageId, qos } of published(client))
    if (qos === 1) client.send({ cmd: 'puback', messageId: messageId! });
}

describe('an absent subscriber', () => {
  test('finds everything of QoS 1 and 2 in order when it comes back, without subscribing again', async () => {
    const broker = await testBroker();
    await absent(broker, 'one', ['a/#', 1]);
    await publish(broker, numbers(0, 5000));
    await publish(broker, ['5000'], 'a', 2);
    await publish(broker, ['unqueued'], 'a', 0);
    await publish(broker, ['another'], 'b');
    const got: string[] = [];
    await mqttClient(broker.url, { clean: false, clientId: 'one' }, (client) =>
      client.on('message', (_topic, payload) => got.push(payload.toString())),
    );
    await publish(broker, ['5001']);
    await waitFor('all', () => got.length >= 5002);
    expect(got).toEqual(numbers(0, 5002));
    await waitFor('all acknowledged', () => broker.statistics().queuedMessages === 0);
  });

  test('gets what it had not acknowledged with its identifier and marked as sent before, and nothing else', async () => {
    const broker = await testBroker();
    const first = await session(broker);
    await subscribe(first, ['a/b', 1]);
    await publish(broker, numbers(0, 4));
    await waitFor('all', () => published(first).length === 4);
    expect(published(first).map(({ dup }) => dup)).toEqual([false, false, false, false]);
    first.send({ cmd: 'puback', messageId: published(first)[1]!.messageId! });
    await roundTrip(first);
    await leave(broker, first);
    await publish(broker, ['4']);
    const second = await session(broker);
    await waitFor('the rest', () => published(second).length === 4);
    expect(texts(second)).toEqual(['0', '2', '3', '4']);
    expect(published(second).map(({ dup }) => dup)).toEqual([true, true, true, false]);
    const ids = (client: RawClient) => published(client).map(({ messageId }) => messageId);
    expect(ids(second).slice(0, 3)).toEqual([0, 2, 3].map((i) => ids(first)[i]));
    expect(new Set(ids(second)).size).toBe(4);
    acknowledge(second);
    await waitFor('all acknowledged', () => broker.statistics().queuedMessages === 0);
    await leave(broker, second);
    const third = await session(broker);
    await roundTrip(third);
    expect(texts(third)).toEqual([]);
  });

  test('of QoS 2 gets PUBREL for what it has received, and the message once', async () => {
    const broker = await testBroker();
    const first = await session(broker);
    await subscribe(first, ['a/b', 2]);
    await publish(broker, ['1', '2'], 'a/b', 2);
    await waitFor('both', () => published(first).length === 2);
    const [one, two] = published(first).map(({ messageId }) => messageId!);
    expect(published(first).map(({ qos }) => qos)).toEqual([2, 2]);
    first.send({ cmd: 'pubrec', messageId: one! });
    expect(await first.packet('pubrel')).toMatchObject({ messageId: one });
    await leave(broker, first);
    const second = await session(broker);
    expect(await second.packet('pubrel')).toMatchObject({ messageId: one });
    await waitFor('the other', () => published(second).length === 1);
    expect(published(second)).toMatchObject([{ messageId: two, dup: true, qos: 2 }]);
    second.send({ cmd: 'pubcomp', messageId: one! });
    second.send({ cmd: 'pubrec', messageId: two! });
    second.send({ cmd: 'pubcomp', messageId: two! });
    await waitFor('both complete', () => broker.statistics().queuedMessages === 0);
  });

  test('loses its oldest beyond the limit of its queue', async () => {
    const broker = await testBroker({ limits: { maxQueuedMessages: 10 } });
    await absent(broker, 'one', ['a/b', 1]);
    await publish(broker, numbers(0, 25));
    await waitFor('the drops', () => broker.statistics().droppedMessages === 15);
    const client = await session(broker);
    await waitFor('the rest', () => published(client).length === 10);
    expect(texts(client)).toEqual(numbers(15, 25));
  });

  test('loses its oldest beyond the limit of all queues, and does not take the room of others', async () => {
    const broker = await testBroker({ limits: { maxQueuedBytes: 100_000 } });
    await absent(broker, 'gone for good', ['#', 1]);
    await publish(broker, numbers(0, 1000));
    await absent(broker, 'two', ['a/two', 1]);
    await publish(broker, numbers(0, 50), 'a/two');
    expect(broker.statistics().queuedBytes).toBeLessThanOrEqual(100_000);
    expect(broker.statistics().droppedMessages).toBeGreaterThan(500);
    const client = await session(broker, 'two');
    await waitFor('all of its own', () => published(client).length === 50);
  });

  test('is forgotten when it has been away too long, or too many are', async () => {
    const expiring = await testBroker({ limits: { sessionExpiryMs: 100 } });
    await absent(expiring, 'one', ['a/b', 1]);
    const present = await session(expiring, 'present');
    await subscribe(present, ['a/b', 1]);
    await waitFor('the end of its session', () => expiring.statistics().sessions === 1);
    const crowded = await testBroker({ limits: { maxSessions: 2 } });
    for (const id of ['1', '2', '3']) await absent(crowded, id, ['a/b', 1]);
    expect(crowded.statistics().sessions).toBe(2);
    await publish(crowded, ['x']);
    const [first, last] = [await session(crowded, '1'), await session(crowded, '3')];
    await waitFor('the message', () => published(last).length === 1);
    await roundTrip(first);
    expect(first.received[0]).toMatchObject({ cmd: 'connack', sessionPresent: false });
    expect(last.received[0]).toMatchObject({ cmd: 'connack', sessionPresent: true });
    expect(texts(first)).toEqual([]);
  });

  test('that comes back with a clean session has given up the old one', async () => {
    const broker = await testBroker();
    await absent(broker, 'one', ['a/b', 1]);
    await publish(broker, numbers(0, 10));
    await leave(broker, await rawSession(broker.mqttPort, { clientId: 'one' }));
    expect(broker.statistics()).toMatchObject({ sessions: 0, queuedMessages: 0, queuedBytes: 0 });
    const client = await session(broker);
    await roundTrip(client);
    expect(texts(client)).toEqual([]);
  });
});

describe('a persistent subscriber that is connected', () => {
  test('gets each message once, with the greatest QoS of its filters, whatever else it is subscribed to', async () => {
    const broker = await testBroker();
    const client = await session(broker);
    await subscribe(client, ['a/#', 1], ['a/b', 2], ['+/b', 0], ['c', 0]);
    await publish(broker, ['1'], 'a/b', 2);
    await publish(broker, ['2'], 'a/x', 2);
    await publish(broker, ['3'], 'c', 2);
    await publish(broker, ['4'], 'a/b', 0);
    await publish(broker, ['5'], 'x/b', 1);
    await waitFor('all', () => published(client).length >= 5);
    await roundTrip(client);
    const got = published(client).map(({ payload, qos }) => [payload.toString(), qos]);
    expect(got).toEqual([
      ['1', 2],
      ['2', 1],
      ['3', 0],
      ['4', 0],
      ['5', 0],
    ]);
  });

  test('gets nothing more after it has unsubscribed', async () => {
    const broker = await testBroker();
    const client = await session(broker);
    await subscribe(client, ['a/b', 1], ['c', 1]);
    client.send({ cmd: 'unsubscribe', messageId: 2, unsubscriptions: ['a/b'] });
    await client.packet('unsuback');
    await publish(broker, ['1']);
    await publish(broker, ['2'], 'c');
    await waitFor('the message', () => published(client).length === 1);
    await leave(broker, client);
    await publish(broker, ['3']);
    await publish(broker, ['4'], 'c');
    const again = await session(broker);
    await waitFor('the rest', () => published(again).length === 2);
    expect(texts(again)).toEqual(['2', '4']);
  });

  test('and acknowledges nothing gets a window of messages, then one for each acknowledgement', async () => {
    const broker = await testBroker({ limits: { maxInflightMessages: 10 } });
    const client = await session(broker);
    await subscribe(client, ['a/b', 1]);
    await publish(broker, numbers(0, 30));
    await waitFor('the window', () => published(client).length === 10);
    await roundTrip(client);
    expect(texts(client)).toEqual(numbers(0, 10));
    client.send({ cmd: 'puback', messageId: published(client)[3]!.messageId! });
    await waitFor('one more', () => published(client).length === 11);
    for (let seen = 0; seen < 30; ) {
      acknowledge(client);
      await waitFor('more', () => published(client).length > seen);
      seen = published(client).length;
    }
    expect(texts(client)).toEqual(numbers(0, 30));
  });

  test('and reads nothing holds up nobody, and gets everything in order when it reads again', async () => {
    const broker = await testBroker({ limits: { drainTimeoutMs: 60_000 } });
    const stuck = await session(broker);
    await subscribe(stuck, ['flood', 1]);
    stuck.socket.pause();
    const publisher = await mqttClient(broker.url);
    for (let i = 0; i < 60; i++) {
      const payload = Buffer.alloc(500_000, String(i % 10));
      await publisher.publishAsync('flood', payload, { qos: 1 });
    }
    stuck.socket.resume();
    let seen = 0;
    await waitFor('all', () => {
      for (const { messageId } of published(stuck).slice(seen))
        stuck.send({ cmd: 'puback', messageId: messageId! });
      seen = published(stuck).length;
      return seen === 60;
    });
    expect(published(stuck).map(({ payload }) => String.fromCharCode((payload as Buffer)[0]!))).toEqual(
      numbers(0, 60).map((n) => n.at(-1)),
    );
  });

  test('with a shared subscription too: acknowledgements of the one are not taken for the other', async () => {
    const broker = await testBroker({ limits: { maxInflightMessages: 5 } });
    const client = await session(broker);
    await subscribe(client, ['a/b', 1], ['$share/g/a/b', 1]);
    const clean = await rawSession(broker.mqttPort);
    await subscribe(clean, ['a/b', 1], ['$share/h/a/b', 1]);
    const ordinary = await Promise.all([1, 2, 3, 4, 5, 6, 7, 8].map(() => rawSession(broker.mqttPort)));
    await Promise.all(ordinary.map((one) => subscribe(one, ['a/b', 1])));
    await publish(broker, numbers(0, 20));
    await waitFor('two windows', () => published(client).length === 10 && published(clean).length === 25);
    for (const one of [client, clean]) {
      const ids = published(one).map(({ messageId }) => messageId);
      expect(new Set(ids).size).toBe(ids.length);
    }
    // Aedes numbers these: it has the lower half.
    await waitFor('all of theirs', () => ordinary.every((one) => published(one).length === 20));
    expect(Math.max(...ordinary.flatMap(published).map(({ messageId }) => messageId!))).toBeLessThan(32_768);
    await waitFor('all', () => {
      acknowledge(client);
      acknowledge(clean);
      return broker.statistics().queuedMessages === 0;
    });
    for (const one of [client, clean]) {
      expect(texts(one).sort()).toEqual([...numbers(0, 20), ...numbers(0, 20)].sort());
    }
  });
});

test('a queue is filled and drained in a time that grows with its length only', async () => {
  const broker = await testBroker();
  const rates: number[] = [];
  for (const total of [10_000, 60_000]) {
    await absent(broker, 'one', ['a/b', 1]);
    const start = performance.now();
    for (let i = 0; i < total; i++) await broker.publish('a/b', 'x', { qos: 1 });
    expect(broker.statistics().queuedMessages).toBe(total);
    let count = 0;
    const client = await mqttClient(broker.url, { clean: false, clientId: 'one' }, (one) =>
      one.on('message', () => count++),
    );
    await waitFor('all', () => count === total && broker.statistics().queuedMessages === 0, 25_000);
    await client.endAsync();
    rates.push(total / (performance.now() - start));
  }
  expect(rates[1]! / rates[0]!).toBeGreaterThan(0.3);
});

describe('retained messages', () => {
  const retain = { qos: 1, retain: true } as const;

  test('go to new subscribers, exact and by wildcard, until an empty one removes them', async () => {
    const broker = await testBroker();
    await broker.publish('a/b', '1', retain);
    await broker.publish('a/c', '2', retain);
    await broker.publish('a/b', '3', retain);
    await broker.publish('a/c', '', retain);
    for (const topic of ['a/b', 'a/+', '#']) {
      const client = await rawSession(broker.mqttPort);
      await subscribe(client, [topic, 1]);
      await client.packet('publish');
      await roundTrip(client);
      expect(published(client)).toMatchObject([{ topic: 'a/b', payload: Buffer.from('3'), retain: true }]);
    }
  });

  test('beyond the limits are delivered, not kept, and leave no older value behind', async () => {
    const broker = await testBroker({ limits: { maxRetainedMessages: 2, maxRetainedBytes: 2000 } });
    const live = await rawSession(broker.mqttPort);
    await subscribe(live, ['#', 1]);
    await broker.publish('a', '1', retain);
    await broker.publish('b', '1', retain);
    await broker.publish('c', '1', retain);
    await broker.publish('a', '2', retain);
    await broker.publish('b', Buffer.alloc(3000), retain);
    expect(broker.statistics()).toMatchObject({ retainedMessages: 1, refusedRetainedMessages: 2 });
    await waitFor('all', () => published(live).length === 5);
    const client = await rawSession(broker.mqttPort);
    await subscribe(client, ['#', 1]);
    await client.packet('publish');
    await roundTrip(client);
    expect(published(client)).toMatchObject([{ topic: 'a', payload: Buffer.from('2') }]);
  });
});

test('a publisher of QoS 2 that sends a message again before its PUBREL is heard once', async () => {
  const broker = await testBroker();
  const subscriber = await session(broker, 'subscriber');
  await subscribe(subscriber, ['a', 1]);
  const message = {
    cmd: 'publish',
    topic: 'a',
    payload: 'x',
    qos: 2,
    messageId: 7,
    dup: false,
    retain: false,
  } as const;
  const first = await session(broker, 'publisher');
  first.send(message);
  await first.packet('pubrec');
  await leave(broker, first);
  const second = await session(broker, 'publisher');
  second.send({ ...message, dup: true });
  await second.packet('pubrec');
  second.send({ cmd: 'pubrel', messageId: 7 });
  await second.packet('pubcomp');
  second.send({ ...message, payload: 'y' });
  await waitFor('the other', () => texts(subscriber).includes('y'));
  expect(texts(subscriber)).toEqual(['x', 'y']);
});
