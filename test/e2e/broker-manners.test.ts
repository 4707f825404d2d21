/** What MQTT 3.1.1 asks of a server, with packets that no library would send. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { generate, type Packet } from 'mqtt-packet';
import { describe, expect, test } from 'vitest';
import { mqttClient, type RawClient, rawClient, rawSession } from '../helpers/mqtt-peers.ts';
import { type TestBroker, testBroker } from '../helpers/test-broker.ts';
import { waitFor } from '../helpers/wait-for.ts';

const CONNECT = {
  cmd: 'connect',
  protocolId: 'MQTT',
  protocolVersion: 4,
  clean: true,
  clientId: 'manners',
  keepalive: 0,
} as const;
const text = (bytes: string | Buffer) => {
  const body = Buffer.from(bytes as string);
  return Buffer.concat([Buffer.from([body.length >> 8, body.length & 255]), body]);
};
const packet = (first: number, ...parts: (Buffer | readonly number[])[]) => {
  const body = Buffer.concat(parts.map((part) => Buffer.from(part as Buffer)));
  return Buffer.concat([Buffer.from([first, body.length]), body]);
};
const connectPacket = (level: number, flags: number, ...fields: Buffer[]) =>
  packet(0x10, text(level === 3 ? 'MQIsdp' : 'MQTT'), [level, flags, 0, 0], ...fields);

/** What the broker sends until it closes the connection. */
async function answerTo(broker: TestBroker, bytes: Buffer): Promise<string> {
  const socket = connect({ port: broker.mqttPort, host: '127.0.0.1' });
  const chunks: Buffer[] = [];
  socket.on('data', (chunk) => chunks.push(chunk));
  socket.on('error', () => undefined);
  socket.write(bytes);
  await once(socket, 'close');
  return Buffer.concat(chunks).toString('hex');
}

describe('CONNECT', () => {
  const id = text('manners');

  test.each([
    ['MQTT 5, answered as MQTT 5 asks', packet(0x10, text('MQTT'), [5, 2, 0, 0, 0], id), '2003008400'],
    ['a level that does not exist', connectPacket(6, 2, id), '20020001'],
    ['an empty client id without a clean session', connectPacket(4, 0, text('')), '20020002'],
    ['an empty client id in MQTT 3.1', connectPacket(3, 2, text('')), '20020002'],
  ])('is refused with its return code: %s', async (_what, bytes, answer) => {
    expect(await answerTo(await testBroker(), bytes)).toBe(answer);
  });

  test.each([
    ['a will with QoS 3', connectPacket(4, 0x1e, id, text('will'), text('x'))],
    ['a will on a wildcard', connectPacket(4, 0x06, id, text('a/#'), text('x'))],
    ['flags of a will without one', connectPacket(4, 0x22, id)],
    ['a password without a user name', connectPacket(4, 0x42, id, text('x'))],
    ['the reserved flag', connectPacket(4, 3, id)],
    ['U+0000 in the client id', connectPacket(4, 2, text('a\0b'))],
    ['a client id that is no UTF-8', connectPacket(4, 2, text(Buffer.from([0x61, 0xff])))],
    ['bytes too many', connectPacket(4, 2, id, Buffer.from([0]))],
    ['another protocol', packet(0x10, text('HTTP'), [4, 2, 0, 0], id)],
    ['SUBSCRIBE before it', packet(0x82, [0, 1], text('a'), [0])],
  ])('closes the connection without an answer: %s', async (_what, bytes) => {
    const broker = await testBroker();
    expect(await answerTo(broker, bytes)).toBe('');
    expect(broker.refused('malformed')).toBe(1);
  });

  test.each([0, 65_535])('is accepted with a keep-alive of %i s', async (keepalive) => {
    const broker = await testBroker();
    await rawSession(broker.mqttPort, { keepalive });
  });

  test('of MQTT 5 makes a client fall back that can', async () => {
    const broker = await testBroker();
    await expect(mqttClient(broker.url, { protocolVersion: 5 })).rejects.toMatchObject({ code: 0x84 });
  });
});

