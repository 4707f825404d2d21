/** The examples do what they say. */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { freePort, startChild } from '../helpers/child.ts';
import { temporaryDirectory } from '../helpers/temporary-directory.ts';
import { getJson, ROOT, runVigia, serve } from '../helpers/vigia.ts';
import { waitFor } from '../helpers/wait-for.ts';

const example = (name: string) => join(ROOT, 'examples', name);
const text = (name: string) => readFileSync(example(name), 'utf8');

it('publish readings, and receive the alert that one of them raises', async () => {
  const port = await freePort();
  const receiver = startChild(process.execPath, [example('receive-alerts.mjs'), String(port), 'a secret']);
  await waitFor('the receiver', () => receiver.output().includes('listening'));
  const server = await serve(['--no-devices', '--data', temporaryDirectory()], {
    env: {
      ALERT_WEBHOOK_URL: `http://127.0.0.1:${port}/`,
      ALERT_WEBHOOK_SECRET: 'a secret',
      ALERT_RULES: '[{metric: temperature, max: 0}]',
      ALERT_SETTLE: '0',
    },
  });
  const { hostname, port: mqttPort } = new URL(server.mqttUrl);
  execFileSync('sh', [example('publish.sh'), hostname, mqttPort, 'shell']);
  const publisher = startChild(process.execPath, [example('publish.mjs'), server.mqttUrl, 'node', '1']);
  expect(await publisher.exited).toBe(0);
  const series = await getJson<{ sensor: string; metric: string }[]>(`${server.url}/api/series`);
  expect(series.map(({ sensor, metric }) => `${sensor}/${metric}`).sort()).toEqual([
    'node/temperature',
    'shell/load',
  ]);
  await waitFor('the alert', () =>
    /open warning node temperature \(max\): 21 °C is above the limit of 0 °C/.test(receiver.output()),
  );
}, 60_000);

it('are read by the programs that they are for', async () => {
  const { services } = parse(text('compose.yml')) as { services: { vigia: { command: string[] } } };
  expect(services.vigia.command).toEqual(['bridge']);
  const { mqtt } = parse(text('home-assistant.yaml')) as {
    mqtt: { binary_sensor: { state_topic: string }[] };
  };
  expect(mqtt.binary_sensor[0]!.state_topic).toBe('alerts/freezer/temperature');
  const [, settings] = /^# +(MQTT_PRESETS=\S+) /m.exec(text('telegraf.conf'))!;
  expect(text('telegraf.conf')).toContain('topic = "telegraf/');
  const { output } = await runVigia(
    ['decode', '--topic', 'telegraf/web', '--payload', 'mem,host=web used_percent=41.5', '--json'],
    { env: { MQTT_PRESETS: settings!.split('=')[1]! } },
  );
  expect(output).toMatch(/"value": 41\.5/);
});

it('are all in the list', () => {
  const listed = Array.from(text('README.md').matchAll(/^\| \[([^\]]+)\]/gm), ([, name]) => name);
  expect([...listed, 'README.md'].sort()).toEqual(readdirSync(join(ROOT, 'examples')).sort());
});
