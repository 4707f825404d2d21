/** Users, access lists and client certificates at the broker. */
import type { MqttClient } from 'mqtt';
import { beforeAll, describe, expect, test } from 'vitest';
import type { BrokerOptions } from '../../broker/broker.ts';
import { passwordLine } from '../../broker/password-file.ts';
import { type Certificate, certificates, OPENSSL } from '../helpers/certificates.ts';
import { mqttClient, rawSession } from '../helpers/mqtt-peers.ts';
import { type TestBroker, testBroker } from '../helpers/test-broker.ts';
import { waitFor } from '../helpers/wait-for.ts';

const ACL = `
user boiler
topic write sensors/boiler/+
topic read alerts/#
user panel
topic readwrite #
topic readwrite alerts/#
topic deny secret/#
pattern readwrite own/%u/#
`;

let users: string;
beforeAll(async () => {
  users = (await Promise.all(['boiler', 'panel'].map((user) => passwordLine(user, `${user}-pw`)))).join('\n');
});

const as = (username: string) => ({ username, password: `${username}-pw` });

async function guarded(over: Partial<BrokerOptions> = {}) {
  const denied: string[] = [];
  const published: string[] = [];
  const broker = await testBroker({
    access: { users, accessList: ACL },
    onDenied: (what) => denied.push(what),
    onPublish: async (topic) => void published.push(topic),
    ...over,
  });
  return { broker, denied, published };
}

/** MQTT.js rejects when one is refused; its error has the SUBACK. */
async function grantedQos(client: MqttClient, filters: string[]): Promise<number[]> {
  const error = await client.subscribeAsync(filters, { qos: 1 }).catch((reason: unknown) => reason);
  return (error as { packet: { granted: number[] } }).packet.granted;
}

/** What reaches a new client that may read everything but secret/#. */
async function watcher(broker: TestBroker) {
  const received: string[] = [];
  const client = await mqttClient(broker.url, as('panel'));
  client.on('message', (topic) => received.push(topic));
  await client.subscribeAsync(['sensors/#', 'alerts/#', 'own/panel/#'], { qos: 1 });
  return received;
}

describe('users', () => {
  test('connect with their own password and no other; nobody without a name', async () => {
    const { broker, denied } = await guarded();
    await mqttClient(broker.url, as('boiler'));
    await mqttClient(broker.webSocketUrl, as('panel'));
    for (const options of [
      {},
      { username: 'boiler' },
      { ...as('boiler'), password: 'panel-pw' },
      as('stranger'),
    ])
      await expect(mqttClient(broker.url, options)).rejects.toThrow(/Bad username or password/);
    expect(denied).toEqual(['connect', 'connect', 'connect', 'connect']);
  });

  test('beside the one of MQTT_USERNAME', async () => {
    const credentials = { username: 'own', password: 'own-pw' };
    const { broker } = await guarded({ access: { users, credentials } });
    await mqttClient(broker.url, credentials);
    await mqttClient(broker.url, as('boiler'));
    await expect(mqttClient(broker.url, { ...credentials, password: 'x' })).rejects.toThrow();
  });
});

describe('publishes', () => {
  test('that are denied close the connection without an acknowledgement; nothing of them goes on', async () => {
    const { broker, denied, published } = await guarded();
    const received = await watcher(broker);
    const device = await rawSession(broker.mqttPort, { ...as('boiler'), password: Buffer.from('boiler-pw') });
    const publish = (topic: string, messageId: number) =>
      device.send({ cmd: 'publish', topic, payload: '1', qos: 1, messageId, dup: false, retain: false });
    publish('sensors/boiler/temperature', 1);
    await device.packet('puback');
    publish('sensors/pump/temperature', 2);
    await waitFor('the end of the connection', device.closed);
    expect(device.received.filter(({ cmd }) => cmd === 'puback')).toHaveLength(1);
    expect(denied).toEqual(['publish']);
    expect(published).toEqual(['sensors/boiler/temperature']);
    await waitFor('the allowed message', () => received.length > 0);
    expect(received).toEqual(['sensors/boiler/temperature']);
  });

  test('of a last will are held to the same rules', async () => {
    const { broker, denied, published } = await guarded();
    const will = (topic: string) => ({ topic, payload: Buffer.from('gone'), qos: 1 as const, retain: false });
    for (const topic of ['sensors/pump/t', 'sensors/boiler/t']) {
      const device = await mqttClient(broker.url, { ...as('boiler'), will: will(topic) });
      device.stream.destroy();
    }
    await waitFor('the allowed will', () => published.includes('sensors/boiler/t'));
    await waitFor('the denial', () => denied.length === 1);
    expect(published).toEqual(['sensors/boiler/t']);
  });
});