describe('a connected client', () => {
  test.each([
    ['a topic that is no UTF-8', packet(0x30, text(Buffer.from('6fc3', 'hex')))],
    ['a topic with half a surrogate', packet(0x30, text(Buffer.from('eda080', 'hex')))],
    ['a topic with U+0000', packet(0x30, text('a\0'))],
    ['PUBLISH with packet identifier 0', packet(0x32, text('a'), [0, 0])],
    ['PUBLISH with QoS 3', packet(0x36, text('a'), [0, 1])],
    ['PUBLISH of QoS 0 with DUP', packet(0x38, text('a'))],
    ['SUBSCRIBE with packet identifier 0', packet(0x82, [0, 0], text('a'), [0])],
    ['SUBSCRIBE with QoS 3', packet(0x82, [0, 1], text('a'), [3])],
    ['SUBSCRIBE without filters', packet(0x82, [0, 1])],
    ['SUBSCRIBE with an empty filter', packet(0x82, [0, 1], text(''), [0])],
    ['SUBSCRIBE with a+', packet(0x82, [0, 1], text('a+'), [0])],
    ['SUBSCRIBE with a+/b', packet(0x82, [0, 1], text('a+/b'), [0])],
    ['SUBSCRIBE with +a', packet(0x82, [0, 1], text('+a'), [0])],
    ['SUBSCRIBE with a#', packet(0x82, [0, 1], text('a#'), [0])],
    ['SUBSCRIBE with #/a', packet(0x82, [0, 1], text('#/a'), [0])],
    ['SUBSCRIBE with wrong flags', packet(0x80, [0, 1], text('a'), [0])],
    ['UNSUBSCRIBE without filters', packet(0xa2, [0, 1])],
    ['PUBREL with wrong flags', packet(0x60, [0, 1])],
    ['PUBACK with packet identifier 0', packet(0x40, [0, 0])],
    ['a packet of the server', packet(0x20, [0, 0])],
    ['a packet type that does not exist', packet(0xf0)],
    ['a second CONNECT', generate(CONNECT)],
  ])('is closed for %s', async (_what, bytes) => {
    let calls = 0;
    const broker = await testBroker({ onPublish: async () => void calls++ });
    const client = await rawSession(broker.mqttPort);
    client.socket.write(bytes);
    await waitFor('the close', client.closed);
    expect(broker.refused('malformed')).toBe(1);
    expect(calls).toBe(0);
  });

  test('may name U+FFFD itself, which is a character as any other', async () => {
    const topics: string[] = [];
    const broker = await testBroker({ onPublish: async (topic) => void topics.push(topic) });
    const client = await rawSession(broker.mqttPort);
    client.socket.write(packet(0x32, text('a\ufffd'), [0, 1]));
    await client.packet('puback');
    expect(topics).toEqual(['a\ufffd']);
  });

  test('has Session Present exactly if the broker has a session', async () => {
    const broker = await testBroker();
    const present = async (clean: boolean) => {
      const client = await rawSession(broker.mqttPort, { clientId: 'one', clean });
      const [connack] = client.received;
      client.send({ cmd: 'disconnect' });
      await waitFor('the close', client.closed);
      return (connack as { sessionPresent: boolean }).sessionPresent;
    };
    expect([
      await present(false),
      await present(false),
      await present(true),
      await present(true),
      await present(false),
    ]).toEqual([false, true, false, false, false]);
  });
});

describe('a message of QoS 2', () => {
  const message = (dup: boolean, payload = '1'): Packet => ({
    cmd: 'publish',
    topic: 'once',
    payload,
    qos: 2,
    messageId: 7,
    dup,
    retain: false,
  });

  /** A broker whose store takes as long as the test wants. */
  async function slowBroker() {
    const stored: string[] = [];
    const letGo: (() => void)[] = [];
    const broker = await testBroker({
      onPublish: (_topic, payload) =>
        new Promise((resolve) => {
          letGo.push(() => {
            stored.push(payload.toString());
            resolve();
          });
        }),
    });
    const received: string[] = [];
    const listener = await mqttClient(broker.url);
    listener.on('message', (_topic, payload) => received.push(payload.toString()));
    await listener.subscribeAsync('once', { qos: 1 });
    return { broker, stored, received, letGo };
  }
  const count = (client: RawClient, cmd: string) => client.received.filter((one) => one.cmd === cmd).length;

  test('that is repeated before its PUBREL is stored and delivered once', async () => {
    const { broker, stored, received, letGo } = await slowBroker();
    const client = await rawSession(broker.mqttPort, { clientId: 'one', clean: false });
    client.socket.write(
      Buffer.concat([message(false), message(true), message(true)].map((one) => generate(one))),
    );
    await waitFor('the first', () => letGo.length === 1);
    letGo.shift()!();
    await waitFor('an answer to each', () => count(client, 'pubrec') === 3);
    client.send(message(true));
    await waitFor('one more', () => count(client, 'pubrec') === 4);
    client.send({ cmd: 'pubrel', messageId: 7 });
    await client.packet('pubcomp');
    client.send(message(false, '2'));
    await waitFor('the next', () => letGo.length === 1);
    letGo.shift()!();
    await waitFor('both', () => received.length === 2);
    expect(stored).toEqual(['1', '2']);
    expect(received).toEqual(['1', '2']);
  });

  test('that is repeated on the next connection of its session is stored once, also while it is being stored', async () => {
    const { broker, stored, letGo } = await slowBroker();
    const first = await rawSession(broker.mqttPort, { clientId: 'one', clean: false });
    first.send(message(false));
    await waitFor('it', () => letGo.length === 1);
    const second = await rawSession(broker.mqttPort, { clientId: 'one', clean: false });
    second.send(message(true));
    letGo.shift()!();
    await second.packet('pubrec');
    await waitFor('the end of the first', first.closed);
    expect([stored, letGo.length]).toEqual([['1'], 0]);
  });

  test('is a new one in a new session', async () => {
    const { broker, stored, letGo } = await slowBroker();
    for (const payload of ['1', '2']) {
      const client = await rawSession(broker.mqttPort, { clientId: 'one', clean: true });
      client.send(message(false, payload));
      await waitFor('it', () => letGo.length === 1);
      letGo.shift()!();
      await client.packet('pubrec');
    }
    expect(stored).toEqual(['1', '2']);
  });
});

