/** The routes of the running program, with the real pipeline, model and store behind them. */
import { expect, it } from 'vitest';
import { temporaryDirectory } from '../helpers/temporary-directory.ts';
import { getJson, metric, type Served, serve } from '../helpers/vigia.ts';

const start = (env: Record<string, string> = {}, directory = temporaryDirectory()) =>
  serve(['--no-devices', '--data', directory], { env });

interface Detection {
  readonly anomaly: boolean | null;
  readonly error: number | null;
  readonly expected: number | null;
  readonly window: number[];
}

interface Readings {
  readonly readings: { readonly ts: number; readonly value: number }[];
}

async function lines(url: string): Promise<string[]> {
  const html = await (await fetch(url)).text();
  return html
    .slice(html.indexOf('<body>'))
    .replaceAll(/<[^>]*>/g, '\n')
    .split('\n')
    .filter((line) => line !== '');
}

async function post(server: Served, readings: unknown, headers: Record<string, string> = {}) {
  const response = await fetch(`${server.url}/api/readings`, {
    method: 'POST',
    body: JSON.stringify(readings),
    headers: { 'content-type': 'application/json', ...headers },
  });
  return {
    status: response.status,
    body: (await response.json()) as { committed: number; duplicate: number; rejected: unknown[] },
  };
}

/** Promise 4: what was received has ended one way or is in flight. */
async function expectAccounted(server: Served): Promise<void> {
  const results = ['committed', 'duplicate', 'dead_lettered', 'rejected'].map((name) =>
    metric(server.url, 'vigia_readings_total', `result="${name}"`),
  );
  const sum = (await Promise.all(results)).reduce((a, b) => a + b, 0);
  expect(await metric(server.url, 'vigia_readings_in_flight')).toBe(0);
  expect(await metric(server.url, 'vigia_readings_received_total')).toBe(sum);
}

it('/detectar counts the history it still needs, then judges by the values before; /listar shows them all', async () => {
  const { url } = await start();
  const values = [73, 72.5, 73.5, 73, 72.75, 73.25, 73, 72.5, 73.5, 73];
  for (const [i, value] of values.entries()) {
    expect(await lines(`${url}/detectar?dato=${value}`)).toEqual([
      `Temperatura recibida: ${Number.isInteger(value) ? `${value}.0` : value}°C`,
      `No hay suficientes datos: ${i} de 10`,
    ]);
  }
  for (const [value, verdict] of [
    [73.25, 'No se detectaron anomalías.'],
    [73, 'No se detectaron anomalías.'],
    [75, 'No se detectaron anomalías.'],
    [95, 'Anomalia detectada!'],
  ] as const) {
    values.push(value);
    const page = await lines(`${url}/detectar?dato=${value}`);
    expect(page[1]).toBe(verdict);
    expect(page[2]).toMatch(/^Error: \d+\.\d/);
    expect(page.slice(-11, -1).map(Number)).toEqual(values.slice(-10));
    expect(page.at(-1)).toMatch(/^Umbral: \d+\.\d/);
  }
  values.push(20);
  const twin = await getJson<Detection>(`${url}/detectar?dato=20`);
  expect(twin.anomaly).toBeTypeOf('boolean');
  expect(Math.abs(20 - twin.expected!)).toBeCloseTo(twin.error!, 9);
  expect(twin.window).toEqual(values.slice(-10));
  const { readings } = await getJson<Readings>(`${url}/listar`);
  expect(readings.map(({ value }) => value)).toEqual(values);
  expect((await lines(`${url}/listar`)).slice(-1)).toEqual(['20 °C']);
});

it('of many values at once every answered one is stored, once, at a time of its own', async () => {
  const server = await start();
  const statuses: number[] = [];
  let next = 0;
  // More connections than a busy machine can take in at once would be reset.
  const client = async () => {
    for (let i = next++; i < 3000; i = next++) {
      const response = await fetch(`${server.url}/nuevo?dato=${i}&sensor=burst`);
      await response.arrayBuffer();
      statuses[i] = response.status;
    }
  };
  await Promise.all(Array.from({ length: 300 }, client));
  const stored = statuses.flatMap((status, i) => (status === 200 ? [i] : []));
  expect(stored.length).toBeGreaterThan(1000);
  // What the clock cannot hold yet is refused, not made up.
  expect(statuses.filter((status) => status !== 200 && status !== 429)).toEqual([]);
  const { readings } = await getJson<Readings>(`${server.url}/listar?sensor=burst&limit=5000`);
  expect(readings.map(({ value }) => value).sort((a, b) => a - b)).toEqual(stored);
  expect(new Set(readings.map(({ ts }) => ts)).size).toBe(stored.length);
  await expectAccounted(server);
});

