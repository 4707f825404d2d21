import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import type { PublishHook } from '../../broker/publish-hook.ts';
import { InvalidInput } from '../../src/errors.ts';
import { mqttClient, rawSession } from '../helpers/mqtt-peers.ts';
import { testBroker } from '../helpers/test-broker.ts';
import { waitFor } from '../helpers/wait-for.ts';

const run = promisify(execFile);

/** A hook whose promises the test settles. */
function heldHook() {
  const calls: { topic: string; text: string; info: object; resolve: () => void; reject: () => void }[] = [];
  const onPublish: PublishHook = (topic, payload, info) =>
    new Promise((resolve, reject) =>
      calls.push({ topic, text: payload.toString(), info, resolve, reject: () => reject(new Error('no')) }),
    );
  return { calls, onPublish };
}

const reading = { cmd: 'publish', topic: 'sensors/a/t', payload: '21.5', dup: false, retain: false } as const;

describe('messages', () => {
  test('reach subscribers over TCP and WebSocket', async () => {
    const broker = await testBroker();
    for (const [from, to] of [
      [broker.url, broker.webSocketUrl],
      [broker.webSocketUrl, broker.url],
    ] as const) {
      const subscriber = await mqttClient(to);
      const received: string[] = [];
      subscriber.on('message', (topic, payload) => received.push(`${topic} ${payload}`));
      await subscriber.subscribeAsync('sensors/#', { qos: 1 });
      const publisher = await mqttClient(from);
      await publisher.publishAsync('sensors/x/temperature', '21.5', { qos: 1 });
      await waitFor('the message', () => received.includes('sensors/x/temperature 21.5'));
    }
  });

  test('come from mosquitto_pub and go to mosquitto_sub', async () => {
    const { calls, onPublish } = heldHook();
    const broker = await testBroker({ onPublish });
    const port = String(broker.mqttPort);
    await broker.publish('alerts/x/temperature', 'hot', { qos: 1, retain: true });
    const subscribed = await run('mosquitto_sub', ['-p', port, '-q', '1', '-C', '1', '-t', 'alerts/#', '-v']);
    expect(subscribed.stdout).toBe('alerts/x/temperature hot\n');
    const publishing = run('mosquitto_pub', ['-p', port, '-q', '1', '-t', 'sensors/x/t', '-m', '21.5']);
    (await waitFor('the hook', () => calls[0])).resolve();
    await publishing;
    expect(calls[0]).toMatchObject({ topic: 'sensors/x/t', text: '21.5' });
  });

  test('the bridge publishes without its own hook; a bad topic is its own error', async () => {
    const { calls, onPublish } = heldHook();
    const broker = await testBroker({ onPublish });
    const subscriber = await mqttClient(broker.url);
    const received: string[] = [];
    subscriber.on('message', (topic) => received.push(topic));
    await subscriber.subscribeAsync('alerts/#', { qos: 1 });
    await broker.publish('alerts/a/t', '{}', { qos: 1 });
    await waitFor('the alert', () => received.length === 1);
    expect(calls).toHaveLength(0);
    for (const topic of ['', 'a/+', 'a/#', '$SYS/x', `a${'/b'.repeat(300)}`, 'x'.repeat(20_000)])
      await expect(broker.publish(topic, '')).rejects.toThrow(InvalidInput);
  });
});

describe('the publish hook', () => {
  test.each([1, 2] as const)(
    'is resolved before a message of QoS %i is acknowledged and delivered',
    async (qos) => {
      const { calls, onPublish } = heldHook();
      const broker = await testBroker({ onPublish });
      const subscriber = await mqttClient(broker.url);
      let delivered = 0;
      subscriber.on('message', () => delivered++);
      await subscriber.subscribeAsync('#', { qos: 1 });
      const client = await rawSession(broker.mqttPort, { clientId: 'sensor-a' });
      client.send({ ...reading, qos, messageId: 7, retain: true });
      const call = await waitFor('the hook', () => calls[0]);
      expect(call).toMatchObject({ topic: 'sensors/a/t', text: '21.5' });
      expect(call.info).toEqual({ clientId: 'sensor-a', qos, retain: true, dup: false });
      // Anything the broker had to say to this client would be ahead of the answer to the ping that comes last.
      await new Promise(setImmediate);
      expect(client.received.map(({ cmd }) => cmd)).toEqual(['connack']);
      expect(delivered).toBe(0);
      call.resolve();
      const ack = await client.packet(qos === 1 ? 'puback' : 'pubrec');
      expect(ack).toMatchObject({ messageId: 7 });
      await waitFor('the delivery', () => delivered === 1);
    },
  );

  test('acknowledges in the order in which its promises resolve', async () => {
    const { calls, onPublish } = heldHook();
    const broker = await testBroker({ onPublish });
    const client = await rawSession(broker.mqttPort);
    for (const messageId of [1, 2, 3]) client.send({ ...reading, qos: 1, messageId });
    await waitFor('the first call', () => calls.length > 0);
    // They may have come in one read or in several; a later read waits for the messages of the one before.
    let resolved = 0;
    await waitFor('all acknowledgements', () => {
      while (resolved < calls.length) calls[resolved++]?.resolve();
      return client.received.filter(({ cmd }) => cmd === 'puback').length === 3;
    });
  });

  test('rejected: the connection is closed without an acknowledgement, others go on', async () => {
    const broker = await testBroker({
      onPublish: async (topic) => {
        if (topic.startsWith('bad')) throw new Error('store down');
      },
    });
    const other = await mqttClient(broker.url);
    const client = await rawSession(broker.mqttPort);
    client.send({ ...reading, topic: 'bad/a', qos: 1, messageId: 1 });
    await waitFor('the close', client.closed);
    expect(client.received.map(({ cmd }) => cmd)).toEqual(['connack']);
    await other.publishAsync('good/a', '1', { qos: 1 });
  });

  test('that throws counts as one that rejects', async () => {
    const broker = await testBroker({
      onPublish: () => {
        throw new Error('bug');
      },
    });
    const client = await rawSession(broker.mqttPort);
    client.send({ ...reading, qos: 1, messageId: 1 });
    await waitFor('the close', client.closed);
    expect(client.received.map(({ cmd }) => cmd)).toEqual(['connack']);
  });

  test('gets wills, and messages of QoS 0', async () => {
    const { calls, onPublish } = heldHook();
    const broker = await testBroker({ onPublish });
    const will = { topic: 'status/a', payload: Buffer.from('gone'), qos: 1, retain: false };
    const client = await rawSession(broker.mqttPort, { clientId: 'a', will });
    client.send({ ...reading, qos: 0 });
    (await waitFor('the message', () => calls[0])).resolve();
    client.socket.destroy();
    const call = await waitFor('the will', () => calls[1]);
    expect(call).toMatchObject({ topic: 'status/a', text: 'gone' });
  });

  test('holds back a client that publishes faster than it resolves', async () => {
    const { calls, onPublish } = heldHook();
    const broker = await testBroker({ onPublish });
    const client = await rawSession(broker.mqttPort);
    const total = 20_000;
    const payload = 'x'.repeat(100);
    for (let i = 0; i < total; i++) client.send({ ...reading, payload, qos: 1, messageId: 1 + (i % 65_535) });
    await waitFor('the first read', () => calls.length > 0);
    expect(calls.length).toBeLessThan(2000);
    let resolved = 0;
    await waitFor('all messages', () => {
      while (resolved < calls.length) calls[resolved++]?.resolve();
      return client.received.filter(({ cmd }) => cmd === 'puback').length === total;
    });
    expect(calls).toHaveLength(total);
  });
});
