import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { waitForOutput } from '../helpers/child.ts';
import { temporaryDirectory } from '../helpers/temporary-directory.ts';
import { serve } from '../helpers/vigia.ts';

it('SIGHUP takes over what may change, names what needs a restart, and ignores a bad file', async () => {
  const directory = temporaryDirectory();
  const path = join(directory, 'vigia.yaml');
  writeFileSync(path, 'http_token: first\n');
  const server = await serve(['--no-devices', '--data', join(directory, 'data'), '--config', path], {
    env: { LOG_LEVEL: 'info' },
  });
  const status = async (token: string) =>
    (await fetch(`${server.url}/api/series`, { headers: { authorization: `Bearer ${token}` } })).status;
  expect(await status('first')).toBe(200);
  writeFileSync(path, 'http_token: second\nbatch_max: 10\n');
  server.process.kill('SIGHUP');
  await waitForOutput(server, /"settings":\["BATCH_MAX"\].*need a restart/);
  expect([await status('first'), await status('second')]).toEqual([401, 200]);
  writeFileSync(path, 'http_token: third\nprot: 1\n');
  server.process.kill('SIGHUP');
  await waitForOutput(server, /cannot be read again; nothing has changed/);
  expect(await status('second')).toBe(200);
  expect(server.output()).not.toMatch(/third|second/);
});
