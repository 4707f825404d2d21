/** What /metrics tells and what the log says beside it; and docs/operations.md tells all of it and nothing else. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { waitForOutput } from '../helpers/child.ts';
import { MOSQUITTO, startMosquitto } from '../helpers/mosquitto.ts';
import { mqttClient } from '../helpers/mqtt-peers.ts';
import { findProgram } from '../helpers/program.ts';
import { publishReadings } from '../helpers/publisher.ts';
import { REDIS, startRedis } from '../helpers/running-redis.ts';
import { temporaryDirectory } from '../helpers/temporary-directory.ts';
import { metric, ROOT, serve, vigia } from '../helpers/vigia.ts';
import { waitFor } from '../helpers/wait-for.ts';

const PROMTOOL = findProgram('promtool');

const scrape = async (url: string) => (await fetch(`${url}/metrics`)).text();

function ownNames(metrics: string): string[] {
  return [...metrics.matchAll(/^# TYPE (\S+) /gm)]
    .map(([, name]) => name!)
    .filter((name) => !/^(process|nodejs)_/.test(name));
}

/** Not of the single server that this test starts. */
const OF_A_CLUSTER = 'vigia_store_parts_away';

/** Name and type by the first two columns of the table. */
function documented(): Map<string, string> {
  const page = readFileSync(join(ROOT, 'docs/operations.md'), 'utf8');
  const section = /^## Metrics\n(.*?)^## /ms.exec(page)![1]!;
  const rows = section.matchAll(/^\| (`vigia_.*?) \*? ?\| (\w+) \|/gm);
  return new Map(
    [...rows].flatMap(([, names, type]) =>
      [...names!.matchAll(/`(vigia_\w+)/g)]
        .map(([, name]) => [name!, type!] as const)
        .filter(([name]) => name !== OF_A_CLUSTER),
    ),
  );
}

