/**
 * What src/intake/deferred-ack.ts needs of MQTT.js and does not find documented. If an upgrade of MQTT.js fails here, that
 * file has to change before the version may.
 */
import type { Socket } from 'node:net';
import mqtt, { type IClientOptions, type MqttClient } from 'mqtt';
import { describe, expect, it, onTestFinished } from 'vitest';
import { DeferredAcks, type DeferredMessage } from '../../src/intake/deferred-ack.ts';
import { MOSQUITTO, startMosquitto } from '../helpers/mosquitto.ts';
import { waitFor } from '../helpers/wait-for.ts';

const LIMITS = { maxMessages: 10_000, maxBytes: 1e9 };

async function subscriber(
  url: string,
  protocolVersion: 4 | 5,
  limits = LIMITS,
  readings = 1,
  options: IClientOptions = {},
) {
  const client = mqtt.connect(url, {
    clientId: 'contract',
    clean: false,
    protocolVersion,
    reconnectPeriod: 20,
    manualConnect: true,
    ...options,
    ...(protocolVersion === 5 && { properties: { sessionExpiryInterval: 60, receiveMaximum: 500 } }),
  });
  onTestFinished(async () => {
    await client.endAsync(true);
  });
  const received: DeferredMessage[] = [];
  const state = new DeferredAcks(client, limits, (message) => {
    received.push(message);
    return readings;
  });
  client.connect();
  await client.subscribeAsync('t/#', { qos: 1 });
  /** What the broker sends again on a new connection: all that it has got no PUBACK for, at least `n`. */
  const again = async (n: number) => {
    // Its answer comes after the PUBACKs have been read by the broker.
    await client.subscribeAsync('other', { qos: 1 });
    received.length = 0;
    await reconnect(client);
    await waitFor('the redelivery', () => received.length >= n);
    await client.subscribeAsync('other', { qos: 1 });
    return texts(received);
  };
  return { client, received, state, again };
}

async function publish(url: string, texts: readonly string[]): Promise<void> {
  const client = await mqtt.connectAsync(url);
  await Promise.all(texts.map((text) => client.publishAsync('t/x', text, { qos: 1 })));
  await client.endAsync();
}

async function reconnect(client: MqttClient): Promise<void> {
  const connected = new Promise((resolve) => client.once('connect', resolve));
  client.stream.destroy();
  await connected;
}

const texts = (list: readonly DeferredMessage[]) => list.map(({ bytes }) => bytes.toString());
const numbers = (n: number) => Array.from({ length: n }, (_, i) => String(i));

