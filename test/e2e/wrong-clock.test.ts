/** One process with a wrong clock deletes nothing that the right ones keep. */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, it } from 'vitest';
import { temporaryDirectory } from '../helpers/temporary-directory.ts';
import { metric, ROOT, serve } from '../helpers/vigia.ts';
import { waitFor } from '../helpers/wait-for.ts';

const DAY = 86_400_000;
const MINUTE = 60_000;
const COUNT = 3000;

async function count(url: string): Promise<number> {
  const response = await fetch(`${url}/api/series/s/m/export?format=json`);
  return (await response.text()).match(/"t"/g)?.length ?? 0;
}

it('a start of `vigia serve` at +40 days trims nothing, and says why', async () => {
  const directory = temporaryDirectory();
  const start = async (env: Record<string, string> = {}) => {
    const server = await serve(['--data', directory], { env: { LOG_LEVEL: 'info', ...env } });
    await waitFor('readiness', async () => (await fetch(`${server.url}/readyz`)).ok);
    return server;
  };
  const first = await start();
  const newest = Date.now() - MINUTE;
  const readings = Array.from({ length: COUNT }, (_, i) => ({
    ...{ sensor: 's', metric: 'm', value: i % 17, ts: newest - (COUNT - i) * MINUTE },
  }));
  for (let i = 0; i < COUNT; i += 1000) {
    const body = JSON.stringify(readings.slice(i, i + 1000));
    expect((await fetch(`${first.url}/api/readings`, { method: 'POST', body })).status).toBe(200);
  }
  expect(await count(first.url)).toBe(COUNT);
  await first.kill('SIGTERM');

  const hook = pathToFileURL(join(ROOT, 'test/helpers/ahead-clock.mjs')).href;
  const wrong = await start({ NODE_OPTIONS: `--import ${hook}`, CLOCK_AHEAD_MS: String(40 * DAY) });
  await waitFor('the line in the log', () =>
    /clock of this process is \d+ s ahead of the store's/.test(wrong.output()),
  );
  expect(await metric(wrong.url, 'vigia_clock_skew_seconds')).toBeGreaterThan(39 * 86_400);
  await fetch(`${wrong.url}/api/readings`, {
    method: 'POST',
    body: JSON.stringify([{ sensor: 's', metric: 'other', value: 1 }]),
  });
  expect(await count(wrong.url)).toBe(COUNT);
  await wrong.kill('SIGTERM');

  const right = await start();
  expect(await count(right.url)).toBe(COUNT);
  expect(Math.abs(await metric(right.url, 'vigia_clock_skew_seconds'))).toBeLessThan(60);
});
