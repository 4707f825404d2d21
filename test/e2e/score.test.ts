/** `vigia score` as a user runs it: the verdicts of the stream over a file, whatever the file. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { random } from '../../devices/random.ts';
import { temporaryDirectory } from '../helpers/temporary-directory.ts';
import { getJson, runVigia, serve } from '../helpers/vigia.ts';

const MINUTE = 60_000;

function csv(lines: readonly string[]): string {
  const file = join(temporaryDirectory(), 'readings.csv');
  writeFileSync(file, `${['timestamp,value', ...lines].join('\n')}\n`);
  return file;
}

interface Scored {
  readonly output: string;
  readonly text: string;
  readonly rows: readonly {
    readonly timestamp: string;
    readonly value: number;
    readonly expected: string;
    readonly error: string;
    readonly score: string;
    readonly anomaly: string;
    readonly warmup: string;
  }[];
}

async function score(input: string, ...args: string[]): Promise<Scored> {
  const file = join(temporaryDirectory(), 'verdicts.csv');
  const { code, output } = await runVigia(['score', '--input', input, '--output', file, ...args]);
  expect(code, output).toBe(0);
  const text = readFileSync(file, 'utf8');
  const [header, ...lines] = text.trimEnd().split('\n');
  expect(header).toBe('timestamp,value,expected,error,score,anomaly,warmup');
  const rows = lines.map((line) => {
    const [timestamp, value, expected, error, score, anomaly, warmup] = line.split(',') as string[];
    return {
      ...{ timestamp: timestamp!, value: Number(value), expected: expected!, error: error! },
      ...{ score: score!, anomaly: anomaly!, warmup: warmup! },
    };
  });
  return { output, text, rows };
}

const start = Date.now() - (Date.now() % MINUTE) - 500 * MINUTE;
function wave(rows: number): { ts: number; value: number }[] {
  const source = random(1, 'wave');
  return Array.from({ length: rows }, (_, i) => ({
    ts: start + i * MINUTE,
    value: i === 400 ? 60 : 20 + 5 * Math.sin(i / 20) + 0.1 * source.gaussian(),
  }));
}
const lines = (readings: readonly { ts: number; value: number }[]) =>
  readings.map(({ ts, value }) => `${new Date(ts).toISOString()},${value}`);

describe('vigia score', () => {
  it('gives the verdicts that a running server stores for the same readings', async () => {
    const readings = wave(450);
    const { rows } = await score(csv(lines(readings)));
    const { url } = await serve(['--no-devices', '--data', temporaryDirectory()]);
    await fetch(`${url}/api/readings`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(readings.map((row) => ({ sensor: 's', metric: 'temperature', ...row }))),
    });
    const points = await getJson<{ v: number; expected?: number; score?: number }[]>(
      `${url}/api/series/s/temperature?from=0`,
    );
    const given = (text: string) => (text === '' ? undefined : Number(text));
    expect(rows.map(({ value, expected, score }) => [value, given(expected), given(score)])).toEqual(
      points.map(({ v, expected, score }) => [v, expected, score]),
    );
    const alerts = await getJson<{ ts: number }[]>(`${url}/api/alerts?sensor=s`);
    const raised = rows
      .filter(({ anomaly }) => anomaly === '1')
      .map(({ timestamp }) => Date.parse(timestamp));
    expect(raised).toEqual(alerts.map(({ ts }) => ts).reverse());
    expect(raised).toContain(readings[400]!.ts);
    expect(rows.findIndex(({ warmup }) => warmup === '0')).toBe(110);
  });

  it('keeps every row in file order: repeated, unsorted and gapped times, constant values, 1e300, 3 rows', async () => {
    const times = [
      '2024-01-01 00:05:00',
      '2024-01-01 00:05:00',
      '2024-01-01 00:00:00',
      '2025-06-01 00:00:00',
    ];
    const mixed = Array.from({ length: 300 }, (_, i) => {
      const value = i < 150 ? 7 : i % 50 === 0 ? (i % 100 === 0 ? 1e300 : -1e300) : i % 13;
      return `${times[i % 4]},${value}`;
    });
    const { rows } = await score(csv(mixed));
    expect(rows.map(({ timestamp, value }) => `${timestamp},${value}`)).toEqual(
      mixed.map((line) => line.replace(/1e300$/, '1e+300')),
    );
    for (const { expected, error, score, anomaly, warmup } of rows) {
      for (const number of [expected, error, score]) expect(Number.isFinite(Number(number))).toBe(true);
      expect(`${anomaly}${warmup}`).toMatch(/^[01][01]$/);
    }
    const three = await score(csv(mixed.slice(0, 3)));
    expect(three.rows.map((row) => [row.expected, row.score, row.anomaly, row.warmup])).toEqual(
      new Array(3).fill(['', '', '0', '1']),
    );
  });

  it('trains on the probation, reproducibly, and raises nothing there', async () => {
    const input = csv(lines(wave(450)));
    const first = await score(input, '--train', 'probation', '--seed', '2');
    expect(first.output).toMatch(/450 rows scored with probation-\w+/);
    const probation = first.rows.slice(0, 67);
    expect(probation.every(({ anomaly, warmup }) => anomaly === '0' && warmup === '1')).toBe(true);
    expect(first.rows[400]!.anomaly).toBe('1');
    expect((await score(input, '--train', 'probation', '--seed', '2')).text).toBe(first.text);
  });

  it('refuses what it cannot read, train on or write in one sentence that names it', async () => {
    const good = csv(lines(wave(60)));
    const output = join(temporaryDirectory(), 'verdicts.csv');
    for (const [args, message] of [
      [
        ['--input', csv(['2024-01-01,1', '2024-01-01,warm'])],
        /line 3, field value: "warm" is no finite number/,
      ],
      [['--input', csv(['2024-01-01,1', 'soon,1'])], /line 3, field timestamp: "soon" is no timestamp/],
      [['--input', csv([])], /has no rows/],
      [['--input', good, '--model', '/nonexistent'], /nonexistent/],
      [['--input', good, '--train', 'probation'], /9 rows give 0 training windows/],
    ] as const) {
      const { code, output: said } = await runVigia(['score', ...args, '--output', output]);
      expect(code, said).toBe(1);
      expect(said).toMatch(message);
      expect(said).not.toMatch(/\n {4}at /);
      expect(existsSync(output)).toBe(false);
    }
    const { code, output: said } = await runVigia([
      ...['score', '--input', csv(lines(wave(450))), '--train', 'probation'],
      ...['--output', '/nonexistent/v.csv'],
    ]);
    expect(code).toBe(1);
    expect(said).toMatch(/--output \/nonexistent\/v\.csv/);
    expect(said).not.toMatch(/epoch/);
  });
});
