/** What a user sees of alerts: MQTT, the webhook receiver of docs/alerts.md, an acknowledgement, a restart. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { freePort, startChild, waitForOutput } from '../helpers/child.ts';
import { mqttClient } from '../helpers/mqtt-peers.ts';
import { temporaryDirectory } from '../helpers/temporary-directory.ts';
import { getJson, metric, ROOT, runVigia, serve } from '../helpers/vigia.ts';
import { waitFor } from '../helpers/wait-for.ts';
import { webhookReceiver } from '../helpers/webhook-receiver.ts';

const SECRET = 'not-to-be-logged';

/** The program that stands in docs/alerts.md. */
async function receiverOfTheDocs() {
  const code = /```js\n(\/\/ receiver\.mjs\n[\s\S]*?)```/.exec(
    readFileSync(join(ROOT, 'docs/alerts.md'), 'utf8'),
  );
  const directory = temporaryDirectory();
  writeFileSync(join(directory, 'receiver.mjs'), code![1]!);
  const port = await freePort();
  const url = `http://127.0.0.1:${port}/`;
  const env = { SECRET, PORT: String(port) };
  const child = startChild(process.execPath, ['receiver.mjs'], { cwd: directory, env });
  await waitFor('the receiver', async () => (await fetch(url, { method: 'POST' })).status === 401);
  return { ...child, url };
}

it('vigia serve tells MQTT and the receiver of docs/alerts.md, also of an acknowledgement and after a restart', async () => {
  const receiver = await receiverOfTheDocs();
  const directory = temporaryDirectory();
  const secretFile = join(directory, 'secret');
  writeFileSync(secretFile, `${SECRET}\n`);
  const env = {
    ALERT_WEBHOOK_URL: receiver.url,
    ALERT_WEBHOOK_SECRET_FILE: secretFile,
    ALERT_RULES: '[{"metric": "temperature", "max": 30, "anomaly": "off"}]',
    LOG_LEVEL: 'debug',
    ALERT_SETTLE: '100ms',
  };
  const start = () => serve(['--no-devices', '--data', join(directory, 'data')], { env });
  let server = await start();
  const ts = Math.floor(Date.now() / 1000) * 1000 - 60_000;
  const messages: { topic: string; json: Record<string, unknown> }[] = [];
  const listen = async () => {
    const client = await mqttClient(server.mqttUrl);
    client.on('message', (topic, payload) => messages.push({ topic, json: JSON.parse(payload.toString()) }));
    await client.subscribeAsync('alerts/#', { qos: 1 });
    return client;
  };
  const publish = (at: number, value: number) =>
    client.publishAsync('sensors/boiler 1/temperature', JSON.stringify({ ts: at, value }), { qos: 1 });
  const told = (revision: number) => waitForOutput(receiver, new RegExp(`revision: ${revision},`));
  let client = await listen();

  await publish(ts, 20);
  await publish(ts + 1000, 35);
  await told(1);
  const id = `boiler%201/temperature/max/${ts + 1000}`;
  await fetch(`${server.url}/api/alerts/${encodeURIComponent(id)}/acknowledge`, { method: 'POST' });
  await told(2);
  await waitFor('both over MQTT', () => messages.length === 2);
  expect(messages[0]).toEqual({
    topic: 'alerts/boiler%201/temperature',
    json: expect.objectContaining({
      ...{ id, sensor: 'boiler 1', metric: 'temperature', rule: 'max', ts: ts + 1000, value: 35, limit: 30 },
      ...{ unit: '°C', time: new Date(ts + 1000).toISOString(), state: 'open', revision: 1 },
    }),
  });
  expect(messages[1]!.json).toMatchObject({ id, acknowledged: true, revision: 2 });
  // What the API shows is in what is sent.
  const [alert] = await getJson<{ model: unknown; muted: unknown }[]>(`${server.url}/api/alerts`);
  const { model: _model, muted: _muted, ...rest } = alert!;
  expect(messages[1]!.json).toMatchObject(rest);
  expect(receiver.output()).toContain(`id: '${id}'`);

  const forged = await fetch(receiver.url, {
    method: 'POST',
    headers: {
      'vigia-timestamp': String(Math.floor(Date.now() / 1000)),
      'vigia-signature': `sha256=${'0'.repeat(64)}`,
    },
    body: '{"revision": 99}',
  });
  expect(forged.status).toBe(401);

  await waitFor(
    'the place in the stream',
    async () => (await metric(server.url, 'vigia_alert_deliveries_pending', 'target="webhook"')) === 0,
  );
  await server.kill('SIGTERM');
  expect(server.output()).not.toContain(SECRET);
  server = await start();
  client = await listen();
  await publish(ts + 2000, 20);
  await told(3);
  await waitFor('it over MQTT', () => messages.length === 3);
  expect(messages[2]!.json).toMatchObject({ id, state: 'cleared', acknowledged: true, revision: 3 });
  expect(receiver.output().match(/revision: \d+/g)).toEqual(['revision: 1', 'revision: 2', 'revision: 3']);
  expect(
    await metric(server.url, 'vigia_alert_deliveries_total', 'target="webhook",result="delivered"'),
  ).toBe(1);
  expect(server.output()).not.toContain(SECRET);
});

