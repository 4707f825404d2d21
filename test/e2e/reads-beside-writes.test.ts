/** Reads of the embedded store hold up nothing that comes in: they run in a thread of their own. */
import mqtt from 'mqtt';
import { expect, it, onTestFinished } from 'vitest';
import { temporaryDirectory } from '../helpers/temporary-directory.ts';
import { serve } from '../helpers/vigia.ts';
import { storeReadings } from '../helpers/year-of-readings.ts';

const COUNT = 300_000;
const last = Date.now() - 60_000;
const SPAN = `from=${last - COUNT * 100}&to=${last}`;

async function open(env: Record<string, string> = {}) {
  const directory = temporaryDirectory();
  await storeReadings(directory, 'many', { count: COUNT, last, every: 100 });
  const server = await serve(['--devices', '0'], { env: { DATA_DIR: directory, ...env } });
  onTestFinished(() => server.kill());
  return server;
}

it('commits while a read of 300,000 readings runs, and says that there are too many before it reads them', async () => {
  const { url, mqttUrl } = await open();
  const publisher = await mqtt.connectAsync(mqttUrl);
  onTestFinished(() => publisher.endAsync(true));
  await publisher.publishAsync('sensors/new/temperature', '20', { qos: 1 });

  let reading = true;
  const answer = fetch(`${url}/api/series/many/temperature?${SPAN}&bucket=1s`).finally(() => {
    reading = false;
  });
  // Each waits for its acknowledgement, which comes after the commit.
  let committed = 0;
  for (; reading; committed++) await publisher.publishAsync('sensors/new/temperature', '20', { qos: 1 });
  expect((await (await answer).json()) as unknown[]).toHaveLength(COUNT / 10 + 1);
  expect(committed).toBeGreaterThan(5);

  const refused = await fetch(`${url}/api/series/many/temperature?${SPAN}`);
  expect(refused.status).toBe(400);
  const exported = await fetch(`${url}/api/series/many/temperature/export?${SPAN}`);
  expect((await exported.text()).match(/\n/g)).toHaveLength(COUNT + 1);
});

it('lets one client read only so many times at once', async () => {
  const { url } = await open({ HTTP_CLIENT_READS: '2' });
  const bucket = `${url}/api/series/many/temperature?${SPAN}&bucket=1s`;
  const answers = await Promise.all(Array.from({ length: 5 }, () => fetch(bucket)));
  const statuses = answers.map(({ status }) => status).sort();
  await Promise.all(answers.map((answer) => answer.text()));
  expect(statuses.slice(-1)).toEqual([429]);
  expect(statuses.slice(0, 2)).toEqual([200, 200]);
  expect((await fetch(`${url}/api/series`)).status).toBe(200);
  expect(await (await fetch(`${url}/metrics`)).text()).toContain(
    'vigia_http_refused_total{reason="too_many_reads"}',
  );
});