describe.skipIf(!MOSQUITTO)('deferred acknowledgements with Mosquitto', () => {
  for (const version of [4, 5] as const) {
    describe(`MQTT ${version === 4 ? '3.1.1' : '5'}`, () => {
      it('are not sent by MQTT.js: everything unacknowledged comes again, and nothing else', async () => {
        const { url } = await startMosquitto();
        const { received, again } = await subscriber(url, version);
        await publish(url, numbers(300));
        await waitFor('300 messages', () => received.length === 300);
        for (const message of received.slice(0, 100)) message.ack();
        expect(await again(200)).toEqual(numbers(300).slice(100));
      });

      it('let the connection go on beyond what is unacknowledged', async () => {
        const { url } = await startMosquitto();
        const { client, received, state } = await subscriber(url, version);
        await publish(url, numbers(400));
        await waitFor('400 messages', () => received.length === 400);
        expect(state.inFlight).toBe(400);
        // PINGRESP and SUBACK still come through.
        await client.subscribeAsync('other', { qos: 1 });
        for (const message of received) message.ack();
        expect(state.inFlight).toBe(0);
        expect(state.inFlightBytes).toBe(0);
      });

      it('go out in the order of the messages, as MQTT demands', async () => {
        const { url } = await startMosquitto();
        const { client, received, again } = await subscriber(url, version);
        await publish(url, numbers(10));
        await waitFor('10 messages', () => received.length === 10);
        const messages = received.splice(0);
        for (const message of messages.slice(3).reverse()) message.ack();
        for (const message of messages.slice(0, 2)) message.ack();
        expect(await again(8)).toEqual(numbers(10).slice(2));
        for (const message of received.splice(0).reverse()) message.ack();
        await client.subscribeAsync('other', { qos: 1 });
        await publish(url, ['after']);
        expect(await again(1)).toEqual(['after']);
      });

      it('do not wait for one that gives way', async () => {
        const { url } = await startMosquitto();
        const { received, again } = await subscriber(url, version);
        await publish(url, numbers(10));
        await waitFor('10 messages', () => received.length === 10);
        const [first, second, third, ...rest] = received.splice(0);
        third!.leaveAckOrder();
        first!.leaveAckOrder();
        for (const message of rest) message.ack();
        second!.ack();
        third!.ack();
        expect(await again(1)).toEqual(['0']);
      });

      it('wait neither for ever nor beyond the end', async () => {
        const { url } = await startMosquitto();
        const { client, received, state, again } = await subscriber(url, version);
        await publish(url, numbers(5));
        await waitFor('5 messages', () => received.length === 5);
        const sent = () => (client.stream as Socket).bytesWritten;
        const before = sent();
        for (const message of received.splice(0).slice(1)) message.ack();
        await waitFor('acknowledgements', () => sent() >= before + 4 * 4);
        expect(await again(1)).toEqual(['0']);
        received.length = 0;
        await publish(url, ['a', 'b']);
        await waitFor('two more', () => received.length === 2);
        received.splice(0)[1]!.ack();
        state.end();
        expect(await again(2)).toEqual(['0', 'a']);
      });

      it('of an earlier connection are not sent on the next one', async () => {
        const { url } = await startMosquitto();
        const { client, received } = await subscriber(url, version);
        await publish(url, numbers(5));
        await waitFor('5 messages', () => received.length === 5);
        const before = received.splice(0);
        await reconnect(client);
        await waitFor('the redelivery', () => received.length === 5);
        for (const message of before) message.ack();
        await client.subscribeAsync('other', { qos: 1 });
        received.length = 0;
        await reconnect(client);
        await waitFor('the second redelivery', () => received.length === 5);
        expect(texts(received)).toEqual(numbers(5));
      });

      it('count as a sign of life: no answer to a ping is waited for behind the messages', async () => {
        const { url } = await startMosquitto();
        const limits = { maxMessages: 1, maxBytes: 1e9 };
        const { client, received } = await subscriber(url, version, limits, 1, { keepalive: 1 });
        let closed = false;
        client.on('close', () => {
          closed = true;
        });
        await publish(url, numbers(60));
        const begun = performance.now();
        while (performance.now() - begun < 2500) {
          (await waitFor('the next message', () => received.shift())).ack();
          await new Promise((next) => setTimeout(next, 100));
        }
        expect(closed).toBe(false);
      });

      it('hold the socket at the bound, and go on below it', async () => {
        const { url } = await startMosquitto();
        const { received, state } = await subscriber(url, version, { maxMessages: 10, maxBytes: 1e9 });
        await publish(url, numbers(60));
        await waitFor('10 messages', () => received.length === 10);
        const seen: string[] = [];
        while (seen.length < 60) {
          const next = await waitFor('the next message', () => received.shift());
          expect(state.inFlight).toBeLessThanOrEqual(10);
          seen.push(next.bytes.toString());
          next.ack();
        }
        expect(seen).toEqual(numbers(60));
      });
    });
  }

  it('hold the socket by bytes too', async () => {
    const { url } = await startMosquitto();
    const { received, state } = await subscriber(url, 4, { maxMessages: 1000, maxBytes: 1000 }, 0);
    await publish(
      url,
      numbers(8).map((n) => n.padEnd(300)),
    );
    await waitFor('the bound', () => state.inFlightBytes >= 1000);
    expect(received).toHaveLength(4);
    for (const message of received.splice(0)) message.ack();
    await waitFor('the rest', () => received.length === 4);
  });

  it('hold the socket by readings, which take memory however short they are', async () => {
    const { url } = await startMosquitto();
    const { received, state } = await subscriber(url, 4, { maxMessages: 1000, maxBytes: 100_000 }, 100);
    await publish(url, numbers(8));
    await waitFor('the bound', () => state.inFlightBytes >= 100_000);
    expect(received).toHaveLength(4);
    for (const message of received.splice(0)) message.ack();
    await waitFor('the rest', () => received.length === 4);
    for (const message of received) message.ack();
    expect(state.inFlightBytes).toBe(0);
  });
});
