/** `vigia train` as a user runs it: from a file, a running server, a store at rest; what it writes and what it refuses. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { random } from '../../devices/random.ts';
import { loadArtifact } from '../../models/artifact.ts';
import { rowsFromStore } from '../../src/commands/training-series.ts';
import { readConfig } from '../../src/settings/config.ts';
import { freePort } from '../helpers/child.ts';
import { REDIS, startRedis } from '../helpers/running-redis.ts';
import { temporaryDirectory } from '../helpers/temporary-directory.ts';
import { runVigia, serve } from '../helpers/vigia.ts';

const MINUTE = 60_000;
const ROWS = 200;
const SMALL = ['--units', '4', '--epochs', '2'];

interface Row {
  readonly ts: number;
  readonly value: number;
}

/** Readings of a noisy wave, one a minute, the last a minute ago. */
function wave(rows = ROWS): Row[] {
  const source = random(1, 'wave');
  const start = Date.now() - (Date.now() % MINUTE) - rows * MINUTE;
  return Array.from({ length: rows }, (_, i) => ({
    ts: start + i * MINUTE,
    value: 20 + 5 * Math.sin(i / 4) + 0.1 * source.gaussian(),
  }));
}

function csv(rows: readonly Row[]): string {
  const file = join(temporaryDirectory(), 'readings.csv');
  const lines = rows.map(({ ts, value }) => `${new Date(ts).toISOString()},${value}`);
  writeFileSync(file, ['timestamp,value', ...lines, ''].join('\n'));
  return file;
}

const newModel = () => join(temporaryDirectory(), 'model');

async function train(args: readonly string[], env: Record<string, string> = {}) {
  const { code, output } = await runVigia(['train', ...SMALL, ...args], { env });
  expect({ code, output }).toMatchObject({ code: 0 });
  return output;
}

/** Trains on the file of the same readings: what training on the store must give, to the byte. */
async function trainedOnFile(rows: readonly Row[]): Promise<string> {
  const out = newModel();
  await train(['--input', csv(rows), '--out', out, '--no-plot']);
  expect(existsSync(join(out, 'forecasts.svg'))).toBe(false);
  return readFileSync(join(out, 'model.json'), 'utf8');
}

async function post(url: string, rows: readonly Row[]): Promise<void> {
  const body = JSON.stringify(rows.map((row) => ({ sensor: 'boiler/1', metric: 'temperature', ...row })));
  const response = await fetch(`${url}/api/readings`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body,
  });
  expect(await response.json()).toMatchObject({ committed: rows.length });
}

describe('vigia train on a file', () => {
  it('reports, writes the artifact and draws the end of the series beside it', async () => {
    const rows = wave();
    const out = newModel();
    const output = await train(['--input', csv(rows), '--out', out, '--seed', '3', '--model-version', '2.1']);
    expect(output).toMatch(/epoch 2\/2: loss \S+, validation \S+/);
    expect(output).toMatch(/on the last 28 rows, which training did not see/);
    for (const name of ['LSTM', 'last value', 'AR\\(10\\)'])
      expect(output).toMatch(new RegExp(`^ +${name} +\\d\\S* +\\d\\S*$`, 'm'));
    expect(output).toMatch(/^p99 threshold \(training rows\): \d/m);

    const artifact = await loadArtifact(out);
    expect(artifact).toMatchObject({
      version: '2.1',
      window: 10,
      network: { lstm: [{ units: 4 }] },
      origin: {
        seed: 3,
        windows: 134,
        from: rows[0]!.ts,
        to: rows.at(-1)!.ts,
        minimum: Math.min(...rows.map(({ value }) => value)),
      },
    });
    expect(output).toContain(artifact.checksum.slice(0, 12));

    const svg = readFileSync(join(out, 'forecasts.svg'), 'utf8');
    expect(svg).toMatch(/^<svg .*trained 2\.1: 190 values/s);
    expect(svg).toContain(new Date(rows.at(-1)!.ts).toISOString().slice(0, 16).replace('T', ' '));
  });

  it('sorts by time, and gives the same bytes for the same seed', async () => {
    const rows = wave();
    const trained = await trainedOnFile(rows);
    expect(await trainedOnFile(rows.toReversed())).toBe(trained);
  });

  it('has an answer, and a picture where it is told, for constant values, repeated timestamps and 1e300', async () => {
    for (const change of [
      (row: Row) => ({ ...row, value: 71 }),
      (row: Row) => ({ ...row, ts: 1_700_000_000_000 }),
      (row: Row) => ({ ...row, value: row.value * 1e299 }),
    ]) {
      const out = newModel();
      const picture = join(temporaryDirectory(), 'picture.svg');
      await train(['--input', csv(wave(60).map(change)), '--out', out, '--plot', picture]);
      expect((await loadArtifact(out)).threshold.value).toBeGreaterThan(0);
      expect(readFileSync(picture, 'utf8')).not.toMatch(/NaN|Infinity/);
    }
  });

  it('refuses what it cannot train on in one sentence that names it, and writes nothing', async () => {
    const good = csv(wave(60));
    const text = csv(wave(60));
    writeFileSync(text, readFileSync(text, 'utf8').replace(/,.*\n$/, ',warm\n'));
    const empty = csv([]);
    for (const [args, message] of [
      [['--input', csv(wave(3))], /3 rows give 0 training windows/],
      [['--input', text], /line 61, field value: "warm" is no finite number/],
      [['--input', empty], /has no rows/],
      [['--input', '/nonexistent.csv'], /nonexistent\.csv/],
      [['--input', good, '--window', '1'], /window must be/],
      [['--input', good, '--units', '300'], /units must be/],
      [['--input', good, '--sensor', 'x'], /either --input CSV or --sensor ID/],
      [[], /either --input CSV or --sensor ID/],
    ] as const) {
      const out = newModel();
      const { code, output } = await runVigia(['train', ...args, '--out', out]);
      expect(code, output).toBe(1);
      expect(output).toMatch(message);
      expect(output).not.toMatch(/\n {4}at /);
      expect(existsSync(out)).toBe(false);
    }
  });

  it('finds names and places that it cannot use before it trains', async () => {
    const good = csv(wave(60));
    for (const [args, message] of [
      [['--name', 'two words'], /name must be 1 to 64 of/],
      [['--model-version', 'v'.repeat(33)], /version must be at most 32 characters/],
      [['--out', good], /--out \S+readings\.csv cannot be written: \S+ is no folder/],
      [['--out', join(good, 'model')], /--out \S+ cannot be written: \S+readings\.csv is no folder/],
      [['--plot', '/nonexistent/plot.svg'], /--plot \/nonexistent\/plot\.svg cannot be written: ENOENT/],
      [['--plot', temporaryDirectory()], /--plot \S+ cannot be written: it is a folder/],
    ] as const) {
      const out = newModel();
      const { code, output } = await runVigia(['train', ...SMALL, '--input', good, '--out', out, ...args]);
      expect({ code, output }).toMatchObject({ code: 1, output: expect.stringMatching(message) });
      expect(output).not.toMatch(/epoch|\n {4}at /);
      expect(existsSync(out)).toBe(false);
    }
  });
});

