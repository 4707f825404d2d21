/** Whatever comes in: a clear answer, nothing lost, no crash. */
import mqtt from 'mqtt';
import { expect, it, onTestFinished } from 'vitest';
import { temporaryDirectory } from '../helpers/temporary-directory.ts';
import { getJson, metric, type Served, serve } from '../helpers/vigia.ts';
import { waitFor } from '../helpers/wait-for.ts';

const result = (server: Served, name: string) =>
  metric(server.url, 'vigia_readings_total', `result="${name}"`);

async function client(url: string) {
  const connected = await mqtt.connectAsync(url, { reconnectPeriod: 50 });
  connected.on('error', () => {});
  onTestFinished(() => connected.endAsync(true));
  return connected;
}

it('bad messages become dead letters, good ones around them are stored', async () => {
  const server = await serve(['--no-devices', '--data', temporaryDirectory()]);
  const publisher = await client(server.mqttUrl);
  const now = Date.now();
  const bad: (string | Buffer)[] = [
    'abc',
    'Infinity',
    '1e400',
    '0x10',
    '1,5',
    '"warm"',
    '{}',
    '[]',
    '{"value":"21x"}',
    '{"value":true}',
    '{"value":1e400}',
    '{"value":[1]}',
    '{"value":1,"ts":"yesterday"}',
    '{"value":1,"ts":32503680000000}',
    '{"value":1,"ts":-5}',
    '{"value":1,"ts":1700000000}',
    '{"value":1,"ts":"2026-02-30T00:00:00Z"}',
    '{"value":1,',
    '['.repeat(50_000),
    `{"a":${'{"a":'.repeat(20_000)}1${'}'.repeat(20_001)}`,
    Buffer.from([0xff, 0xfe, 0x31]),
    Buffer.from([0xc3, 0x28]),
    `[${'1,'.repeat(10_000)}1]`,
  ];
  for (const [i, payload] of bad.entries()) {
    await publisher.publishAsync('sensors/bad/temperature', payload, { qos: 1 });
    await publisher.publishAsync('sensors/good/temperature', `{"value":${i},"ts":${now - 100_000 + i}}`, {
      qos: 1,
    });
  }
  expect(await result(server, 'dead_lettered')).toBe(bad.length);
  expect(await result(server, 'committed')).toBe(bad.length);
  const good = await getJson<{ v: number }[]>(
    `${server.url}/api/series/good/temperature?from=${now - 100_000}&to=${now}`,
  );
  expect(good.map(({ v }) => v)).toEqual(bad.map((_, i) => i));
});

it('what says nothing is no dead letter, and what says a value in another way is stored', async () => {
  const server = await serve(['--no-devices', '--data', temporaryDirectory()]);
  const publisher = await client(server.mqttUrl);
  for (const payload of ['', '   ', 'NaN', 'null', '{"value":null}', 'unavailable'])
    await publisher.publishAsync('sensors/quiet/temperature', payload, { qos: 1 });
  for (const payload of ['"21.5"', 'true', '{"value":"21"}', '21.5 °C', '21.5\0', '\uFEFF21.5'])
    await publisher.publishAsync('sensors/said/temperature', payload, { qos: 1 });
  expect(await result(server, 'dead_lettered')).toBe(0);
  expect(await result(server, 'committed')).toBe(6);
  const source = 'source="sensors/{sensor}/{metric}"';
  expect(await metric(server.url, 'vigia_null_values_total', source)).toBe(6);
  expect(await metric(server.url, 'vigia_source_readings_total', source)).toBe(6);
});

it('of an array with one bad element only that one becomes a dead letter', async () => {
  const server = await serve(['--no-devices', '--data', temporaryDirectory()]);
  const publisher = await client(server.mqttUrl);
  const now = Date.now();
  const payload = JSON.stringify([
    { value: 1, ts: now - 2 },
    { value: 'x' },
    { value: 2, ts: now - 1 },
    { value: 3, ts: 4e12 },
  ]);
  await publisher.publishAsync('sensors/a/temperature', payload, { qos: 1 });
  expect(await result(server, 'committed')).toBe(2);
  expect(await result(server, 'dead_lettered')).toBe(2);
});

