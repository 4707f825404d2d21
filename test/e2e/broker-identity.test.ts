/** Nobody speaks under the name of another: names need proof on every listener, and what a user has stays the user's. */
import { once } from 'node:events';
import { connect as connectTls } from 'node:tls';
import type { IClientOptions, MqttClient } from 'mqtt';
import { beforeAll, describe, expect, test } from 'vitest';
import { Access, type AccessOptions } from '../../broker/access.ts';
import type { BrokerOptions } from '../../broker/broker.ts';
import { passwordLine } from '../../broker/password-file.ts';
import { ConfigurationError } from '../../src/errors.ts';
import { type Authority, type Certificate, certificates, OPENSSL } from '../helpers/certificates.ts';
import { mqttClient } from '../helpers/mqtt-peers.ts';
import { type TestBroker, testBroker } from '../helpers/test-broker.ts';
import { waitFor } from '../helpers/wait-for.ts';

const ACL = `
user boiler
topic write sensors/boiler/+
user panel
topic read sensors/#
topic write #
user bridge
topic read sensors/#
topic read $share/vigia/#
topic write alerts/#
topic readwrite bridge/#
`;
const as = (username: string, more: IClientOptions = {}) => ({
  username,
  password: `${username}-pw`,
  ...more,
});

let users: string;
beforeAll(async () => {
  users = (
    await Promise.all(['boiler', 'panel', 'bridge'].map((user) => passwordLine(user, `${user}-pw`)))
  ).join('\n');
});

const closed = (client: MqttClient) => new Promise<void>((resolve) => client.once('close', () => resolve()));

async function granted(client: MqttClient, filter: string): Promise<number> {
  const result = await client.subscribeAsync(filter, { qos: 1 }).catch((error: unknown) => error);
  return Array.isArray(result)
    ? result[0].qos
    : (result as { packet: { granted: number[] } }).packet.granted[0]!;
}

describe('rules without a proof of who is who', () => {
  const fieldOf = (options: AccessOptions) => {
    try {
      new Access(options);
      return null;
    } catch (error) {
      expect(error).toBeInstanceOf(ConfigurationError);
      return (error as ConfigurationError).field;
    }
  };

  test('are an error at the start, not an open door', () => {
    expect(fieldOf({ accessList: ACL })).toBe('MQTT_ACL');
    expect(fieldOf({ accessList: ACL, allowAnonymous: true })).toBe('MQTT_ACL');
    expect(fieldOf({ accessList: 'pattern write sensors/%u/#', allowAnonymous: true })).toBe('MQTT_ACL');
    expect(fieldOf({ accessList: 'topic read news/#' })).toBe('MQTT_ACL');
    expect(fieldOf({ accessList: 'topic read news/#', allowAnonymous: true })).toBeNull();
    expect(fieldOf({ accessList: ACL, users })).toBeNull();
    expect(fieldOf({ accessList: ACL, certificateUsers: true })).toBeNull();
    expect(fieldOf({ credentials: { username: 'own', password: '' } })).toBe('MQTT_PASSWORD');
  });
});

describe('a client id', () => {
  test('is one of its user: another user takes neither the connection nor the queue', async () => {
    const broker = await testBroker({ access: { users, accessList: ACL } });
    const session = as('bridge', { clientId: 'bridge-1', clean: false });
    const first = await mqttClient(broker.url, session);
    await first.subscribeAsync('$share/vigia/sensors/#', { qos: 1 });
    await first.subscribeAsync('sensors/#', { qos: 1 });
    const received: string[] = [];
    const thief = await mqttClient(broker.url, as('panel', { clientId: 'bridge-1', clean: false }), (one) =>
      one.on('message', (topic) => received.push(topic)),
    );
    expect(first.connected).toBe(true);
    await first.endAsync();
    const device = await mqttClient(broker.url, as('boiler'));
    await device.publishAsync('sensors/boiler/t', '1', { qos: 1 });
    await thief.endAsync();
    const cleaner = await mqttClient(broker.url, as('panel', { clientId: 'bridge-1', clean: true }));
    await cleaner.endAsync();
    expect(broker.statistics().queuedMessages).toBe(2);
    const got: string[] = [];
    await mqttClient(broker.url, session, (one) => one.on('message', (topic) => got.push(topic)));
    await waitFor('what waited', () => got.length === 2);
    expect(received).toEqual([]);
  });

  test('of the same user still takes over', async () => {
    const broker = await testBroker({ access: { users, accessList: ACL } });
    const first = await mqttClient(broker.url, as('panel', { clientId: 'one' }));
    const end = closed(first);
    await mqttClient(broker.url, as('panel', { clientId: 'one' }));
    await end;
    expect(broker.connections()).toBe(1);
  });
});