it('POST /api/readings stores once, tells what it refuses, and reads back what it stored', async () => {
  const server = await start();
  const now = Date.now();
  const readings = Array.from({ length: 100 }, (_, i) => ({
    sensor: '}/😀',
    metric: 'humidity',
    value: 40 + Math.sin(i),
    ts: now - 100_000 + i * 1000,
  }));
  expect((await post(server, readings)).body).toEqual({ committed: 100, duplicate: 0, rejected: [] });
  const mixed = [
    readings[7],
    { ...readings[0], ts: '3000-01-01T00:00:00Z' },
    { ...readings[0], ts: '2001-01-01' },
    { ...readings[0], value: 'x' },
    { sensor: 'other', metric: 'humidity', value: 1 },
  ];
  expect((await post(server, mixed)).body).toMatchObject({
    committed: 1,
    duplicate: 1,
    rejected: [
      { index: 1, field: 'ts', reason: 'in-the-future' },
      { index: 2, field: 'ts', reason: 'older-than-retention' },
      { index: 3, field: 'value', reason: 'bad-value' },
    ],
  });
  const url = `${server.url}/api/series/${encodeURIComponent('}/😀')}/humidity`;
  const points = await getJson<{ t: number; v: number; expected?: number; score?: number }[]>(url);
  expect(points.map(({ t, v }) => ({ ts: t, value: v }))).toEqual(
    readings.map(({ ts, value }) => ({ ts, value })),
  );
  expect(points[9]).not.toHaveProperty('expected');
  expect(points[10]).toHaveProperty('expected');
  const [bucket] = await getJson<{ v: number }[]>(`${url}?from=0&bucket=10000d&agg=max`);
  expect(bucket?.v).toBe(Math.max(...readings.map(({ value }) => value)));
  expect(await getJson<unknown[]>(`${server.url}/api/series`)).toMatchObject([
    { sensor: 'other', metric: 'humidity', unit: null, last: { v: 1 }, state: 'warmup' },
    { sensor: '}/😀', metric: 'humidity', unit: null, last: { t: readings[99]!.ts } },
  ]);
  await expectAccounted(server);
});

it('a restart keeps readings and visits', async () => {
  const directory = temporaryDirectory();
  const first = await start({}, directory);
  await fetch(`${first.url}/nuevo?dato=13`);
  expect(await (await fetch(first.url)).text()).toContain('<span id="visits">1</span>');
  await first.kill('SIGTERM');
  const second = await start({}, directory);
  expect((await lines(`${second.url}/listar`)).at(-1)).toBe('13 °C');
  expect(await (await fetch(second.url)).text()).toContain('<span id="visits">2</span>');
});

it('HTTP_TOKEN closes all that tells or stores readings', async () => {
  const server = await start({ HTTP_TOKEN: 'geheim' });
  for (const path of ['/nuevo?dato=1', '/detectar?dato=1', '/listar']) {
    expect((await fetch(`${server.url}${path}`)).status).toBe(401);
    expect(
      (await fetch(`${server.url}${path}`, { headers: { authorization: 'Bearer geheim' } })).status,
    ).toBe(200);
  }
});

it('HTTP_TOKEN closes the API and nothing else where HTTP_LEGACY_ACCESS=open', async () => {
  const server = await start({ HTTP_TOKEN: 'geheim', HTTP_LEGACY_ACCESS: 'open' });
  const reading = { sensor: 's', metric: 'temperature', value: 1 };
  expect((await post(server, reading)).status).toBe(401);
  expect((await post(server, reading, { authorization: 'Bearer geheim' })).body.committed).toBe(1);
  for (const path of ['/', '/readyz', '/listar?sensor=s']) {
    expect((await fetch(`${server.url}${path}`)).status).toBe(200);
  }
  expect(server.output()).not.toContain('geheim');
});
