/** Dead letters at a running server: seen, shown with their bytes, and stored after the cause is mended. */
import mqtt from 'mqtt';
import { expect, it, onTestFinished } from 'vitest';
import { openEmbeddedStore } from '../../src/store/embedded-store.ts';
import { temporaryDirectory } from '../helpers/temporary-directory.ts';
import { getJson, metric, runVigia, serve } from '../helpers/vigia.ts';
import { NOW, testHttp } from '../unit/http-fixture.ts';

const OLD = Date.UTC(2020, 0, 1);

it('can be listed, shown and replayed once the cause is mended', async () => {
  const directory = temporaryDirectory();
  const first = await serve(['--no-devices', '--data', directory]);
  const publisher = await mqtt.connectAsync(first.mqttUrl);
  await publisher.publishAsync('sensors/a/temperature', 'ñ is no number', { qos: 1 });
  const both = `[{"value":1,"ts":${OLD}},{"value":true,"ts":${OLD + 1}}]`;
  for (let i = 0; i < 2; i++) await publisher.publishAsync('sensors/b/temperature', both, { qos: 1 });
  await publisher.endAsync();
  const at = (url: string, ...args: string[]) => runVigia(['dead-letter', ...args, '--url', url]);

  const { output } = await at(first.url, 'list');
  expect(output).toMatch(/1x +not-json +sensors\/a\/temperature/);
  expect(output).toMatch(/2x +older-than-retention +sensors\/b\/temperature/);
  expect(output).toMatch(/2x +bad-value +sensors\/b\/temperature/);
  const id = /^(\w+) .*not-json/m.exec(output)![1]!;
  expect((await at(first.url, 'show', id)).output).toMatch(
    /topic +sensors\/a\/temperature\n[\s\S]*\nñ is no number\n/,
  );
  expect(await at(first.url, 'show', 'nothing')).toMatchObject({
    code: 1,
    output: expect.stringContaining('404'),
  });
  expect((await at(first.url, 'replay', '--all')).output).toMatch(/0 of 3 stored/);
  await first.kill('SIGTERM');

  const second = await serve(['--no-devices', '--data', directory], { env: { RETENTION: '36500d' } });
  const replayed = await at(second.url, 'replay', '--all');
  expect(replayed.code).toBe(1);
  expect(replayed.output).toMatch(/1 of 3 stored/);
  expect(await getJson(`${second.url}/api/series/b/temperature?from=0`)).toEqual([{ t: OLD, v: 1 }]);
  const left = await getJson<{ reason: string; size: number }[]>(`${second.url}/api/dead-letters`);
  expect(left.map(({ reason }) => reason).sort()).toEqual(['bad-value', 'not-json']);
  // A list of large messages would be a large answer.
  expect(left.find(({ reason }) => reason === 'not-json')).toEqual(
    expect.not.objectContaining({ payload: expect.anything() }),
  );
  const letter = await getJson<{ payload: string; size: number }>(`${second.url}/api/dead-letters/${id}`);
  expect(letter.size).toBe(Buffer.byteLength('ñ is no number'));
  expect(Buffer.from(letter.payload, 'base64').toString()).toBe('ñ is no number');
  const count = (name: string) => metric(second.url, 'vigia_readings_total', `result="${name}"`);
  expect((await count('committed')) + (await count('duplicate')) + (await count('dead_lettered'))).toBe(
    await metric(second.url, 'vigia_readings_received_total'),
  );
});

it('are replayed all, however many there are and whatever is refused again', async () => {
  const store = openEmbeddedStore({
    directory: temporaryDirectory(),
    retention: 86_400_000,
    deadLetterMax: 200,
  });
  onTestFinished(() => store.close());
  const letter = (i: number, lastTs: number) => ({
    id: `id${i}`,
    topic: 't',
    bytes: Buffer.of(i),
    reason: 'not-json',
    detail: 'd',
    lastTs,
  });
  await store.deadLetters.add(Array.from({ length: 130 }, (_, i) => letter(i, NOW + Math.floor(i / 40))));
  const { url } = await testHttp({
    store,
    replay: async ({ id }) => {
      const i = Number(id.slice(2));
      // One goes without being stored, as when another replica pushes it out.
      if (i === 1) await store.deadLetters.remove('id10');
      if (i % 2 === 0) return null;
      await store.deadLetters.add([letter(i, NOW + 10_000 + i)]);
      return 'as before';
    },
  });
  const { code, output } = await runVigia(['dead-letter', 'replay', '--all', '--url', url]);
  expect(code).toBe(1);
  expect(output).toContain('id1  still refused: as before');
  expect(output).toContain('id10  is not there (any more)');
  expect(output).toContain('64 of 130 stored');
  expect(await store.deadLetters.count()).toBe(65);
});

it('says that nobody answers when there is no server', async () => {
  expect(await runVigia(['dead-letter', 'list', '--url', 'http://127.0.0.1:1'])).toMatchObject({
    code: 1,
    output: expect.stringContaining('no Vigía answers at http://127.0.0.1:1'),
  });
  expect(await runVigia(['dead-letter', 'replay'])).toMatchObject({
    code: 1,
    output: expect.stringContaining('--all'),
  });
});
