/** `vigia backup` beside a running Vigía and without one, and `vigia restore`. */
import { readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openEmbeddedStore } from '../../src/store/embedded-store.ts';
import { freePort } from '../helpers/child.ts';
import { damagePage, storedValue } from '../helpers/damaged-database.ts';
import { temporaryDirectory } from '../helpers/temporary-directory.ts';
import { runVigia, serve } from '../helpers/vigia.ts';

const START = Date.now() - 3_600_000;
const SERIES = { sensor: 's', metric: 'm' };

const post = (url: string, first: number, count: number) =>
  fetch(`${url}/api/readings`, {
    method: 'POST',
    body: JSON.stringify(
      Array.from({ length: count }, (_, i) => ({ ...SERIES, value: 1000.5, ts: START + first + i })),
    ),
  });

/** How many readings the store in a directory has. */
async function count(directory: string): Promise<number> {
  const store = openEmbeddedStore({ directory, retention: 1e12, deadLetterMax: 5 });
  try {
    expect(await store.check!()).toEqual([]);
    return (await store.series.range(SERIES, 0, Number.MAX_SAFE_INTEGER)).length;
  } finally {
    await store.close();
  }
}

it('copies a store that is written to, and puts the copy in its place', async () => {
  const [directory, copies] = [temporaryDirectory(), temporaryDirectory()];
  const server = await serve(['--data', directory], { env: { HTTP_TOKEN: 'admin-token-of-a-test' } });
  const headers = { Authorization: 'Bearer admin-token-of-a-test' };
  const write = (first: number, length: number) =>
    fetch(`${server.url}/api/readings`, {
      method: 'POST',
      headers,
      body: JSON.stringify(
        Array.from({ length }, (_, i) => ({ ...SERIES, value: 1000.5, ts: START + first + i })),
      ),
    });
  expect((await write(0, 500)).status).toBe(200);
  expect((await fetch(`${server.url}/api/backup`)).status).toBe(401);
  const writing = (async () => {
    for (let i = 500; i < 1500; i += 10) await write(i, 10);
  })();
  const env = { DATA_DIR: directory, HTTP_TOKEN: 'admin-token-of-a-test', PORT: new URL(server.url).port };
  const made = await runVigia(['backup', copies], { env });
  await writing;
  expect(made).toMatchObject({ code: 0, output: expect.stringMatching(/vigia-.*\.db\n$/) });
  const file = made.output.trim();
  expect(readdirSync(copies)).toHaveLength(1);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(statSync(join(directory, 'vigia.db')).mode & 0o777).toBe(0o600);
  expect(readdirSync(directory).filter((name) => name.startsWith('backup-'))).toEqual([]);

  const inUse = await runVigia(['restore', file], { env });
  expect(inUse).toMatchObject({ code: 1, output: expect.stringMatching(/in use/) });
  await server.kill('SIGTERM');
  expect(await count(directory)).toBe(1500);
  expect(await runVigia(['restore', file], { env })).toMatchObject({ code: 0 });
  const restored = await count(directory);
  expect(restored).toBeGreaterThanOrEqual(500);
  expect(restored).toBeLessThanOrEqual(1500);
  expect(readdirSync(directory).filter((name) => /^vigia\.db\.before-/.test(name))).toHaveLength(1);
});

it('copies a store without a running Vigía, replaces a damaged one, and refuses what is no backup', async () => {
  const [directory, copies] = [temporaryDirectory(), temporaryDirectory()];
  const server = await serve(['--data', directory]);
  expect((await post(server.url, 0, 800)).status).toBe(200);
  await server.kill('SIGTERM');
  const env = { DATA_DIR: directory, PORT: String(await freePort()) };
  const { code, output } = await runVigia(['backup', copies], { env });
  expect(code).toBe(0);
  damagePage(directory, storedValue(1000.5));

  const none = join(copies, 'none.db');
  writeFileSync(none, 'no database at all, but a text that is long enough to be looked at');
  for (const file of [none, join(copies, 'missing.db')]) {
    const refused = await runVigia(['restore', file], { env });
    expect(refused).toMatchObject({
      code: 1,
      output: expect.stringMatching(/is no backup of Vigía|does not exist/),
    });
  }
  expect(await runVigia(['restore', output.trim()], { env })).toMatchObject({ code: 0 });
  expect(await count(directory)).toBe(800);
});
