import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { type ReplayOptions, replay } from '../../devices/replay.ts';
import { InvalidInput } from '../../src/errors.ts';
import { messageRecorder } from '../helpers/message-recorder.ts';
import { silent, testBroker } from '../helpers/test-broker.ts';
import { waitFor } from '../helpers/wait-for.ts';

async function csv(...rows: string[]): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'vigia-replay-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const file = join(folder, 'data.csv');
  await writeFile(file, `timestamp,value\n${rows.join('\n')}\n`);
  return file;
}

test('publishes every row as it is, in file order, and resolves when all are acknowledged', async () => {
  const recorder = messageRecorder();
  const broker = await testBroker({ onPublish: recorder.onPublish });
  const base = Date.UTC(2013, 6, 4);
  const rows = Array.from(
    { length: 5000 },
    (_, i) => `${new Date(base + i * 3_600_000).toISOString()},${i / 8}`,
  );
  const file = await csv(
    ...rows,
    '2013-07-04 00:00:00,1',
    '2013-07-04 00:00:00,1',
    '2013-07-03 00:00:00,69.88083514',
  );
  const counts = await replay({ url: broker.url, file, sensor: 'ambient 温度', speed: 0, logger: silent });
  expect(counts).toEqual({ published: 5003, acknowledged: 5003 });
  const payloads = recorder.byTopic.get('sensors/ambient 温度/temperature')!;
  expect(payloads.slice(0, 2)).toEqual([
    `{"value":0,"ts":${base}}`,
    `{"value":0.125,"ts":${base + 3_600_000}}`,
  ]);
  expect(payloads.slice(-3)).toEqual([
    `{"value":1,"ts":${base}}`,
    `{"value":1,"ts":${base}}`,
    `{"value":69.88083514,"ts":${base - 86_400_000}}`,
  ]);
  expect(recorder.count()).toBe(5003);
  await waitFor('the disconnect', () => broker.connections() === 0);
});

test('keeps to the speed; rows whose time has passed go out at once', async () => {
  const at: number[] = [];
  const broker = await testBroker({ onPublish: async () => void at.push(performance.now()) });
  const file = await csv('0,1', '60000,2', '30000,3', '120000,4');
  const begin = performance.now();
  await replay({ url: broker.url, file, sensor: 'a', metric: 'm', speed: 200, logger: silent });
  expect(performance.now() - begin).toBeGreaterThanOrEqual(590);
  const gap = (i: number): number => at[i]! - at[i - 1]!;
  expect(gap(1)).toBeGreaterThan(200);
  expect(gap(2)).toBeLessThan(100);
  expect(gap(3)).toBeGreaterThan(200);
});

test('a bad row is an error that names file, line and field, and nothing is published', async () => {
  const recorder = messageRecorder();
  const broker = await testBroker({ onPublish: recorder.onPublish });
  const file = await csv('1000,1', '2000,2', '3000,hot', '4000,4');
  const error = await replay({ url: broker.url, file, sensor: 'a', speed: 0, logger: silent }).catch(
    (e) => e,
  );
  expect(error).toBeInstanceOf(InvalidInput);
  expect(error).toMatchObject({ field: 'value' });
  expect(error.message).toContain(`${file}, line 4`);
  expect(recorder.count()).toBe(0);
  expect(broker.connections()).toBe(0);
});

test.each<[string, Partial<ReplayOptions>]>([
  ['sensor', { sensor: 'a/b' }],
  ['sensor', { sensor: 'a+' }],
  ['sensor', { sensor: '#' }],
  ['sensor', { sensor: '' }],
  ['sensor', { sensor: 'x'.repeat(2000) }],
  ['metric', { metric: 'a/b' }],
  ['speed', { speed: -1 }],
  ['speed', { speed: Number.NaN }],
  ['file', { file: '/nowhere.csv' }],
  ['url', { url: 'nonsense' }],
])('a bad %s is an error that names it', async (field, bad) => {
  const broker = await testBroker();
  const good = { url: broker.url, file: await csv('1,1'), sensor: 'a', speed: 0, logger: silent };
  await expect(replay({ ...good, ...bad })).rejects.toMatchObject({ field });
});

test('stops when its signal is aborted, also while the broker is away', async () => {
  const recorder = messageRecorder();
  const broker = await testBroker({ onPublish: recorder.onPublish });
  const file = await csv('0,1', '1000000000,2');
  const stop = new AbortController();
  const live = replay({ url: broker.url, file, sensor: 'a', speed: 1, signal: stop.signal, logger: silent });
  await waitFor('the first reading', () => recorder.count() === 1);
  const away = replay({
    url: 'mqtt://127.0.0.1:1',
    file,
    sensor: 'a',
    speed: 0,
    signal: stop.signal,
    logger: silent,
  });
  stop.abort();
  expect((await live).published).toBe(1);
  expect((await away).acknowledged).toBe(0);
});
