import { once } from 'node:events';
import { get } from 'node:http';
import type { MqttClient } from 'mqtt';
import type { IPublishPacket } from 'mqtt-packet';
import { describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { mqttClient, rawClient, rawSession } from '../helpers/mqtt-peers.ts';
import { type TestBroker, testBroker } from '../helpers/test-broker.ts';
import { waitFor } from '../helpers/wait-for.ts';

const publish = { cmd: 'publish', topic: 'a', payload: '1', qos: 0, dup: false, retain: false } as const;

function closeOf(client: MqttClient): Promise<void> {
  return new Promise((resolve) => client.once('close', () => resolve()));
}

/** Still serves: a message goes through the whole broker. */
async function expectAlive(broker: TestBroker): Promise<void> {
  const client = await mqttClient(broker.url);
  const received: string[] = [];
  client.on('message', (_topic, payload) => received.push(payload.toString()));
  await client.subscribeAsync('alive', { qos: 1 });
  await client.publishAsync('alive', 'yes', { qos: 1 });
  await waitFor('the message', () => received.includes('yes'));
}

describe('packet size', () => {
  test('a 10 MB payload closes its connection before it is all there, over TCP', async () => {
    const broker = await testBroker();
    const client = await rawSession(broker.mqttPort);
    // The header announces 10 MB, of which only the first bytes are ever sent.
    client.socket.write(Buffer.from([0x32, 0x80, 0xad, 0xe2, 0x04, 0x00, 0x01, 0x61]));
    await waitFor('the close', client.closed);
    await expectAlive(broker);
  });

  test('a 10 MB payload closes its connection, over WebSocket', async () => {
    const broker = await testBroker();
    const client = await mqttClient(broker.webSocketUrl);
    const closed = closeOf(client);
    client.publish('a', Buffer.alloc(10_000_000), { qos: 1 }, () => undefined);
    await closed;
    await expectAlive(broker);
  });

  test.each(['url', 'webSocketUrl'] as const)('packets up to the limit pass whole (%s)', async (url) => {
    const sizes: number[] = [];
    const broker = await testBroker({
      limits: { maxPacketBytes: 200_000 },
      onPublish: async (_topic, payload) => void sizes.push(payload.length),
    });
    const client = await mqttClient(broker[url]);
    // Fixed header 1 + 3, topic 2 + 1, packet identifier 2.
    await client.publishAsync('a', Buffer.alloc(200_000 - 9), { qos: 1 });
    expect(sizes).toEqual([200_000 - 9]);
    const closed = closeOf(client);
    client.publish('a', Buffer.alloc(200_000 - 8), { qos: 1 }, () => undefined);
    await closed;
    expect(sizes).toHaveLength(1);
  });
});

describe('topics', () => {
  const deep = `a${'/b'.repeat(299)}`;

  test('of 300 levels close the connection, whatever packet they come in', async () => {
    const broker = await testBroker({ onPublish: async () => undefined });
    for (const qos of [0, 1, 2] as const) {
      const client = await rawSession(broker.mqttPort);
      client.send({ ...publish, topic: deep, qos, messageId: 1 } as IPublishPacket);
      await waitFor('the close', client.closed);
    }
    const subscriber = await rawSession(broker.mqttPort);
    subscriber.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: deep, qos: 1 }] });
    await waitFor('the close', subscriber.closed);
    const unsubscriber = await rawSession(broker.mqttPort);
    unsubscriber.send({ cmd: 'unsubscribe', messageId: 1, unsubscriptions: [deep] });
    await waitFor('the close', unsubscriber.closed);
    const testator = await rawSession(broker.mqttPort, {
      will: { topic: deep, payload: Buffer.from('x'), qos: 1, retain: true },
    });
    testator.socket.destroy();
    await waitFor('the disconnect', () => broker.connections() === 0);
    await expectAlive(broker);
  });

  test.each([
    ['reserved', '$SYS/broker/x'],
    ['reserved', '$share/g/x'],
    ['too long', 'x'.repeat(16_385)],
    ['with a wildcard', 'a/+/b'],
    ['empty', ''],
    ['with U+0000', 'a\u0000b'],
  ])('that are %s close the connection and never reach the hook', async (_why, topic) => {
    let calls = 0;
    const broker = await testBroker({ onPublish: async () => void calls++ });
    const client = await rawSession(broker.mqttPort);
    // Written byte by byte: the encoder refuses some of these.
    const name = Buffer.from(topic);
    const body = Buffer.concat([Buffer.from([name.length >> 8, name.length & 255]), name, Buffer.from('1')]);
    const length =
      body.length < 128
        ? [body.length]
        : [(body.length & 127) | 128, (body.length >> 7) | 128, body.length >> 14];
    client.socket.write(Buffer.concat([Buffer.from([0x30, ...length]), body]));
    await waitFor('the close', client.closed);
    expect(calls).toBe(0);
    await expectAlive(broker);
  });
});

