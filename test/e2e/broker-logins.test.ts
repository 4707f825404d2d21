/** Guessing passwords holds up nobody who has one. */
import { generate } from 'mqtt-packet';
import { expect, test } from 'vitest';
import { passwordLine } from '../../broker/password-file.ts';
import { mqttClient, rawClient } from '../helpers/mqtt-peers.ts';
import { testBroker } from '../helpers/test-broker.ts';
import { waitFor } from '../helpers/wait-for.ts';

const connect = (username: string, password: string, clientId: string) =>
  generate({
    cmd: 'connect',
    protocolId: 'MQTT',
    protocolVersion: 4,
    clean: true,
    clientId,
    keepalive: 0,
    username,
    password: Buffer.from(password),
  });

test('a user gets in while a thousand wrong logins a second come from the same address', async () => {
  const users = await Promise.all(
    Array.from({ length: 3 }, (_, i) => passwordLine(`device-${i}`, `right-${i}`)),
  );
  const broker = await testBroker({ access: { users: users.join('\n') }, limits: { maxConnections: 2000 } });
  let sent = 0;
  let running = true;
  // Names that exist and names that do not, from one client id and from ever new ones.
  const guess = async () => {
    const n = sent++;
    const client = await rawClient(broker.mqttPort);
    const name = n % 3 === 0 ? `device-${n % 2}` : `nobody-${n}`;
    client.socket.write(connect(name, `guess-${n}`, n % 2 ? 'guesser' : `guesser-${n}`));
    await waitFor('the answer', client.closed, 30_000);
  };
  const guessers = Array.from({ length: 200 }, async () => {
    while (running) await guess();
  });
  await waitFor('the flood', () => sent > 400, 30_000);
  for (let i = 0; i < 5; i++) {
    const client = await mqttClient(broker.url, {
      username: 'device-2',
      password: 'right-2',
      clientId: `d${i}`,
    });
    await client.endAsync();
  }
  running = false;
  await Promise.all(guessers);
  // Names that do not exist cost nothing, nor do those who are barred.
  expect(broker.statistics().passwordHashes).toBeLessThan(sent / 3);
  expect(broker.refused('bad-credentials')).toBeGreaterThan(100);
  expect(broker.refused('login-ban')).toBeGreaterThan(0);
});

test('clients that have gone are not checked', async () => {
  const users = (await passwordLine('boiler', 'right')).replace(/\$10000\$/, () => '$300000$');
  const broker = await testBroker({ access: { users } });
  for (let i = 0; i < 50; i++) {
    const client = await rawClient(broker.mqttPort);
    client.socket.write(connect('boiler', `wrong-${i}`, `c${i}`));
    await waitFor('the connection', () => broker.connections() > 0);
    client.socket.resetAndDestroy();
  }
  await waitFor('their end', () => broker.connections() === 0, 60_000);
  expect(broker.statistics().passwordHashes).toBeLessThan(25);
});

test('too many logins that wait are refused at once, and told so', async () => {
  const users = (await passwordLine('boiler', 'right')).replace(/\$10000\$/, () => '$1000000$');
  const broker = await testBroker({ access: { users }, limits: { maxPendingLogins: 2 } });
  const clients = await Promise.all(
    Array.from({ length: 10 }, async (_, i) => {
      const client = await rawClient(broker.mqttPort);
      client.socket.write(connect('boiler', `wrong-${i}`, `c${i}`));
      return client;
    }),
  );
  await waitFor('refusals', () => broker.refused('login-busy') >= 4, 30_000);
  const codes = clients
    .flatMap(({ received }) => received)
    .map((packet) => (packet as { returnCode?: number }).returnCode);
  expect(codes).toContain(3);
});