describe('subscriptions', () => {
  test('are granted where all of them may be read, also among others that are refused', async () => {
    const { broker, denied } = await guarded();
    const device = await mqttClient(broker.url, { ...as('boiler'), clean: false, clientId: 'boiler-1' });
    const received: string[] = [];
    device.on('message', (topic) => received.push(topic));
    const filters = ['alerts/#', 'sensors/#', '$share/g/sensors/#'];
    expect(await grantedQos(device, filters)).toEqual([1, 128, 128]);
    expect(denied).toEqual(['subscribe', 'subscribe']);
    const panel = await mqttClient(broker.url, as('panel'));
    for (const topic of ['sensors/pump/t', 'alerts/x']) await panel.publishAsync(topic, '1', { qos: 1 });
    await waitFor('the alert', () => received.includes('alerts/x'));
    expect(received).toEqual(['alerts/x']);
  });

  test('kept in a session are not taken over under another name', async () => {
    const { broker } = await guarded();
    const session = { clean: false, clientId: 'shared-id' };
    const panel = await mqttClient(broker.url, { ...as('panel'), ...session });
    await panel.subscribeAsync('sensors/#', { qos: 1 });
    await panel.endAsync();
    const other = await mqttClient(broker.url, as('panel'));
    await other.publishAsync('sensors/pump/t', 'private', { qos: 1 });
    const received: string[] = [];
    const thief = await mqttClient(broker.url, { ...as('boiler'), ...session }, (client) =>
      client.on('message', (topic) => received.push(topic)),
    );
    await thief.subscribeAsync('alerts/#', { qos: 1 });
    await broker.publish('sensors/pump/t', 'more', { qos: 1 });
    await broker.publish('alerts/end', '', { qos: 1 });
    await waitFor('the end', () => received.includes('alerts/end'));
    expect(received).toEqual(['alerts/end']);
  });
});

describe('new rules', () => {
  test('hold at once: connections that they do not allow are closed, the others stay', async () => {
    const { broker } = await guarded();
    const boiler = await mqttClient(broker.url, as('boiler'));
    await boiler.subscribeAsync('alerts/#');
    const panel = await mqttClient(broker.url, as('panel'));
    await panel.subscribeAsync('sensors/#');
    broker.setAccess({ users, accessList: ACL.replace('topic read alerts/#', '') });
    await waitFor('the end of a subscription that is allowed no longer', () => !boiler.connected);
    await panel.publishAsync('sensors/x/t', '1', { qos: 1 });
    expect(() => broker.setAccess({ users: 'broken' })).toThrow(/MQTT_USERS/);
    await panel.publishAsync('sensors/x/t', '2', { qos: 1 });
    broker.setAccess({ users: users.split('\n')[0]! });
    await waitFor('the end of a user that is gone', () => !panel.connected);
    await expect(mqttClient(broker.url, as('panel'))).rejects.toThrow();
  });
});

describe.skipIf(!OPENSSL)('client certificates (needs openssl)', () => {
  let ca: string;
  let server: Certificate;
  let boiler: Certificate;
  beforeAll(() => {
    const own = certificates('broker', 'boiler');
    ca = own.ca;
    [server, boiler] = own.signed as [Certificate, Certificate];
  });

  test('give the user name by their common name, without a password', async () => {
    const { broker, published, denied } = await guarded({
      tls: { host: '127.0.0.1', port: 0, setting: 'MQTT_TLS_PORT', tls: { ...server, clientCa: ca } },
      access: { users, accessList: ACL, certificateUsers: true },
    });
    const url = `mqtts://127.0.0.1:${broker.tlsPort}`;
    // A user name in the CONNECT counts for nothing beside the certificate.
    const device = await mqttClient(url, { ca, ...boiler, ...as('panel') });
    await device.publishAsync('sensors/boiler/t', '1', { qos: 1 });
    expect(published).toEqual(['sensors/boiler/t']);
    expect(await grantedQos(device, ['sensors/#'])).toEqual([128]);
    expect(denied).toEqual(['subscribe']);
    await expect(mqttClient(broker.url, {})).rejects.toThrow();
  });
});
