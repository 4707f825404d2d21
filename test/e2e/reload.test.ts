import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { passwordLine } from '../../broker/password-file.ts';
import { waitForOutput } from '../helpers/child.ts';
import { eventStream } from '../helpers/event-stream.ts';
import { mqttClient } from '../helpers/mqtt-peers.ts';
import { temporaryDirectory } from '../helpers/temporary-directory.ts';
import { serve, vigia } from '../helpers/vigia.ts';
import { waitFor } from '../helpers/wait-for.ts';
import { webhookReceiver } from '../helpers/webhook-receiver.ts';

it('SIGHUP takes over what may change, names what needs a restart, and ignores a bad file', async () => {
  const directory = temporaryDirectory();
  const path = join(directory, 'vigia.yaml');
  const receiver = await webhookReceiver();
  writeFileSync(path, 'http_token: first\n');
  const server = await serve(['--no-devices', '--data', join(directory, 'data'), '--config', path], {
    env: {
      LOG_LEVEL: 'info',
      ALERT_WEBHOOK_URL: receiver.url,
      ALERT_RULES: '[{"max": 30, "anomaly": "off"}]',
    },
  });
  /** The unit that the receiver hears of an alert of this sensor. */
  const unitTold = async (token: string, sensor: string) => {
    const body = JSON.stringify([{ sensor, metric: 'temperature', value: 31 }]);
    const headers = { authorization: `Bearer ${token}` };
    await fetch(`${server.url}/api/readings`, { method: 'POST', headers, body });
    const told = () => receiver.posts.find(({ json }) => json.sensor === sensor);
    await waitFor('the alert', () => told() !== undefined);
    return told()!.json.unit;
  };
  const status = async (token: string) =>
    (await fetch(`${server.url}/api/series`, { headers: { authorization: `Bearer ${token}` } })).status;
  expect(await status('first')).toBe(200);
  expect(await unitTold('first', 'before')).toBe('°C');
  const stream = await eventStream(`${server.url}/api/stream`, {
    headers: { authorization: 'Bearer first' },
  });
  writeFileSync(path, 'http_token: second\nbatch_max: 10\nunits: {temperature: K}\n');
  server.process.kill('SIGHUP');
  await waitForOutput(server, /"settings":\["BATCH_MAX"\].*need a restart/);
  expect([await status('first'), await status('second')]).toEqual([401, 200]);
  await stream.ended;
  expect(await unitTold('second', 'after')).toBe('K');
  writeFileSync(path, 'http_token: third\nprot: 1\n');
  server.process.kill('SIGHUP');
  await waitForOutput(server, /cannot be read again; nothing has changed/);
  expect(await status('second')).toBe(200);
  expect(server.output()).not.toMatch(/third|second/);
});

it('a broker on its own takes over users on SIGHUP, and keeps the old ones where the file is wrong', async () => {
  const directory = temporaryDirectory();
  const users = join(directory, 'users');
  const path = join(directory, 'vigia.yaml');
  writeFileSync(path, `mqtt_users_file: ${users}\n`);
  writeFileSync(users, await passwordLine('old', 'old-pw'));
  const broker = vigia(['broker', '--mqtt-port', '0', '--config', path], { env: { LOG_LEVEL: 'info' } });
  const [, url] = await waitForOutput(broker, /MQTT\s+(mqtt:\/\/\S+)/);
  const as = (username: string) => mqttClient(url!, { username, password: `${username}-pw` });
  await as('old');
  writeFileSync(users, await passwordLine('new', 'new-pw'));
  broker.process.kill('SIGHUP');
  await waitForOutput(broker, /"settings":\["MQTT_USERS"\].*settings read again/);
  await as('new');
  await expect(as('old')).rejects.toThrow();
  writeFileSync(users, 'third:no-hash');
  broker.process.kill('SIGHUP');
  await waitForOutput(broker, /MQTT_USERS.*cannot be read again; nothing has changed/);
  await as('new');
  expect(broker.output()).not.toMatch(/-pw|no-hash/);
});
