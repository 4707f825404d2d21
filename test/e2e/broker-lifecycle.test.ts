import { createServer } from 'node:net';
import { expect, test } from 'vitest';
import { startBroker } from '../../broker/broker.ts';
import { ConfigurationError } from '../../src/errors.ts';
import { mqttClient, rawClient, rawSession } from '../helpers/mqtt-peers.ts';
import { silent, testBroker } from '../helpers/test-broker.ts';
import { waitFor } from '../helpers/wait-for.ts';

const host = '127.0.0.1';
const reading = { cmd: 'publish', topic: 'a', payload: '1', qos: 1, dup: false, retain: false } as const;

async function failure(promise: Promise<unknown>): Promise<ConfigurationError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(ConfigurationError);
  return error as ConfigurationError;
}

test('a port in use is an error that names setting and port, and leaves nothing open', async () => {
  const other = await testBroker();
  const free = createServer();
  const freePort = await new Promise<number>((resolve) =>
    free.listen(0, host, () => {
      const { port } = free.address() as { port: number };
      free.close(() => resolve(port));
    }),
  );
  const taken = { host, port: other.mqttPort, setting: 'MQTT_PORT' };
  const error = await failure(startBroker({ tcp: taken, logger: silent }));
  expect(error.field).toBe('MQTT_PORT');
  expect(error.message).toContain('MQTT_PORT');
  expect(error.message).toContain(String(other.mqttPort));
  expect(error.message).toContain('already in use');

  const tcp = { host, port: freePort, setting: 'MQTT_PORT' };
  const webSocket = { host, port: other.mqttPort, setting: 'MQTT_WS_PORT' };
  expect((await failure(startBroker({ tcp, webSocket, logger: silent }))).field).toBe('MQTT_WS_PORT');
  const broker = await startBroker({ tcp, logger: silent });
  expect(broker.mqttPort).toBe(freePort);
  expect(broker.webSocketPort).toBeUndefined();
  await broker.close();
});

test("an address that is not this machine's is an error that names the setting", async () => {
  const tcp = { host: '192.0.2.1', port: 0, setting: 'MQTT_PORT' };
  const error = await failure(startBroker({ tcp, logger: silent }));
  expect(error.message).toContain('no such address');
});

test('close ends every connection, frees the ports and is idempotent', async () => {
  const broker = await testBroker();
  const clients = [
    await mqttClient(broker.url),
    await mqttClient(broker.webSocketUrl),
    await mqttClient(broker.url, { clean: false, clientId: 'persistent' }),
  ];
  const silentOne = await rawClient(broker.mqttPort);
  const halfRequest = await rawClient(broker.webSocketPort!);
  halfRequest.socket.write('GET / HTTP/1.1\r\n');
  await waitFor('four connections', () => broker.connections() === 4);
  // An hour is the time that it would wait for what does not end by itself.
  await Promise.all([broker.close(3_600_000), broker.close(3_600_000)]);
  await broker.close();
  expect(broker.connections()).toBe(0);
  await waitFor(
    'the closes',
    () => silentOne.closed() && halfRequest.closed() && clients.every(({ connected }) => !connected),
  );
  const next = await startBroker({
    tcp: { host, port: broker.mqttPort, setting: 'MQTT_PORT' },
    webSocket: { host, port: broker.webSocketPort!, setting: 'MQTT_WS_PORT' },
    logger: silent,
  });
  await next.close();
});

test('close waits for the hook: its acknowledgement still goes out, later messages get none', async () => {
  const resolves: (() => void)[] = [];
  const broker = await testBroker({ onPublish: () => new Promise((resolve) => resolves.push(resolve)) });
  const client = await rawSession(broker.mqttPort);
  const late = await rawSession(broker.mqttPort);
  client.send({ ...reading, messageId: 1 });
  await waitFor('the hook', () => resolves.length === 1);
  const closed = broker.close();
  late.send({ ...reading, messageId: 2 });
  resolves[0]?.();
  await closed;
  expect(await client.packet('puback')).toMatchObject({ messageId: 1 });
  await waitFor('the closes', () => client.closed() && late.closed());
  expect(late.received.map(({ cmd }) => cmd)).toEqual(['connack']);
  expect(resolves).toHaveLength(1);
});

test('close keeps its deadline when the hook never ends and a subscriber does not read', async () => {
  let calls = 0;
  const broker = await testBroker({
    onPublish: (topic) => {
      calls++;
      return topic === 'a' ? new Promise(() => undefined) : Promise.resolve();
    },
  });
  const stuck = await rawSession(broker.mqttPort);
  stuck.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: '#', qos: 0 }] });
  await stuck.packet('suback');
  stuck.socket.pause();
  const flood = await rawSession(broker.mqttPort);
  for (let i = 1; i <= 40; i++)
    flood.send({ ...reading, topic: 'flood', payload: Buffer.alloc(500_000), messageId: i });
  const client = await rawSession(broker.mqttPort);
  client.send({ ...reading, messageId: 1 });
  await waitFor('the hook', () => calls > 1);
  await broker.close(600);
  await waitFor('the close', client.closed);
  expect(broker.connections()).toBe(0);
});
