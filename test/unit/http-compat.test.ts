import { describe, expect, it } from 'vitest';
import { StoreUnavailable } from '../../src/errors.ts';
import { alteredStore } from '../helpers/altered-store.ts';
import { waitFor } from '../helpers/wait-for.ts';
import { committed, fill, NOW, testHttp, textLines } from './http-fixture.ts';

const MANUAL = { sensor: 'manual', metric: 'temperature' };
const json = { headers: { accept: 'application/json' } };
const verdict = { expected: 72.25, error: 22.75, threshold: 3, anomaly: true };
const before = [71, 72, 73, 71.5, 72.5, 73, 72, 71, 70, 72.25];

async function page(url: string, init?: RequestInit) {
  const response = await fetch(url, init);
  return { response, status: response.status, lines: textLines(await response.text()) };
}

describe('/nuevo', () => {
  it('stores the value and answers in Spanish, uncached, as UTF-8', async () => {
    const http = await testHttp();
    const { response, lines } = await page(`${http.url}/nuevo?dato=13`);
    expect(response.status).toBe(200);
    expect(lines).toEqual(['Temperatura recibida: 13.0°C', 'Se ha agregado correctamente!']);
    expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(http.submitted).toEqual([[{ ...MANUAL, value: 13 }]]);
  });

  it('says so when the store is Redis', async () => {
    const embedded = await testHttp();
    const store = Object.assign(Object.create(embedded.store), { kind: 'redis' });
    const http = await testHttp({ store });
    const { lines } = await page(`${http.url}/nuevo?dato=13`);
    expect(lines[1]).toBe('Se ha agregado al Redis correctamente!');
  });

  it.each([
    ['13', 13, '13.0'],
    ['-1.5', -1.5, '-1.5'],
    ['1e3', 1000, '1000.0'],
    ['1E-5', 1e-5, '1e-05'],
    ['.5', 0.5, '0.5'],
    ['5.', 5, '5.0'],
    ['+7', 7, '7.0'],
    ['%2B7', 7, '7.0'],
    ['%2013%20', 13, '13.0'],
    ['1e22', 1e22, '1e+22'],
    ['-0', 0, '0.0'],
    ['1e-400', 0, '0.0'],
  ])('takes dato=%s as Python does', async (dato, value, shown) => {
    const http = await testHttp();
    const { lines } = await page(`${http.url}/nuevo?dato=${dato}`);
    expect(lines[0]).toBe(`Temperatura recibida: ${shown}°C`);
    expect(http.submitted[0]?.[0]?.value).toBe(value);
  });

  it.each([
    '',
    '?dato',
    '?dato=',
    '?dato=%20',
    '?dato=abc',
    '?dato=NaN',
    '?dato=inf',
    '?dato=-Infinity',
    '?dato=1e400',
    '?dato=0x10',
    '?dato=1%202',
    '?dato=1,5',
    '?dato=1_000',
    '?dato=--1',
    '?dato=1e',
    '?dato=%FF',
    '?dato=%zz',
    '?dato=1&dato=1',
    '?dato[]=1',
    '?Dato=1',
    `?dato=${'9'.repeat(400)}`,
  ])('refuses %s with one Spanish sentence that names dato, and stores nothing', async (query) => {
    const http = await testHttp();
    for (const route of ['/nuevo', '/detectar']) {
      const { status, lines } = await page(`${http.url}${route}${query}`);
      expect(status).toBe(400);
      expect(lines).toHaveLength(1);
      expect(lines[0]).toMatch(/^(El|Falta el) parámetro dato[ ,][^.]*(\d\.\d)?[^.]*\.$/);
      const twin = await fetch(`${http.url}${route}${query}`, json);
      expect(twin.status).toBe(400);
      expect(await twin.json()).toEqual({
        error: { code: 'invalid_input', message: lines[0], field: 'dato' },
      });
    }
    expect(http.submitted).toEqual([]);
  });

  it('has a JSON twin, by header or parameter', async () => {
    const http = await testHttp();
    const expected = { sensor: 'ñandú/1', ts: NOW, value: 13 };
    const byHeader = await fetch(`${http.url}/nuevo?dato=13&sensor=${encodeURIComponent('ñandú/1')}`, json);
    expect(byHeader.headers.get('content-type')).toBe('application/json; charset=utf-8');
    expect(byHeader.headers.get('vary')).toContain('Accept');
    expect(await byHeader.json()).toEqual(expected);
    const byParameter = await fetch(`${http.url}/nuevo?dato=13&format=json&sensor=%C3%B1and%C3%BA%2F1`);
    expect(await byParameter.json()).toEqual(expected);
    const browser = { headers: { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' } };
    expect((await page(`${http.url}/nuevo?dato=13`, browser)).lines).toHaveLength(2);
    expect((await page(`${http.url}/nuevo?dato=13&format=html`, json)).lines).toHaveLength(2);
    expect((await page(`${http.url}/nuevo?dato=13&format=xml`)).status).toBe(400);
  });

  it.each([
    ['a+b', 'a b'],
    ['a%2Bb', 'a+b'],
    ['a%26b%3Dc', 'a&b=c'],
    ['%F0%9F%98%80%7D', '😀}'],
  ])('decodes sensor=%s', async (sensor, expected) => {
    const http = await testHttp();
    expect((await page(`${http.url}/nuevo?dato=1&sensor=${sensor}`)).status).toBe(200);
    expect(http.submitted[0]?.[0]?.sensor).toBe(expected);
  });

  it.each([
    ['empty', ''],
    ['blank', '+'],
    ['two dots', '..'],
    ['too long', 'ñ'.repeat(11)],
    ['with a control character', 'a%0Ab'],
    ['not UTF-8', '%FF'],
    ['repeated', 'a&sensor=b'],
  ])('refuses a sensor that is %s', async (_, sensor) => {
    const http = await testHttp();
    for (const route of ['/nuevo?dato=1&', '/listar?', '/detectar?dato=1&']) {
      const { status, lines } = await page(`${http.url}${route}sensor=${sensor}`);
      expect(status).toBe(400);
      expect(lines[0]).toContain('El parámetro sensor ');
    }
    expect(http.submitted).toEqual([]);
  });

  it('answers 503 and 429 in Spanish', async () => {
    const down = await testHttp({
      submit: () => Promise.reject(new StoreUnavailable('ECONNREFUSED 10.1.2.3')),
    });
    const unavailable = await page(`${down.url}/nuevo?dato=1`);
    expect(unavailable.status).toBe(503);
    expect(unavailable.response.headers.get('retry-after')).toBe('5');
    expect(unavailable.lines).toEqual([
      'El almacén de datos no está disponible en este momento; inténtelo de nuevo más tarde.',
    ]);
    const busy = await testHttp({ submit: async () => [{ status: 'busy', detail: 'ahead of the clock' }] });
    const tooMany = await page(`${busy.url}/detectar?dato=1`);
    expect(tooMany.status).toBe(429);
    expect(tooMany.response.headers.get('retry-after')).toBe('1');
    expect(tooMany.lines[0]).toContain('demasiados valores');
  });

  it('tells no details of an unexpected error, but logs them under the request id', async () => {
    const http = await testHttp({ submit: () => Promise.reject(new Error('secret detail')) });
    const response = await fetch(`${http.url}/nuevo?dato=1`, json);
    expect(response.status).toBe(500);
    expect(await response.text()).toBe(
      '{"error":{"code":"internal","message":"Se ha producido un error interno."}}',
    );
    const entries = http.log.filter(({ msg }) => msg === 'request failed');
    expect(entries).toMatchObject([
      { level: 50, requestId: response.headers.get('x-request-id'), err: { message: 'secret detail' } },
    ]);
  });

  it('writes on GET only', async () => {
    const http = await testHttp();
    for (const method of ['HEAD', 'POST', 'PUT', 'DELETE']) {
      for (const route of ['/nuevo?dato=1', '/detectar?dato=1']) {
        const response = await fetch(`${http.url}${route}`, { method });
        expect(response.status).toBe(405);
        expect(response.headers.get('allow')).toBe('GET');
      }
    }
    expect(http.submitted).toEqual([]);
  });
});

describe('/listar', () => {
  it('may be asked for with HEAD, since it only reads', async () => {
    const http = await testHttp();
    expect((await fetch(`${http.url}/listar`, { method: 'HEAD' })).status).toBe(200);
    const response = await fetch(`${http.url}/listar`, { method: 'POST' });
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
  });

  it('shows hostname and readings, oldest first, in the shortest form', async () => {
    const http = await testHttp();
    await fill(http.store, MANUAL, [
      { ts: NOW, value: 72 },
      { ts: NOW + 1000, value: 14.5 },
    ]);
    const { response, lines } = await page(`${http.url}/listar`);
    expect(response.status).toBe(200);
    expect(lines).toEqual([
      'Hostname : replica &lt;1&gt;',
      'Timestamp',
      'Value (°C)',
      '2025-11-28 22:09:15',
      '72 °C',
      '2025-11-28 22:09:16',
      '14.5 °C',
    ]);
    expect(response.headers.get('cache-control')).toBe('no-store');
    const twin = await fetch(`${http.url}/listar`, json);
    expect(await twin.json()).toEqual({
      hostname: 'replica <1>',
      readings: [
        { ts: NOW, value: 72 },
        { ts: NOW + 1000, value: 14.5 },
      ],
    });
  });

  it('shows the newest 1,000, or as many as asked for', async () => {
    const http = await testHttp();
    const samples = Array.from({ length: 1005 }, (_, i) => ({ ts: NOW + i, value: i }));
    await fill(http.store, MANUAL, samples);
    const read = async (query: string) => {
      const answer = await (await fetch(`${http.url}/listar${query}`, json)).json();
      return (answer as { readings: unknown }).readings;
    };
    expect(await read('')).toEqual(samples.slice(5));
    expect(await read('?limit=2')).toEqual(samples.slice(-2));
    expect(await read('?limit=100000')).toEqual(samples);
  });

  it('reads the rows of a series again only after a commit, and keeps formats, limits and units apart', async () => {
    const { store } = await testHttp();
    let reads = 0;
    let asked = 0;
    let held = Promise.resolve();
    const counting = alteredStore(store, 'series', {
      load: (...args: Parameters<typeof store.series.load>) => {
        asked++;
        return store.series.load(...args);
      },
      newest: async (...args: Parameters<typeof store.series.newest>) => {
        reads++;
        await held;
        return store.series.newest(...args);
      },
    });
    const units = { temperature: '°C' };
    const http = await testHttp({ store: counting, units });
    const values = async (query = '') => {
      const answer = await (await fetch(`${http.url}/listar${query}`, json)).json();
      return (answer as { readings: { value: number }[] }).readings.map(({ value }) => value);
    };
    await fill(store, MANUAL, [
      { ts: NOW, value: 1 },
      { ts: NOW + 1, value: 2 },
    ]);
    expect(await values()).toEqual([1, 2]);
    expect(await values()).toEqual([1, 2]);
    expect(reads).toBe(1);
    expect(await values('?limit=1')).toEqual([2]);
    expect((await page(`${http.url}/listar`)).lines).toContain('2 °C');
    units.temperature = 'K';
    expect((await page(`${http.url}/listar`)).lines).toContain('2 K');
    expect(reads).toBe(4);
    await fill(store, MANUAL, [{ ts: NOW + 2, value: 3 }]);
    expect(await values()).toEqual([1, 2, 3]);
    // One that is too late to change the state of its series.
    await fill(store, MANUAL, [{ ts: NOW - 1, value: 0 }], { next: null });
    const before = { asked, reads };
    let release = () => {};
    held = new Promise((resolve) => {
      release = resolve;
    });
    const together = [values(), values(), values()];
    await waitFor('all three requests', () => asked === before.asked + together.length);
    release();
    for (const found of await Promise.all(together)) expect(found).toEqual([0, 1, 2, 3]);
    expect(reads).toBe(before.reads + 1);
    await store.series.remove(MANUAL);
    expect(await values()).toEqual([]);
  });

  it.each(['0', '-1', '1.5', 'x', '', '100001', '1e3', '5&limit=5'])('refuses limit=%s', async (limit) => {
    const http = await testHttp();
    const { status, lines } = await page(`${http.url}/listar?limit=${limit}`);
    expect(status).toBe(400);
    expect(lines[0]).toContain('El parámetro limit ');
  });

  it('shows another metric', async () => {
    const http = await testHttp({ units: { humidity: '%' } });
    await fill(http.store, { sensor: 's', metric: 'humidity' }, [{ ts: NOW, value: 40 }]);
    const { lines } = await page(`${http.url}/listar?sensor=s&metric=humidity`);
    expect(lines.slice(2)).toEqual(['Value (%)', '2025-11-28 22:09:15', '40 %']);
    expect((await page(`${http.url}/listar?sensor=s&metric=%0A`)).lines[0]).toContain('El parámetro metric ');
  });

  it.each(['sensor=nowhere', 'sensor=s&metric=nothing', 'metric=humidity', 'sensor=%3Cb%3E'])(
    'answers 404 in Spanish for the unknown series ?%s',
    async (query) => {
      const http = await testHttp();
      await fill(http.store, { sensor: 's', metric: 'temperature' }, [{ ts: NOW, value: 1 }]);
      const { status, lines } = await page(`${http.url}/listar?${query}`);
      expect(status).toBe(404);
      expect(lines).toHaveLength(1);
      expect(lines[0]).toMatch(/^No hay lecturas de \w+ del sensor /);
      const twin = await fetch(`${http.url}/listar?${query}`, json);
      expect([twin.status, await twin.json()]).toMatchObject([404, { error: { code: 'not_found' } }]);
    },
  );

  it('shows an empty table before the first reading, and the unit of the setting', async () => {
    const http = await testHttp({ units: { temperature: '<b>' } });
    expect((await page(`${http.url}/listar`)).lines.slice(1)).toEqual(['Timestamp', 'Value (&lt;b&gt;)']);
    const plain = await testHttp({ units: {} });
    await fill(plain.store, MANUAL, [{ ts: NOW, value: 1 }]);
    expect((await page(`${plain.url}/listar`)).lines.slice(2)).toEqual(['Value', '2025-11-28 22:09:15', '1']);
  });

  it('answers 503 in Spanish while the store is away', async () => {
    const http = await testHttp();
    const store = alteredStore(http.store, 'series', {
      newest: () => Promise.reject(new StoreUnavailable('gone')),
    });
    const down = await testHttp({ store });
    const { status, lines } = await page(`${down.url}/listar`);
    expect(status).toBe(503);
    expect(lines[0]).toContain('El almacén de datos no está disponible');
  });
});

describe('/detectar', () => {
  it('names an anomaly, its error and its prediction, and lists the last W values, the new one last', async () => {
    const http = await testHttp({
      submit: async ([reading]) => [committed(reading!, { static: verdict, window: before })],
    });
    const { status, lines } = await page(`${http.url}/detectar?dato=95`);
    expect(status).toBe(200);
    expect(lines).toEqual([
      'Temperatura recibida: 95.0°C',
      'Anomalia detectada!',
      'Error: 22.75',
      'Prediccion : 72.25',
      'Últimos valores recibidos:',
      ...['72.0', '73.0', '71.5', '72.5', '73.0', '72.0', '71.0', '70.0', '72.25', '95.0'],
      'Umbral: 3.0',
    ]);
    const twin = await fetch(`${http.url}/detectar?dato=95&sensor=s`, json);
    expect(await twin.json()).toEqual({
      sensor: 's',
      ts: NOW,
      value: 95,
      anomaly: true,
      error: 22.75,
      expected: 72.25,
      window: [...before.slice(1), 95],
      threshold: 3,
    });
  });

  it('says that all is normal, without a prediction', async () => {
    const normal = { expected: 74.954, error: 0.046, threshold: 3, anomaly: false };
    const http = await testHttp({
      submit: async ([reading]) => [committed(reading!, { static: normal, window: before })],
    });
    const { lines } = await page(`${http.url}/detectar?dato=75`);
    expect(lines.slice(0, 4)).toEqual([
      'Temperatura recibida: 75.0°C',
      'No se detectaron anomalías.',
      'Error: 0.046',
      'Últimos valores recibidos:',
    ]);
    expect(lines).toHaveLength(15);
  });

  it('says how many values are missing', async () => {
    const http = await testHttp({
      submit: async ([reading]) => [committed(reading!, { window: [71, 72, 73] })],
    });
    expect((await page(`${http.url}/detectar?dato=75`)).lines).toEqual([
      'Temperatura recibida: 75.0°C',
      'No hay suficientes datos: 3 de 10',
    ]);
    expect(await (await fetch(`${http.url}/detectar?dato=75`, json)).json()).toEqual({
      sensor: 'manual',
      ts: NOW,
      value: 75,
      anomaly: null,
      error: null,
      expected: null,
      window: [71, 72, 73, 75],
      threshold: null,
    });
  });

  it('does not guess a verdict that got lost', async () => {
    const http = await testHttp({
      submit: async ([reading]) => [{ status: 'duplicate', reading: { ...reading!, ts: NOW } }],
    });
    expect((await page(`${http.url}/detectar?dato=75`)).status).toBe(503);
  });
});