describe('vigia train on a sensor', () => {
  const sensor = ['--sensor', 'boiler/1', '--no-plot'];

  it('asks the running server, then the store that it has left, back to --since', async () => {
    const rows = wave();
    const data = temporaryDirectory();
    const server = await serve(['--no-devices', '--data', data]);
    await post(server.url, rows);
    const wanted = await trainedOnFile(rows);
    const trained = async (args: readonly string[], env?: Record<string, string>) => {
      const out = newModel();
      await train([...sensor, '--out', out, ...args], env);
      return readFileSync(join(out, 'model.json'), 'utf8');
    };
    expect(await trained(['--url', server.url])).toBe(wanted);
    expect(await trained([], { PORT: new URL(server.url).port })).toBe(wanted);
    const asked = Date.now() - 120 * MINUTE;
    const { origin } = JSON.parse(await trained(['--url', server.url, '--since', '2h']));
    expect(origin.from).toBe(rows.find(({ ts }) => ts >= origin.from)!.ts);
    expect(origin.from).toBeGreaterThanOrEqual(asked);

    await server.kill('SIGTERM');
    await server.exited;
    const rest = { PORT: String(await freePort()), DATA_DIR: data };
    expect(await trained([], rest)).toBe(wanted);
  });

  it.skipIf(!REDIS)('reads Redis where the settings name it, without a server', async () => {
    const rows = wave();
    const { url: REDIS_URL } = await startRedis();
    const server = await serve(['--no-devices'], { env: { REDIS_URL } });
    await post(server.url, rows);
    await server.kill('SIGTERM');
    await server.exited;
    const out = newModel();
    await train([...sensor, '--out', out], { REDIS_URL });
    expect(readFileSync(join(out, 'model.json'), 'utf8')).toBe(await trainedOnFile(rows));
  });

  it('fetches in parts what a server does not answer at once', async () => {
    const { url } = await serve(['--no-devices', '--data', temporaryDirectory()], {
      env: { MAX_PAYLOAD: '2MB' },
    });
    const start = Date.now() - 300_000;
    const rows = Array.from({ length: 101_000 }, (_, i) => ({ ts: start + 2 * i, value: i % 977 }));
    for (let i = 0; i < rows.length; i += 10_000) await post(url, rows.slice(i, i + 10_000));
    const source = { sensor: 'boiler/1', metric: 'temperature', from: 0, to: Date.now(), url };
    const { timestamps, values } = await rowsFromStore(source, readConfig({}, {}));
    expect([...timestamps]).toEqual(rows.map(({ ts }) => ts));
    expect([...values]).toEqual(rows.map(({ value }) => value));
  });

  it('says what is missing: the server, the store, the sensor', async () => {
    const nowhere = { PORT: String(await freePort()), DATA_DIR: join(temporaryDirectory(), 'none') };
    const refused = async (args: readonly string[], env: Record<string, string>) => {
      const out = newModel();
      const { code, output } = await runVigia(['train', '--out', out, ...args], { env });
      expect(code, output).toBe(1);
      expect(existsSync(out)).toBe(false);
      return output;
    };
    expect(await refused(['--sensor', 'x'], nowhere)).toMatch(/no Vigía answers at http.*DATA_DIR/s);
    expect(existsSync(nowhere.DATA_DIR)).toBe(false);
    const server = await serve(['--no-devices', '--data', temporaryDirectory()]);
    expect(await refused(['--sensor', 'x', '--url', server.url], {})).toMatch(
      /x\/temperature: .* no such series/,
    );
    await post(server.url, wave(20));
    expect(await refused(['--sensor', 'boiler/1', '--url', server.url, '--since', '1ms'], {})).toMatch(
      /boiler\/1\/temperature has no readings since/,
    );
  });
});
