/** `vigia devices --replay` says what became of the readings, and a broker that is away is said again and again. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { temporaryDirectory } from '../helpers/temporary-directory.ts';
import { runVigia, serve, vigia } from '../helpers/vigia.ts';
import { waitFor } from '../helpers/wait-for.ts';

function csv(...rows: string[]): string {
  const file = join(temporaryDirectory(), 'rows.csv');
  writeFileSync(file, `timestamp,value\n${rows.join('\n')}\n`);
  return file;
}

it('says how many readings are stored, how many are refused and why, and fails if none is stored', async () => {
  const server = await serve(['--no-devices', '--data', temporaryDirectory()]);
  const at = ['--url', server.mqttUrl, '--http', server.url, '--speed', '0'];
  const replay = (file: string, sensor: string) =>
    runVigia(['devices', '--replay', file, '--sensor', sensor, ...at]);
  const now = Date.now();
  const recent = [1, 2, 3].map((i) => `${now - i * 1000},${i}`);
  const mixed = csv('2013-07-04 00:00:00,69.9', ...recent);
  const first = await replay(mixed, 'a');
  expect(first.output).toMatch(/3 of 4 stored\n1 refused: older-than-retention\. .*RETENTION/);
  expect(first.code).toBe(0);
  const second = await replay(mixed, 'a');
  expect(second.output).toMatch(/3 of 4 stored, 3 of them before\n1 refused/);
  const old = await replay(csv('2013-07-04 00:00:00,69.9', '2013-07-04 01:00:00,70'), 'b');
  expect(old.output).toMatch(/0 of 2 stored\n2 refused: older-than-retention/);
  expect(old.code).toBe(1);
});

it('says that it cannot know where no Vigía answers', async () => {
  const server = await serve(['--no-devices', '--data', temporaryDirectory()]);
  const args = ['--replay', csv(`${Date.now()},1`), '--url', server.mqttUrl, '--http', 'http://127.0.0.1:1'];
  const { code, output } = await runVigia(['devices', ...args]);
  expect(output).toMatch(/not known: no Vigía answers at http:\/\/127\.0\.0\.1:1/);
  expect(code).toBe(0);
});

it.each([
  ['devices', ['devices', '--url', 'mqtt://user:secret@127.0.0.1:1'], {}],
  ['bridge', ['bridge', '--port', '0'], { MQTT_URL: 'mqtt://user:secret@127.0.0.1:1' }],
])('%s says again and again that the broker is away, without the password', async (_, args, env) => {
  const child = vigia(args, { env: { ...env, DATA_DIR: temporaryDirectory() } });
  const said = (line: string) => /trying/.test(line) && /ECONNREFUSED/.test(line);
  await waitFor('two lines', () => child.output().split('\n').filter(said).length >= 2, 20_000);
  expect(child.output()).not.toContain('secret');
  await child.kill('SIGTERM');
});