it('sensor names with braces, emoji and anything else that a topic level may hold are told apart', async () => {
  const server = await serve(['--no-devices', '--data', temporaryDirectory()]);
  const publisher = await client(server.mqttUrl);
  const names = [
    'a}b',
    '{a}',
    '🌡️ sala',
    '%2F',
    "'; drop table series; --",
    'ñandú',
    'x'.repeat(200),
    '...',
    '__proto__',
  ];
  for (const [i, name] of names.entries()) {
    await publisher.publishAsync(`sensors/${name}/temperature`, String(i), { qos: 1 });
  }
  for (const [i, name] of names.entries()) {
    const url = `${server.url}/listar?format=json&sensor=${encodeURIComponent(name)}`;
    expect((await getJson<{ readings: { value: number }[] }>(url)).readings).toMatchObject([{ value: i }]);
  }
  await publisher.publishAsync(`sensors/${'x'.repeat(201)}/temperature`, '1', { qos: 1 });
  const unusable = [
    'sensors//temperature',
    'sensors/../temperature',
    'sensors/a/.',
    'sensors/ \u00a0/temperature',
  ];
  for (const topic of unusable) await publisher.publishAsync(topic, '1', { qos: 1 });
  expect(await result(server, 'dead_lettered')).toBe(1 + unusable.length);
  const letters = await getJson<{ reason: string; detail: string }[]>(`${server.url}/api/dead-letters`);
  expect(new Set(letters.map(({ reason }) => reason))).toEqual(new Set(['bad-topic']));
  expect(letters.map(({ detail }) => detail)).toEqual(
    expect.arrayContaining([
      "the sensor name in the topic must not be '.' or '..'",
      "the metric name in the topic must not be '.' or '..'",
      'the sensor name in the topic is blank',
    ]),
  );
});

it('a packet of 10 MB and a topic of 300 levels cost their sender the connection, nobody else', async () => {
  const server = await serve(['--no-devices', '--data', temporaryDirectory()]);
  for (const [topic, payload] of [
    ['sensors/big/temperature', 'x'.repeat(10_000_000)],
    [`sensors/${'a/'.repeat(298)}b`, '1'],
  ] as const) {
    const sender = await client(server.mqttUrl);
    const closed = new Promise<void>((resolve) => sender.once('close', () => resolve()));
    sender.publish(topic, payload, { qos: 1 });
    await closed;
    await sender.endAsync(true);
    const other = await client(server.mqttUrl);
    await other.publishAsync('sensors/other/temperature', '1', { qos: 1 });
  }
  expect(await result(server, 'committed')).toBe(2);
  expect((await fetch(`${server.url}/healthz`)).status).toBe(200);
});

it('topics that are no readings pass through the broker untouched', async () => {
  const server = await serve(['--no-devices', '--data', temporaryDirectory()]);
  const [publisher, subscriber] = [await client(server.mqttUrl), await client(server.mqttUrl)];
  const seen: string[] = [];
  subscriber.on('message', (topic, payload) => seen.push(`${topic} ${payload}`));
  await subscriber.subscribeAsync('#', { qos: 1 });
  await publisher.publishAsync('house/lamp/set', 'on', { qos: 1 });
  await publisher.publishAsync('sensors/a/temperature', 'not a number', { qos: 1 });
  await publisher.publishAsync('sensors/a/temperature', '21', { qos: 1 });
  await waitFor('three messages', () => seen.length === 3);
  expect(seen).toEqual([
    'house/lamp/set on',
    'sensors/a/temperature not a number',
    'sensors/a/temperature 21',
  ]);
  expect(await metric(server.url, 'vigia_readings_received_total')).toBe(2);
});