describe('rights of their own', () => {
  test('to join a group, to speak as a bridge, to read $SYS', async () => {
    const broker = await testBroker({ access: { users, accessList: ACL } });
    const [panel, bridge] = [
      await mqttClient(broker.url, as('panel')),
      await mqttClient(broker.url, as('bridge')),
    ];
    expect(await granted(panel, 'sensors/#')).toBe(1);
    expect(await granted(panel, '$share/vigia/sensors/#')).toBe(128);
    expect(await granted(bridge, '$share/vigia/sensors/#')).toBe(1);
    expect(await granted(bridge, '$share/other/sensors/#')).toBe(128);
    expect(await granted(bridge, '$share/vigia/secret/#')).toBe(128);
    expect(await granted(bridge, '$SYS/#')).toBe(128);
    await bridge.publishAsync('alerts/boiler/t', 'x', { qos: 1 });
    await bridge.publishAsync('bridge/one', 'x', { qos: 1 });
    await panel.publishAsync('anything/else', 'x', { qos: 1 });
    for (const topic of ['alerts/boiler/t', 'bridge/one']) {
      const client = await mqttClient(broker.url, as('panel'));
      const end = closed(client);
      client.publish(topic, 'x', { qos: 1 }, () => undefined);
      await end;
    }
  });

  test('also where there are users and no rules', async () => {
    const credentials = { username: 'own', password: 'own-pw' };
    const broker = await testBroker({ access: { users, credentials } });
    const own = await mqttClient(broker.url, credentials);
    await own.publishAsync('alerts/boiler/t', 'x', { qos: 1 });
    const device = await mqttClient(broker.url, as('boiler'));
    expect(await granted(device, '$SYS/#')).toBe(128);
    expect(await granted(device, '$share/g/$SYS/#')).toBe(128);
    await device.publishAsync('sensors/boiler/t', 'x', { qos: 1 });
    const end = closed(device);
    device.publish('alerts/boiler/t', 'x', { qos: 1 }, () => undefined);
    await end;
  });
});

describe('users that change', () => {
  test('lose their connections: who is removed, who has another password; the others stay', async () => {
    const broker = await testBroker({ access: { users, accessList: ACL } });
    const [boiler, panel, bridge] = [
      await mqttClient(broker.url, as('boiler')),
      await mqttClient(broker.url, as('panel')),
      await mqttClient(broker.url, as('bridge')),
    ];
    const ends = [closed(boiler), closed(panel)];
    const [, , kept] = users.split('\n');
    broker.setAccess({
      users: [await passwordLine('panel', 'another'), kept].join('\n'),
      accessList: ACL,
    });
    await Promise.all(ends);
    await bridge.publishAsync('bridge/one', 'x', { qos: 1 });
    await expect(mqttClient(broker.url, as('panel'))).rejects.toThrow();
    await mqttClient(broker.url, { username: 'panel', password: 'another' });
  });
});

