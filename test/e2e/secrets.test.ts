/** No secret ever stands in the log or on a terminal, at the lowest level and whatever goes wrong. */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { passwordLine } from '../../broker/password-file.ts';
import { freePort, waitForOutput } from '../helpers/child.ts';
import { startMosquitto } from '../helpers/mosquitto.ts';
import { mqttClient } from '../helpers/mqtt-peers.ts';
import { findProgram } from '../helpers/program.ts';
import { RedisServer } from '../helpers/redis-server.ts';
import { temporaryDirectory } from '../helpers/temporary-directory.ts';
import { runVigia, serve, vigia } from '../helpers/vigia.ts';
import { waitFor } from '../helpers/wait-for.ts';

/** Stands in every secret, right or wrong. */
const MARKER = 'gEhEiMnIs';
const secret = (which: string) => `${MARKER}-${which}`;

it('serve: tokens, passwords and what clients send as such', async () => {
  const directory = temporaryDirectory();
  const users = join(directory, 'users');
  const line = await passwordLine('boiler', secret('boiler'));
  writeFileSync(users, line);
  const server = await serve(['--devices', '1', '--data', join(directory, 'data')], {
    env: {
      LOG_LEVEL: 'trace',
      HTTP_TOKEN: secret('token'),
      HTTP_LEGACY_ACCESS: 'token',
      HTTP_RATE_LIMIT: '20',
      MQTT_USERNAME: 'own',
      MQTT_PASSWORD: secret('own'),
      MQTT_USERS_FILE: users,
      ALERT_RULES: '[{"metric": "temperature", "max": 30}]',
      ALERT_WEBHOOK_SECRET: secret('key'),
      ALERT_WEBHOOK_URL: `http://user:${secret('hook')}@127.0.0.1:${await freePort()}/${secret('path')}`,
    },
  });
  for (const token of [secret('token'), secret('wrong')]) {
    const headers = { authorization: `Bearer ${token}` };
    await fetch(`${server.url}/api/series`, { headers });
    await fetch(`${server.url}/api/readings`, { method: 'POST', headers, body: '[' });
    await fetch(`${server.url}/nuevo?dato=x&token=${token}`);
    await fetch(`${server.url}/api/nothing?token=${token}`, { headers: { cookie: token } });
  }
  for (let i = 0; i < 20; i++) await fetch(`${server.url}/listar?token=${secret('wrong')}`);
  const boiler = await mqttClient(server.mqttUrl, { username: 'boiler', password: secret('boiler') });
  await boiler.publishAsync('sensors/boiler/temperature', '31', { qos: 1 });
  for (const username of ['boiler', 'own', 'nobody']) {
    const refused = mqttClient(server.mqttUrl, { username, password: secret('wrong') });
    await expect(refused).rejects.toThrow();
  }
  await waitForOutput(server, /denied/);
  await waitForOutput(
    server,
    /"target":"webhook".*"reason":"connect ECONNREFUSED.*alert change not delivered/,
  );
  await server.kill('SIGTERM');
  expect(server.output()).toMatch(/"level":20|"level":10/);
  expect(server.output()).not.toContain(MARKER);
  expect(server.output()).not.toContain(line.split('$').at(-1));
});

it.skipIf(!findProgram('redis-server') || !findProgram('mosquitto'))(
  'bridge: credentials in URLs, at a broker and a Redis that refuse them (needs redis-server, mosquitto)',
  async () => {
    const redis = await RedisServer.start();
    const broker = await startMosquitto();
    const mqttUrl = broker.url.replace('://', `://user:${secret('mqtt')}@`);
    const redisUrl = redis.url.replace('://', `://user:${secret('redis')}@`);
    const env = { LOG_LEVEL: 'trace', HTTP_TOKEN: secret('token'), MQTT_URL: mqttUrl };
    const refused = await runVigia(['bridge', '--port', '0'], { env: { ...env, REDIS_URL: redisUrl } });
    expect(refused.code).toBe(1);
    expect(refused.output).toMatch(/REDIS_URL|WRONGPASS/);
    expect(refused.output).not.toContain(MARKER);

    const bridge = vigia(['bridge', '--port', '0'], { env: { ...env, REDIS_URL: redis.url } });
    const [, url] = await waitForOutput(bridge, /open\s+(http:\/\/\S+?)\/\n/);
    await waitFor('readiness', async () => (await fetch(`${url}/readyz`)).status === 200);
    await broker.stop();
    await redis.stop();
    await waitFor('the outage', async () => (await fetch(`${url}/readyz`)).status === 503);
    await fetch(`${url}/api/series`, { headers: { authorization: `Bearer ${secret('token')}` } });
    await bridge.kill('SIGTERM');
    expect(bridge.output()).not.toContain(MARKER);
  },
);

it('start-up: settings that cannot be used are named, their values not shown', async () => {
  const { code, output } = await runVigia(['serve'], {
    env: {
      LOG_LEVEL: 'trace',
      REDIS_URL: `http://${secret('redis')}`,
      MQTT_URL: `nonsense://user:${secret('mqtt')}@broker`,
      MQTT_USERS: `boiler:${secret('plain')}`,
      ALERT_WEBHOOK_URL: `ftp://user:${secret('hook')}@host/${secret('path')}`,
    },
  });
  expect(code).toBe(1);
  for (const name of ['REDIS_URL', 'MQTT_URL', 'ALERT_WEBHOOK_URL']) expect(output).toContain(name);
  expect(output).not.toContain(MARKER);
});
