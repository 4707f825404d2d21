/** What is open to the network is said and refused. */
import { mkdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { waitForOutput } from '../helpers/child.ts';
import { mqttClient } from '../helpers/mqtt-peers.ts';
import { temporaryDirectory } from '../helpers/temporary-directory.ts';
import { runVigia, serve, vigia } from '../helpers/vigia.ts';

const OPEN = { HOST: '0.0.0.0' };
const local = (url: string) => new URL(`//127.0.0.1:${new URL(url).port}`, url).href.replace(/\/$/, '');

it('a start that anybody on the network could use ends with one sentence that names the settings', async () => {
  const data = temporaryDirectory();
  const run = (args: string[], env: Record<string, string>) =>
    runVigia(args, { env: { ...OPEN, DATA_DIR: data, PORT: '0', MQTT_PORT: '0', ...env } });
  const both = await run(['serve', '--no-devices'], {});
  expect(both.code).toBe(1);
  expect(both.output).toMatch(/^vigia: HOST: .*HTTP_TOKEN.*MQTT_USERNAME.*ALLOW_ANONYMOUS=yes.*\n$/);
  const http = await run(['serve', '--no-devices'], { MQTT_USERNAME: 'a', MQTT_PASSWORD: 'b' });
  expect([http.code, http.output.includes('HTTP_TOKEN'), http.output.includes('MQTT_USERNAME')]).toEqual([
    1,
    true,
    false,
  ]);
  const mqtt = await run(['serve', '--no-devices'], { HTTP_TOKEN: 'secret' });
  expect([mqtt.code, mqtt.output.includes('MQTT_USERNAME')]).toEqual([1, true]);
  expect((await run(['broker'], {})).code).toBe(1);
  expect((await run(['bridge'], { MQTT_URL: 'mqtt://127.0.0.1:1' })).code).toBe(1);
  const passwordless = await run(['broker'], { HOST: '127.0.0.1', MQTT_USERNAME: 'a' });
  expect(passwordless.output).toMatch(/^vigia: MQTT_PASSWORD: is needed/);
});

it('ALLOW_ANONYMOUS=yes says that it is meant; the address that is printed is one that others can open', async () => {
  const env = { ...OPEN, ALLOW_ANONYMOUS: 'yes' };
  const child = await serve(['--no-devices', '--data', temporaryDirectory()], { env });
  expect((await fetch(`${local(child.url)}/api/series`)).status).toBe(200);
  expect(child.url).not.toContain('0.0.0.0');
});

it('the image makes its own secrets, prints them, and has the same ones after a restart', async () => {
  const data = temporaryDirectory();
  const env = { ...OPEN, GENERATE_SECRETS: 'yes' };
  const first = await serve(['--no-devices', '--data', data], { env });
  const [, token] = await waitForOutput(first, /token\s+(\S{32}) /);
  const [, username, password] = await waitForOutput(first, /user\s+(\S+), password (\S{32}) /);
  expect(statSync(join(data, 'secrets.json')).mode & 0o777).toBe(0o600);
  const url = local(first.url);
  expect((await fetch(`${url}/api/series`)).status).toBe(401);
  expect((await fetch(`${url}/api/series`, { headers: { authorization: `Bearer ${token}` } })).status).toBe(
    200,
  );
  await expect(mqttClient(local(first.mqttUrl))).rejects.toThrow();
  await (await mqttClient(local(first.mqttUrl), { username: username!, password: password! })).endAsync();
  await first.kill('SIGTERM');
  const second = await serve(['--no-devices', '--data', data], { env });
  expect(second.output()).toContain(token);
  expect(second.output()).toContain(password);
});

it('vigia secrets makes what a start needs, once', async () => {
  const directory = temporaryDirectory();
  mkdirSync(join(directory, 'data'));
  const made = await runVigia(['secrets', '--dir', 'secrets'], { cwd: directory });
  expect(made.code).toBe(0);
  const [, password] = /sensors, password (\S+)/.exec(made.output)!;
  const at = (name: string) => join(directory, 'secrets', name);
  expect(readFileSync(at('mqtt_users'), 'utf8')).not.toContain(password);
  expect(statSync(at('http_token')).mode & 0o777).toBe(0o600);
  const env = {
    ...OPEN,
    HTTP_TOKEN_FILE: at('http_token'),
    MQTT_USERS_FILE: at('mqtt_users'),
    MQTT_ACL_FILE: at('mqtt_acl'),
  };
  const child = await serve(['--no-devices', '--data', join(directory, 'data')], { env });
  const device = await mqttClient(local(child.mqttUrl), { username: 'sensors', password: password! });
  await device.publishAsync('sensors/boiler/temperature', '21.5', { qos: 1 });
  await device.endAsync();
  const again = vigia(['secrets', '--dir', 'secrets'], { cwd: directory });
  expect(await again.exited).toBe(1);
  expect(again.output()).toMatch(/exists already/);
});