describe.skipIf(!OPENSSL)('certificates (needs openssl)', () => {
  let authority: Authority;
  let server: Certificate;
  let [boiler, two, none, alternative, twoAlternatives]: Certificate[] = [];
  beforeAll(() => {
    authority = certificates(
      'broker',
      'boiler',
      '/CN=boiler/CN=panel',
      '/O=nobody',
      '/CN=x DNS:boiler',
      '/CN=x DNS:boiler,DNS:panel',
    );
    [server, boiler, two, none, alternative, twoAlternatives] = authority.signed as [
      Certificate,
      ...Certificate[],
    ];
  });

  const endpoint = (setting: string) => ({ host: '127.0.0.1', port: 0, setting });
  const secure = (more: { crl?: string } = {}) => ({ ...server, clientCa: authority.ca, ...more });

  function certified(access: AccessOptions = {}, more: Partial<BrokerOptions> = {}): Promise<TestBroker> {
    return testBroker({
      tls: { ...endpoint('MQTT_TLS_PORT'), tls: secure() },
      webSocketTls: { ...endpoint('MQTT_WSS_PORT'), tls: secure() },
      access: { accessList: ACL, certificateUsers: true, ...access },
      ...more,
    });
  }
  const urls = (broker: TestBroker) => [
    `mqtts://127.0.0.1:${broker.tlsPort}`,
    `wss://127.0.0.1:${broker.webSocketTlsPort}`,
  ];

  test('name their user over TCP and WebSocket; a name without one gets in nowhere', async () => {
    const broker = await certified();
    for (const url of urls(broker)) {
      const device = await mqttClient(url, { ca: authority.ca, ...boiler });
      await device.publishAsync('sensors/boiler/t', '1', { qos: 1 });
    }
    for (const url of [broker.url, broker.webSocketUrl])
      for (const username of ['boiler', 'nobody'])
        await expect(mqttClient(url, { username })).rejects.toMatchObject({ code: 5 });
    expect(broker.refused('no-proof')).toBe(4);
  });

  test('need exactly one common name, or one alternative name of the type that is asked for', async () => {
    const [url] = urls(await certified());
    for (const certificate of [two, none])
      await expect(mqttClient(url!, { ca: authority.ca, ...certificate })).rejects.toMatchObject({ code: 5 });
    const byName = await certified({ certificateUsers: 'san-dns' });
    const [other] = urls(byName);
    const device = await mqttClient(other!, { ca: authority.ca, ...alternative });
    await device.publishAsync('sensors/boiler/t', '1', { qos: 1 });
    for (const certificate of [boiler, twoAlternatives])
      await expect(mqttClient(other!, { ca: authority.ca, ...certificate })).rejects.toMatchObject({
        code: 5,
      });
    expect(byName.refused('certificate')).toBe(2);
  });

  test('that are taken back are refused, and their connections end', async () => {
    const broker = await certified();
    const [url] = urls(broker);
    const options = { ca: authority.ca, ...boiler };
    const end = closed(await mqttClient(url!, options));
    broker.setAccess({ accessList: ACL, certificateUsers: true }, secure({ crl: authority.revoke(boiler!) }));
    await end;
    await expect(mqttClient(url!, options)).rejects.toThrow();
    broker.setAccess({ accessList: ACL, certificateUsers: true }, secure({ crl: authority.revoke() }));
    await mqttClient(url!, options);
  });

  test('of the broker are replaced while it runs, connections stay; what cannot be used changes nothing', async () => {
    const broker = await testBroker({ tls: { ...endpoint('MQTT_TLS_PORT'), tls: server } });
    const shown = async () => {
      const socket = connectTls({ port: broker.tlsPort!, host: '127.0.0.1', rejectUnauthorized: false });
      await once(socket, 'secureConnect');
      const name = socket.getPeerCertificate().subject.CN;
      socket.destroy();
      return name;
    };
    const client = await mqttClient(`mqtts://127.0.0.1:${broker.tlsPort}`, { ca: authority.ca });
    expect(await shown()).toBe('broker');
    broker.setAccess({}, boiler!);
    expect(await shown()).toBe('boiler');
    expect(() => broker.setAccess({}, { cert: server.cert, key: boiler!.key })).toThrow(ConfigurationError);
    expect(() => broker.setAccess({}, secure())).toThrow(/restart/);
    expect(await shown()).toBe('boiler');
    await client.publishAsync('a', 'x', { qos: 1 });
  });
});

test('without a plain port there is none', async () => {
  const broker = await testBroker({ tcp: undefined as never });
  expect(broker.mqttPort).toBeNull();
  await mqttClient(broker.webSocketUrl);
});