describe('a client that connects, publishes and is gone in one write', () => {
  const publish = (messageId: number, qos: 0 | 1 | 2): Packet => ({
    cmd: 'publish',
    topic: `sleepy/${messageId}`,
    payload: String(messageId),
    qos,
    messageId,
    dup: false,
    retain: false,
  });

  async function fireAndSleep(client: RawClient, packets: readonly Packet[], how: 'end' | 'destroy') {
    const bytes = Buffer.concat([generate(CONNECT), ...packets.map((one) => generate(one))]);
    await new Promise<void>((resolve) => client.socket.write(bytes, () => resolve()));
    client.socket[how]();
  }

  test.each([
    ['QoS 0, with DISCONNECT', 0, true],
    ['QoS 1, with DISCONNECT', 1, true],
    ['QoS 2, with DISCONNECT', 2, true],
    ['QoS 0, without', 0, false],
    ['QoS 1, without', 1, false],
  ] as const)('loses none of 100 messages: %s', async (_what, qos, orderly) => {
    const stored: string[] = [];
    const broker = await testBroker({
      onPublish: async (topic) => {
        await new Promise((resolve) => setTimeout(resolve, 20));
        stored.push(topic);
      },
    });
    const received: string[] = [];
    const listener = await mqttClient(broker.url);
    listener.on('message', (topic) => received.push(topic));
    await listener.subscribeAsync('sleepy/#', { qos: 1 });
    const packets = Array.from({ length: 100 }, (_, i) => publish(i + 1, qos));
    if (orderly) packets.push({ cmd: 'disconnect' });
    await fireAndSleep(await rawClient(broker.mqttPort), packets, 'end');
    await waitFor('all to be stored', () => stored.length === 100);
    await waitFor('all to be delivered', () => received.length === 100);
    await waitFor('the end', () => broker.connections() === 1);
  });

  test('a hundred times', async () => {
    const stored: string[] = [];
    const broker = await testBroker({ onPublish: async (topic) => void stored.push(topic) });
    for (let i = 1; i <= 100; i++) {
      const client = await rawClient(broker.mqttPort);
      await fireAndSleep(client, [publish(i, i % 2 ? 1 : 0), { cmd: 'disconnect' }], 'destroy');
    }
    await waitFor('all to be stored', () => stored.length === 100);
  });

  test('gets its acknowledgements if it still reads, and its will is not sent', async () => {
    const published: string[] = [];
    const broker = await testBroker({ onPublish: async (topic) => void published.push(topic) });
    const client = await rawClient(broker.mqttPort);
    const will = { topic: 'will', payload: Buffer.from('x'), qos: 0, retain: false } as const;
    const bytes = [{ ...CONNECT, will }, publish(1, 1), { cmd: 'disconnect' } as const].map((one) =>
      generate(one),
    );
    client.socket.end(Buffer.concat(bytes));
    await client.packet('puback');
    await waitFor('the close', client.closed);
    expect(published).toEqual(['sleepy/1']);
  });

  test('with more packets than Aedes would keep before its CONNACK', async () => {
    const stored: string[] = [];
    const broker = await testBroker({ onPublish: async (topic) => void stored.push(topic) });
    const client = await rawClient(broker.mqttPort);
    const packets = Array.from({ length: 2500 }, (_, i) => publish(i + 1, 1));
    client.socket.write(Buffer.concat([generate(CONNECT), ...packets.map((one) => generate(one))]));
    await waitFor('all to be stored', () => stored.length === 2500);
    await waitFor(
      'their acknowledgements',
      () => client.received.filter(({ cmd }) => cmd === 'puback').length === 2500,
    );
  });
});
