/** The broker over TLS, and which web pages may connect to its WebSocket port. */
import { once } from 'node:events';
import { connect } from 'node:net';
import type { IClientOptions } from 'mqtt';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { WebSocket } from 'ws';
import { startBroker } from '../../broker/broker.ts';
import { ConfigurationError } from '../../src/errors.ts';
import { type Certificate, certificates, OPENSSL } from '../helpers/certificates.ts';
import { mqttClient } from '../helpers/mqtt-peers.ts';
import { silent, testBroker } from '../helpers/test-broker.ts';
import { waitFor } from '../helpers/wait-for.ts';

const endpoint = (setting: string) => ({ host: '127.0.0.1', port: 0, setting });

async function roundTrip(url: string, options: IClientOptions): Promise<void> {
  const received: string[] = [];
  const client = await mqttClient(url, options, (one) =>
    one.on('message', (_topic, payload) => received.push(payload.toString())),
  );
  await client.subscribeAsync('a/b', { qos: 1 });
  await client.publishAsync('a/b', 'hello', { qos: 1 });
  await waitFor('the message', () => received.includes('hello'));
  await client.endAsync();
}

describe.skipIf(!OPENSSL)('TLS (needs openssl)', () => {
  let ca: string;
  let server: Certificate;
  let device: Certificate;
  let stranger: Certificate;
  beforeAll(() => {
    const own = certificates('broker', 'device');
    ca = own.ca;
    [server, device] = own.signed as [Certificate, Certificate];
    [stranger] = certificates('stranger').signed as [Certificate];
  });

  test('on a port of its own, beside the plain one, with the same limits', async () => {
    const broker = await testBroker({
      tls: { ...endpoint('MQTT_TLS_PORT'), tls: server },
      limits: { maxPacketBytes: 1000 },
    });
    const secure = `mqtts://127.0.0.1:${broker.tlsPort}`;
    await roundTrip(secure, { ca });
    await roundTrip(broker.url, {});
    await expect(mqttClient(secure, {})).rejects.toThrow(/self.signed|unable to/i);
    await expect(mqttClient(`mqtt://127.0.0.1:${broker.tlsPort}`, {})).rejects.toThrow();
    const client = await mqttClient(secure, { ca });
    const closed = new Promise<void>((resolve) => client.once('close', () => resolve()));
    client.publish('a', Buffer.alloc(1000), { qos: 1 }, () => undefined);
    await closed;
  });

  test('instead of plain connections, over TCP and WebSocket', async () => {
    const broker = await testBroker({
      tcp: { ...endpoint('MQTT_PORT'), tls: server },
      webSocket: { ...endpoint('MQTT_WS_PORT'), tls: server },
    });
    await roundTrip(`mqtts://127.0.0.1:${broker.mqttPort}`, { ca });
    await roundTrip(`wss://127.0.0.1:${broker.webSocketPort}`, { ca });
    await expect(mqttClient(broker.url, {})).rejects.toThrow();
    await expect(mqttClient(broker.webSocketUrl, {})).rejects.toThrow();
  });

  test('asks for client certificates where it has an authority for them', async () => {
    const broker = await testBroker({
      tls: { ...endpoint('MQTT_TLS_PORT'), tls: { ...server, clientCa: ca } },
    });
    const url = `mqtts://127.0.0.1:${broker.tlsPort}`;
    await roundTrip(url, { ca, ...device });
    await expect(mqttClient(url, { ca })).rejects.toThrow();
    await expect(mqttClient(url, { ca, ...stranger })).rejects.toThrow();
    expect(broker.connections()).toBe(0);
  });

  test('with a certificate that does not go with its key names the setting, and leaves nothing open', async () => {
    for (const tls of [
      { cert: server.cert, key: device.key },
      { cert: 'no PEM', key: server.key },
    ]) {
      const options = {
        tcp: endpoint('MQTT_PORT'),
        tls: { ...endpoint('MQTT_TLS_PORT'), tls },
        logger: silent,
      };
      const error = await startBroker(options).then(
        () => undefined,
        (reason: unknown) => reason,
      );
      expect(error).toBeInstanceOf(ConfigurationError);
      expect(error).toMatchObject({
        field: 'MQTT_TLS_PORT',
        message: expect.stringContaining('certificate'),
      });
    }
  });

  test('handshakes that stop half-way are ended, by time and by close', async () => {
    const tls = { ...endpoint('MQTT_TLS_PORT'), tls: server };
    const silentPeer = (port: number) => {
      const socket = connect(port, '127.0.0.1').resume();
      socket.on('error', () => undefined);
      onTestFinished(() => void socket.destroy());
      return once(socket, 'close');
    };
    const impatient = await testBroker({ tls, limits: { connectTimeoutMs: 100 } });
    await silentPeer(impatient.tlsPort!);
    const broker = await testBroker({ tls });
    const closed = silentPeer(broker.tlsPort!);
    await roundTrip(`mqtts://127.0.0.1:${broker.tlsPort}`, { ca });
    // An hour is the time that it would wait for what does not end by itself.
    await broker.close(3_600_000);
    await closed;
  });
});

describe('web pages', () => {
  async function outcome(url: string, origin?: string): Promise<string> {
    const socket = new WebSocket(url, 'mqtt', origin === undefined ? {} : { origin });
    const result = await new Promise<string>((resolve) => {
      socket.on('open', () => resolve('open'));
      socket.on('error', (error) => resolve(String(error)));
    });
    socket.terminate();
    return result;
  }

  test('of listed origins may connect, others not; clients that are no browsers may', async () => {
    const broker = await testBroker({
      webSocket: {
        ...endpoint('MQTT_WS_PORT'),
        origins: ['https://panel.example', 'http://Localhost:4000/'],
      },
    });
    const url = broker.webSocketUrl;
    for (const origin of ['https://panel.example', 'http://localhost:4000', undefined])
      expect(await outcome(url, origin)).toBe('open');
    for (const origin of [
      'https://evil.example',
      'http://panel.example',
      'https://panel.example:444',
      'null',
    ])
      expect(await outcome(url, origin)).toMatch(/403/);
    await roundTrip(url, {});
  });

  test('may connect to the host that they came from where none are listed', async () => {
    const { webSocketUrl: url } = await testBroker();
    const port = new URL(url).port;
    for (const origin of [undefined, 'http://127.0.0.1:4000', 'https://127.0.0.1'])
      expect(await outcome(url, origin)).toBe('open');
    expect(await outcome(`ws://localhost:${port}`, 'http://localhost:4000')).toBe('open');
    for (const origin of ['https://anywhere.example', 'http://127.0.0.2', 'http://localhost', 'null'])
      expect(await outcome(url, origin)).toMatch(/403/);
  });

  test('of every origin may connect with *', async () => {
    const { webSocketUrl } = await testBroker({
      webSocket: { ...endpoint('MQTT_WS_PORT'), origins: ['*'] },
    });
    expect(await outcome(webSocketUrl, 'https://anywhere.example')).toBe('open');
  });
});
