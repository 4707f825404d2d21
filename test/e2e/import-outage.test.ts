/** An import outlasts what ends by itself: a store that does not answer, and a server that starts again. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { freePort, has, RedisServer } from '../helpers/redis-server.ts';
import { temporaryDirectory } from '../helpers/temporary-directory.ts';
import { metric, runVigia, serve, vigia } from '../helpers/vigia.ts';
import { waitFor } from '../helpers/wait-for.ts';

const ROWS = 20_000;

/** A CSV file of readings, a second apart. */
function readingsFile(): string {
  const file = join(temporaryDirectory(), 'readings.csv');
  const start = Date.now() - (ROWS + 10) * 1000;
  const rows = Array.from({ length: ROWS }, (_, i) => `${new Date(start + i * 1000).toISOString()},${i % 9}`);
  writeFileSync(file, `timestamp,value\n${rows.join('\n')}\n`);
  return file;
}

const importing = (url: string, ...more: string[]) =>
  vigia(['import-readings', '--sensor', 's', '--input', readingsFile(), '--url', url, ...more]);

const someStored = (url: string) =>
  waitFor('some readings', async () => (await metric(url, 'vigia_readings_total', 'result="committed"')) > 0);

describe('vigia import-readings', () => {
  it('goes on when the server is there again, and says how far it has come', async () => {
    const data = join(temporaryDirectory(), 'data');
    const port = String(await freePort());
    const args = ['--no-devices', '--data', data, '--port', port];
    const first = await serve(args);
    const run = importing(first.url);
    await someStored(first.url);
    await first.kill('SIGKILL');
    await waitFor('a word of the import', async () => /\(after \d+ of 20000 readings\)/.test(run.output()));
    await serve(args);
    expect([await run.exited, run.output()]).toEqual([
      0,
      expect.stringMatching(/\d+ stored, \d+ were there/),
    ]);
    const [, stored, there] = /(\d+) stored, (\d+) were there/.exec(run.output())!;
    expect(Number(stored) + Number(there)).toBe(ROWS);
  });

  it('says where it stopped when it has waited for long enough, and how to go on', async () => {
    const server = await serve(['--no-devices', '--data', join(temporaryDirectory(), 'data')]);
    const run = importing(server.url, '--patience', '1s');
    await someStored(server.url);
    await server.kill('SIGKILL');
    expect(await run.exited).toBe(1);
    expect(run.output()).toMatch(/after \d+ of 20000 readings\): run the command again/);
  });

  it.skipIf(!has('redis-server'))('waits where the store is away (needs redis-server)', async () => {
    const redis = await RedisServer.start();
    onTestFinished(() => redis.stop());
    const server = await serve(['--no-devices'], { env: { REDIS_URL: redis.url, REDIS_TIMEOUT: '500ms' } });
    const run = importing(server.url);
    await someStored(server.url);
    await redis.command('CLIENT', 'PAUSE', '4000', 'ALL');
    expect([await run.exited, run.output()]).toEqual([
      0,
      expect.stringMatching(/\d+ stored, \d+ were there/),
    ]);
    expect(run.output()).toMatch(/answered 503: .* \(after \d+ of 20000 readings\): trying again/);
  });

  it('does not wait for a server that was never there', async () => {
    const port = await freePort();
    const { code, output } = await runVigia([
      ...['import-readings', '--sensor', 's', '--input', readingsFile()],
      ...['--url', `http://127.0.0.1:${port}`],
    ]);
    expect([code, output]).toEqual([1, expect.stringContaining('no Vigía answers')]);
  });
});
