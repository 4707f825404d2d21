/** The export follows its client: nothing is read ahead of it. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { expect, it } from 'vitest';
import { alteredStore } from '../helpers/altered-store.ts';
import { waitFor } from '../helpers/wait-for.ts';
import { fill, NOW, testHttp } from './http-fixture.ts';

const S = { sensor: 's', metric: 'temperature' };
const samples = Array.from({ length: 12_000 }, (_, i) => ({ ts: NOW - 12_000_000 + i * 1000, value: i / 3 }));

it('goes page by page over the whole series, as CSV and as JSON', async () => {
  const http = await testHttp();
  await fill(http.store, S, samples);
  const csv = await fetch(`${http.url}/api/series/s/temperature/export`);
  expect(csv.headers.get('content-type')).toBe('text/csv; charset=utf-8');
  expect(csv.headers.get('content-disposition')).toBe('attachment; filename=s-temperature.csv');
  const lines = (await csv.text()).trimEnd().split('\r\n');
  expect(lines).toHaveLength(12_001);
  expect(lines.slice(1).map((line) => Number(line.split(',')[1]))).toEqual(samples.map(({ value }) => value));
  const json = await fetch(`${http.url}/api/series/s/temperature/export?format=json`);
  expect(await json.json()).toEqual(samples.map(({ ts, value }) => ({ t: ts, v: value })));
  const empty = await fetch(`${http.url}/api/series/s/temperature/export?format=json&from=${NOW}`);
  expect(await empty.json()).toEqual([]);
  expect((await fetch(`${http.url}/api/series/none/temperature/export`)).status).toBe(404);
  expect((await fetch(`${http.url}/api/series/s/temperature/export?format=xml`)).status).toBe(400);
});

it('reads no further while its client does not, and stops when it goes away', async () => {
  const fixture = await testHttp();
  await fill(fixture.store, S, samples.slice(0, 1));
  let pages = 0;
  // An endless series: only back-pressure ends it.
  const store = alteredStore(fixture.store, 'series', {
    text: async (_series, from) => {
      pages += 1;
      return { text: Buffer.alloc(100_000, '1'), count: 5000, last: from + 5000 };
    },
  });
  const http = await testHttp({ store });
  const socket = connect({ port: http.port, host: '127.0.0.1' });
  await once(socket, 'connect');
  socket.pause();
  socket.write('GET /api/series/s/temperature/export HTTP/1.1\r\nHost: x\r\n\r\n');
  let before = -1;
  await waitFor('the export to stand still', async () => {
    const still = pages > 1 && pages === before;
    before = pages;
    await new Promise((resolve) => setTimeout(resolve, 100));
    return still;
  });
  expect(pages).toBeLessThan(200);
  socket.destroy();
  await once(socket, 'close');
  const end = pages;
  expect((await fetch(`${http.url}/healthz`)).status).toBe(200);
  expect(pages).toBeLessThanOrEqual(end + 2);
  expect(http.log.filter(({ level }) => (level as number) >= 50)).toEqual([]);
});
