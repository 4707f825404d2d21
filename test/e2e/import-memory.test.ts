/** A server does not grow with what it has answered already: an import of a year must fit into a small machine. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { temporaryDirectory } from '../helpers/temporary-directory.ts';
import { metric, runVigia, serve } from '../helpers/vigia.ts';
import { waitFor } from '../helpers/wait-for.ts';

const ROWS = 150_000;
/** Room for what the server needs at rest and for a few requests. The requests of this import together need far more, MB. */
const HEAP = 96;

it('imports more readings over HTTP than fit into its memory', async () => {
  const directory = temporaryDirectory();
  const input = join(directory, 'year.csv');
  const start = Date.now() - (ROWS + 10) * 10_000;
  const rows = Array.from({ length: ROWS }, (_, i) => {
    const value = 20 + Math.sin(i / 500) + (i % 7) / 10;
    return `${new Date(start + i * 10_000).toISOString()},${value.toFixed(2)}`;
  });
  writeFileSync(input, `timestamp,value\n${rows.join('\n')}\n`);
  const server = await serve(['--no-devices', '--data', join(directory, 'data')], {
    env: { NODE_OPTIONS: `--max-old-space-size=${HEAP}` },
  });
  const args = ['import-readings', '--sensor', 's', '--input', input, '--url', server.url];
  const { code, output } = await runVigia(args);
  expect([code, output]).toEqual([0, expect.stringContaining(`${ROWS} stored`)]);
  expect(await metric(server.url, 'process_resident_memory_bytes')).toBeLessThan(200e6);
  await waitFor('nothing in flight', async () => (await metric(server.url, 'vigia_in_flight_bytes')) === 0);
}, 300_000);