describe('connections', () => {
  test('beyond the limit are closed, over TCP and WebSocket, until one has gone', async () => {
    const broker = await testBroker({ limits: { maxConnections: 2 } });
    const first = await rawSession(broker.mqttPort);
    await mqttClient(broker.webSocketUrl);
    expect(broker.connections()).toBe(2);
    const third = await rawClient(broker.mqttPort);
    await waitFor('the close', third.closed);
    const webSocket = new WebSocket(broker.webSocketUrl, 'mqtt');
    const [error] = await once(webSocket, 'error');
    expect(String(error)).toMatch(/503/);
    first.socket.destroy();
    await waitFor('room', () => broker.connections() === 1);
    await rawSession(broker.mqttPort);
  });

  test('that do not send CONNECT are closed', async () => {
    const broker = await testBroker({ limits: { connectTimeoutMs: 100 } });
    const client = await rawClient(broker.mqttPort);
    await waitFor('the close', client.closed, 2000);
  });

  test('that fall silent are closed after 1.5 times their keep-alive', async () => {
    const broker = await testBroker();
    const client = await rawSession(broker.mqttPort, { keepalive: 1 });
    const start = performance.now();
    await waitFor('the close', client.closed, 5000);
    expect(performance.now() - start).toBeGreaterThan(1000);
  });

  test.each([0, 61])('with a keep-alive of %i s are refused where 60 s is the limit', async (keepalive) => {
    const broker = await testBroker({ limits: { maxKeepAliveSeconds: 60 } });
    await expect(mqttClient(broker.url, { keepalive })).rejects.toThrow();
    await mqttClient(broker.url, { keepalive: 60 });
  });

  test('with garbage on them are closed', async () => {
    const broker = await testBroker();
    for (const bytes of [
      'GET / HTTP/1.1\r\n\r\n',
      Buffer.alloc(100, 0xff),
      Buffer.from([0x10, 0xff, 0xff, 0xff, 0xff, 0x7f]),
      Buffer.from([0x30, 0x00]),
      Buffer.from([0x10, 0x00]),
    ]) {
      const client = await rawClient(broker.mqttPort);
      client.socket.write(bytes);
      await waitFor(`the close after ${bytes.toString('latin1').slice(0, 10)}`, client.closed);
    }
    await expectAlive(broker);
  });

  test('a subscriber that does not read holds the others for the drain timeout at most', async () => {
    const broker = await testBroker({ limits: { drainTimeoutMs: 300 } });
    const stuck = await rawSession(broker.mqttPort);
    stuck.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: 'flood/#', qos: 0 }] });
    await stuck.packet('suback');
    stuck.socket.pause();
    const publisher = await mqttClient(broker.url);
    const payload = Buffer.alloc(500_000);
    // More than the sockets' buffers hold: without the timeout these acknowledgements stop coming.
    for (let i = 0; i < 40; i++) await publisher.publishAsync('flood/x', payload, { qos: 1 });
    await waitFor('the disconnect', () => broker.connections() === 1);
    await expectAlive(broker);
  });

  test('the WebSocket port says what it is to a browser', async () => {
    const broker = await testBroker();
    const [response] = await once(get(`http://127.0.0.1:${broker.webSocketPort}/`), 'response');
    expect(response.statusCode).toBe(426);
  });
});

describe('credentials', () => {
  const credentials = { username: 'plant', password: 'söcret' };

  test('let in who has both, and nobody else', async () => {
    const broker = await testBroker({ access: { credentials } });
    await mqttClient(broker.url, credentials);
    await mqttClient(broker.webSocketUrl, credentials);
    for (const wrong of [
      {},
      { username: 'plant' },
      { username: 'plant', password: '' },
      { username: 'plant', password: 'söcret ' },
      { username: 'Plant', password: 'söcret' },
    ]) {
      await expect(mqttClient(broker.url, wrong)).rejects.toMatchObject({ code: 4 });
    }
  });
});