it('settings that make no sense are refused by name, without their secrets', async () => {
  const wrong = await runVigia(['serve', '--data', temporaryDirectory()], {
    env: {
      ALERT_WEBHOOK_SECRET: SECRET,
      ALERT_MAX_AGE: 'long',
      MQTT_TOPICS: 'alerts/{sensor}/{metric},bridge/{sensor}',
    },
  });
  expect(wrong.code).toBe(1);
  expect(wrong.output).toContain('ALERT_WEBHOOK_SECRET: needs ALERT_WEBHOOK_URL');
  expect(wrong.output).toContain('ALERT_MAX_AGE: must be a duration');
  expect(wrong.output).toContain("MQTT_TOPICS: 'alerts/{sensor}/{metric}' is where Vigía itself publishes");
  expect(wrong.output).toContain("'bridge/{sensor}' is where");
  const url = await runVigia(['serve'], { env: { ALERT_WEBHOOK_URL: `ftp://${SECRET}/` } });
  expect(url.output).toContain('ALERT_WEBHOOK_URL: must be a URL that begins with http:// or https://');
  const stray = await runVigia(['serve'], {
    env: { ALERT_WEBHOOK_URL: `http://us%er:${SECRET}@127.0.0.1/` },
  });
  expect([stray.code, stray.output]).toEqual([
    1,
    expect.stringContaining('ALERT_WEBHOOK_URL: user name and password must be percent-encoded'),
  ]);
  expect(wrong.output + url.output + stray.output).not.toContain(SECRET);
});

it('vigia serve has several receivers of ALERT_RECEIVERS, each with its filter, and tests them by name', async () => {
  const [team, critical] = [await webhookReceiver(), await webhookReceiver()];
  const server = await serve(['--no-devices', '--data', temporaryDirectory()], {
    env: {
      ALERT_RECEIVERS: `[{name: team, type: slack, url: '${team.url}', sensor: 'boiler*'},
        {name: night, type: webhook, url: '${critical.url}', rule: min}]`,
      ALERT_RULES: '[{metric: temperature, max: 30, anomaly: off}]',
    },
  });
  const cli = (...args: string[]) => runVigia(['alert', ...args, '--url', server.url]);
  expect(await cli('test', 'team')).toMatchObject({ code: 0, output: expect.stringContaining('delivered') });
  expect(team.posts[0]!.json).toMatchObject({ text: 'Cleared: vigia-test test (test)' });
  team.answer = () => ({ status: 404 });
  expect(await cli('test', 'team')).toMatchObject({ code: 1, output: expect.stringContaining('HTTP 404') });
  expect(await cli('test', 'nobody')).toMatchObject({
    code: 1,
    output: expect.stringContaining('no receiver'),
  });
  team.answer = () => ({ status: 204 });
  const readings = ['boiler 1', 'oven'].map((sensor) => ({ sensor, metric: 'temperature', value: 40 }));
  await fetch(`${server.url}/api/readings`, { method: 'POST', body: JSON.stringify(readings) });
  await waitFor('the alert', () => team.posts.length === 3);
  expect(team.posts[2]!.body).toContain('boiler 1');
  const states = await getJson<{ name: string; pending: number }[]>(`${server.url}/api/alert-receivers`);
  expect(states.map(({ name }) => name)).toEqual(['mqtt', 'team', 'night']);
  await waitFor('none to wait', async () =>
    (await getJson<{ pending: number }[]>(`${server.url}/api/alert-receivers`)).every(
      ({ pending }) => pending === 0,
    ),
  );
  expect([team.posts.length, critical.posts.length]).toEqual([3, 0]);
  expect((await cli('receivers')).output).toMatch(/team +slack +0 +0/);
});