describe.skipIf(!MOSQUITTO || !REDIS || !PROMTOOL)('metrics (Mosquitto, Redis, promtool)', () => {
  it('are those in the table of docs/operations.md, named by Prometheus’ rules, and true', async () => {
    const [broker, redis] = await Promise.all([startMosquitto(), startRedis()]);
    const served = await serve(['--no-devices', '--data', temporaryDirectory()]);
    const child = vigia(['bridge', '--port', '0'], {
      env: { MQTT_URL: broker.url, REDIS_URL: redis.url, LOG_LEVEL: 'warn' },
    });
    const [, url] = (await waitForOutput(child, /open\s+(http:\/\/\S+?)\/\n/)) as unknown as [string, string];
    await redis.command('CONFIG', 'SET', 'maxmemory', '123mb');
    await waitFor('readiness', async () => (await fetch(`${url}/readyz`)).ok);

    const start = Date.now() - 60_000;
    const client = await mqttClient(broker.url);
    await client.publishAsync('sensors/s/temperature', 'no number', { qos: 1 });
    const readings = Array.from({ length: 50 }, (_, i) => ({
      sensor: `s${i % 5}`,
      ts: start + i * 1000,
      value: 20,
    }));
    await publishReadings(broker.url, readings).done;
    const committed = () => metric(url, 'vigia_readings_total', 'result="committed"');
    await waitFor('the readings', async () => (await committed()) === 50);

    const text = await scrape(url);
    expect(text).toContain('vigia_dead_lettered_total{reason="not-json"} 1');
    for (const [name, value] of Object.entries({
      vigia_broker_connected: 1,
      vigia_store_up: 1,
      vigia_series: 5,
      vigia_store_memory_max_bytes: 123 * 2 ** 20,
      vigia_dead_letters: 1,
      vigia_message_duration_seconds_count: 51,
      vigia_in_flight_messages: 0,
      vigia_in_flight_bytes: 0,
      vigia_in_flight_oldest_seconds: 0,
      vigia_newest_reading_timestamp_seconds: (start + 49_000) / 1000,
    })) {
      expect(await metric(url, name), name).toBe(value);
    }
    const batches = await metric(url, 'vigia_batch_readings_count');
    for (const stage of ['decode', 'queue']) {
      expect(await metric(url, 'vigia_stage_duration_seconds_count', `stage="${stage}"`)).toBe(batches);
    }
    expect(await metric(url, 'vigia_store_memory_used_bytes')).toBeGreaterThan(500_000);
    const age = Date.now() / 1000 - (await metric(url, 'vigia_last_commit_timestamp_seconds'));
    expect(age).toBeGreaterThanOrEqual(0);
    expect(age).toBeLessThan(30);
    expect(text).toMatch(
      /vigia_build_info\{replica="vigia-[^"]+",version="[\d.]+",node="v\d+[^"]*",role="bridge",store="redis"\} 1/,
    );

    const both = `${text}\n${await scrape(served.url)}`;
    const types = new Map([...both.matchAll(/^# TYPE (\S+) (\w+)/gm)].map(([, name, type]) => [name, type]));
    const own = [...new Set(ownNames(both))].sort();
    expect([...documented().keys()].sort()).toEqual(own);
    for (const [name, type] of documented()) expect(types.get(name), name).toBe(type);

    const lint = spawnSync(PROMTOOL!, ['check', 'metrics'], { input: text, encoding: 'utf8' });
    expect(lint.stderr.split('\n').filter((line) => line.includes('vigia_'))).toEqual([]);
    expect(ownNames(text).length).toBeGreaterThan(15);

    // The bad message is one warning that leads to the letter.
    const warning = await waitFor('the warning', () =>
      child
        .output()
        .split('\n')
        .find((line) => line.includes('dead letters')),
    );
    const { topic, id, packetId, count } = JSON.parse(warning);
    expect({ topic, count, packet: typeof packetId }).toEqual({
      topic: 'sensors/s/temperature',
      count: 1,
      packet: 'number',
    });
    expect((await fetch(`${url}/api/dead-letters/${id}`)).status).toBe(200);

    // With the store gone, messages pile up and its numbers are left out instead of being stale.
    await redis.kill();
    publishReadings(broker.url, [{ sensor: 's1', ts: start + 55_000, value: 20 }]);
    await waitFor('the store to be seen away', async () => (await metric(url, 'vigia_store_up')) === 0);
    await waitFor('the message', async () => (await metric(url, 'vigia_in_flight_messages')) === 1);
    expect(await metric(url, 'vigia_in_flight_bytes')).toBeGreaterThan(20);
    await waitFor('its age', async () => (await metric(url, 'vigia_in_flight_oldest_seconds')) > 0.2);
    expect(await metric(url, 'vigia_series')).toBeNaN();
    expect(await metric(url, 'vigia_store_memory_used_bytes')).toBeNaN();
    expect(await metric(url, 'vigia_dead_letters')).toBeNaN();
    await broker.stop();
    await waitFor('the broker to be missed', async () => (await metric(url, 'vigia_broker_connected')) === 0);
    await redis.start();
    await waitFor('the message to be stored', async () => (await committed()) === 51);
    expect(await metric(url, 'vigia_in_flight_messages')).toBe(0);
    expect(await metric(url, 'vigia_store_up')).toBe(1);
  });
});

it('changes the log level while it runs, and logs requests under their ids', async () => {
  const served = await serve(['--no-devices', '--data', temporaryDirectory()]);
  const level = async (init?: RequestInit) => {
    const response = await fetch(`${served.url}/api/log-level`, init);
    return { status: response.status, ...((await response.json()) as object) };
  };
  const put = (body: unknown) => level({ method: 'PUT', body: JSON.stringify(body) });
  const hidden = { 'X-Request-Id': 'before-debug' };
  await fetch(`${served.url}/api/series`, { headers: hidden });
  expect(await level()).toMatchObject({ status: 200, level: 'warn' });
  expect(await put({ level: 'debug' })).toMatchObject({ status: 200, level: 'debug' });
  await fetch(`${served.url}/api/series`, { headers: { 'X-Request-Id': 'my-own-id' } });
  const [line] = await waitForOutput(served, /^.*"requestId":"my-own-id".*$/m);
  expect(JSON.parse(line)).toMatchObject({ method: 'GET', path: '/api/series', status: 200 });
  expect(served.output()).not.toContain('before-debug');

  expect(await put({ level: 'loud' })).toMatchObject({
    status: 400,
    error: { field: 'level', message: expect.stringContaining('trace, debug') },
  });
  expect(await put('debug')).toMatchObject({ status: 400, error: { field: 'body' } });
  expect(await level()).toMatchObject({ level: 'debug' });
});
