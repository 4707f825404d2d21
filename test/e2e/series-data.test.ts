/** A series as a file, in and out, and its deletion: the commands against a running `vigia serve`. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { describe, expect, it, onTestFinished } from 'vitest';
import { waitForOutput } from '../helpers/child.ts';
import { temporaryDirectory } from '../helpers/temporary-directory.ts';
import { TIMESERIES_URL } from '../helpers/time-series-server.ts';
import { getJson, metric, runVigia, type Served, serve } from '../helpers/vigia.ts';

const START = Math.floor(Date.now() / 3_600_000) * 3_600_000 - 3_600_000;
const directory = () => temporaryDirectory();

function file(text: string): string {
  const path = join(directory(), 'readings');
  writeFileSync(path, text);
  return path;
}

const open = () => serve(['--no-devices', '--data', directory()], { env: { LOG_LEVEL: 'info' } });

const at = (server: Served, command: string, ...args: string[]) =>
  runVigia([...command.split(' '), '--sensor', 's', '--url', server.url, ...args]);

const points = (server: Served) =>
  getJson<{ t: number; v: number; expected?: number; score?: number }[]>(
    `${server.url}/api/series/s/temperature?from=0`,
  );

const row = (i: number, value: number | string = 20 + (i % 7) / 4) =>
  `${new Date(START + i * 1000).toISOString()},${value}`;
const rows = (n: number) => Array.from({ length: n }, (_, i) => row(i));

describe('import and export', () => {
  it('CSV goes in once, with verdicts, and comes out whole', async () => {
    const server = await open();
    const lines = rows(1200);
    // Out of order and one row twice: the same readings.
    const input = file(['timestamp,value', ...lines.slice(600), ...lines.slice(0, 601), ''].join('\n'));
    expect(await at(server, 'import-readings', '--input', input)).toMatchObject({
      code: 0,
      output: '1200 stored, 0 were there already\n',
    });
    const again = await at(server, 'import-readings', '--input', input);
    expect(again.output).toBe('0 stored, 1200 were there already\n');

    const stored = await points(server);
    expect(stored.map(({ t, v }) => [t, v])).toEqual(
      lines.map((_, i) => [START + i * 1000, 20 + (i % 7) / 4]),
    );
    expect(stored.slice(10).every(({ expected }) => expected !== undefined)).toBe(true);

    const out = join(directory(), 'out.csv');
    expect(await at(server, 'export', '--out', out)).toMatchObject({ code: 0 });
    expect(readFileSync(out, 'utf8').split('\r\n')).toEqual([
      'timestamp,value,expected,score',
      ...stored.map(
        ({ t, v, expected, score }) => `${new Date(t).toISOString()},${v},${expected ?? ''},${score ?? ''}`,
      ),
      '',
    ]);
    const part = await at(
      server,
      'export',
      '--format',
      'json',
      '--from',
      String(START + 5000),
      '--to',
      String(START + 6000),
    );
    expect(JSON.parse(part.output)).toEqual(stored.slice(5, 7));
    expect(await at(server, 'export', '--metric', 'none')).toMatchObject({ code: 1 });

    // What was exported can be imported elsewhere.
    const other = await open();
    await at(other, 'import-readings', '--input', out);
    expect(await points(other)).toEqual(stored);
  });

  it('names what is wrong with its line, and stores nothing then', async () => {
    const server = await open();
    for (const [lines, error] of [
      [['timestamp,value', row(0), row(1, 'warm')], /line 3, field value: "warm" is no finite number/],
      [['timestamp,value', row(0), row(1, '')], /line 3, field value/],
      [['timestamp,value', row(0), '2026-01-01T00:00:00Z'], /line 3/],
      [['timestamp,value', 'yesterday,1'], /line 2, field timestamp/],
      [['timestamp,value', row(0, 1), row(1, 1), row(0, 2)], /line 4 and line 2 give .* two values, 2 and 1/],
      [['timestamp,value'], /no readings/],
      [[row(0)], /line 1/],
    ] as const) {
      const { code, output } = await at(server, 'import-readings', '--input', file(lines.join('\n')));
      expect(code).toBe(1);
      expect(output).toMatch(error);
    }
    expect(await getJson(`${server.url}/api/series`)).toEqual([]);
  });

  it('says how many readings are too old, and what to do', async () => {
    const server = await open();
    const old = [
      'timestamp,value',
      '2020-01-01T00:00:00Z,1',
      '2020-01-01T00:00:01Z,2',
      row(0),
      row(1),
      row(2),
    ];
    const { code, output } = await at(server, 'import-readings', '--input', file(old.join('\n')));
    expect(code).toBe(1);
    expect(output).toMatch(/^3 stored, 0 were there already\n2 refused: older-than-retention.*RETENTION=/);
    expect(output).toContain('line 2: ');
  });
});

describe('a series of the replaced system', () => {
  const samples = rows(5).map((_, i): [number, number] => [START + i * 1000, 20.5 + i]);

  it('as TS.RANGE prints it on a terminal, into a pipe and as CSV', async () => {
    const server = await open();
    const pretty = (quote: string) =>
      samples.map(([t, v], i) => `${i + 1}) 1) (integer) ${t}\n   2) ${quote}${v}${quote}`).join('\n');
    const csv = samples.map(([t, v]) => `${t},"${v}"`).join('\n');
    for (const [i, text] of [pretty(''), pretty('"'), samples.flat().join('\n'), csv].entries()) {
      const done = await at(server, 'import-readings', '--ts-range', file(`${text}\n`), '--metric', `m${i}`);
      expect(done).toMatchObject({ code: 0 });
      const stored = await getJson<{ t: number; v: number }[]>(`${server.url}/api/series/s/m${i}?from=0`);
      expect(stored.map(({ t, v }) => [t, v])).toEqual(samples);
    }
  });

  it('that is cut off or none at all is named with its line', async () => {
    const server = await open();
    const cut = await at(server, 'import-readings', '--ts-range', file(`${START}\n1\n${START + 1}\n`));
    expect(cut.output).toMatch(/line 3: the last time has no value/);
    const none = await at(server, 'import-readings', '--ts-range', file('(error) ERR no such key\n'));
    expect(none.output).toMatch(/line 1: .* is no time in ms/);
    expect(await getJson(`${server.url}/api/series`)).toEqual([]);
  });

  it.skipIf(!TIMESERIES_URL)('out of its Redis (needs RedisTimeSeries)', async () => {
    const url = TIMESERIES_URL!;
    const key = `old:${Math.random()}`;
    const redis = new Redis(url);
    onTestFinished(async () => {
      await redis.del(key);
      await redis.quit();
    });
    await redis.call('TS.CREATE', key);
    for (const [t, v] of samples) await redis.call('TS.ADD', key, String(t), String(v));
    const server = await open();
    const from = (name: string) => at(server, 'import-readings', '--redis', url, '--key', name);
    expect(await from(key)).toMatchObject({ code: 0, output: '5 stored, 0 were there already\n' });
    expect((await points(server)).map(({ t, v }) => [t, v])).toEqual(samples);
    expect((await from('nothing')).output).toMatch(/there is no time series 'nothing'/);
  });
});

describe('deletion', () => {
  it('asks for the name, is logged, and leaves nothing that could come back', async () => {
    const server = await open();
    const input = file(['timestamp,value', ...rows(300)].join('\n'));
    await at(server, 'import-readings', '--input', input);
    const before = await points(server);

    const refused = await runVigia(
      ['series', 'delete', '--sensor', 's', '--metric', 'temperature', '--url', server.url],
      { input: 's/humidity\n' },
    );
    expect(refused).toMatchObject({ code: 1, output: expect.stringContaining('nothing was deleted') });
    for (const query of ['', '?confirm=s', '?confirm=yes']) {
      const response = await fetch(`${server.url}/api/series/s/temperature${query}`, { method: 'DELETE' });
      expect(response.status).toBe(400);
      expect(await response.json()).toMatchObject({ error: { field: 'confirm' } });
    }
    expect(await points(server)).toEqual(before);

    const typed = await runVigia(
      ['series', 'delete', '--sensor', 's', '--metric', 'temperature', '--url', server.url],
      { input: 's/temperature\n' },
    );
    expect(typed).toMatchObject({ code: 0, output: expect.stringContaining('s/temperature deleted') });
    await waitForOutput(server, /series s\/temperature deleted/);
    expect(await getJson(`${server.url}/api/series`)).toEqual([]);
    expect((await fetch(`${server.url}/api/series/s/temperature?from=0`)).status).toBe(404);

    // The process still remembers the state; what comes now begins anew all the same, and ends as it did before.
    await at(server, 'import-readings', '--input', input);
    expect(await points(server)).toEqual(before);
    expect(await metric(server.url, 'vigia_readings_total', 'result="committed"')).toBe(600);
    const last = await at(server, 'series delete', '--metric', 'temperature', '--yes');
    expect(last.code).toBe(0);
    expect((await at(server, 'series delete', '--metric', 'temperature', '--yes')).output).toMatch(
      /no such series/,
    );
    expect((await runVigia(['series', 'list', '--url', server.url])).output).toBe('no series\n');
  });
});
