import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { alertId } from '../../src/domain/alert.ts';
import type { Outcome } from '../../src/domain/outcome.ts';
import { StoreUnavailable } from '../../src/errors.ts';
import { committed, fill, NOW, testHttp } from './http-fixture.ts';

const S = { sensor: 's', metric: 'temperature' };
const reading = { ...S, value: 21.5 };

async function get(url: string, init?: RequestInit) {
  const response = await fetch(url, init);
  // biome-ignore lint/suspicious/noExplicitAny: the tests look into answers of every shape
  return { response, status: response.status, body: (await response.json()) as any };
}

const post = (url: string, body: unknown, init: RequestInit = {}) =>
  get(url, {
    method: 'POST',
    body: typeof body === 'string' || body instanceof Uint8Array ? (body as string) : JSON.stringify(body),
    ...init,
  });

describe('POST /api/readings', () => {
  it('submits an array, or one object, and counts', async () => {
    const http = await testHttp();
    const two = await post(`${http.url}/api/readings`, [reading, { ...reading, ts: NOW - 5, extra: 1 }]);
    expect(two.status).toBe(200);
    expect(two.body).toEqual({ committed: 2, duplicate: 0, rejected: [] });
    expect((await post(`${http.url}/api/readings`, reading)).body.committed).toBe(1);
    expect((await post(`${http.url}/api/readings`, [])).body).toEqual({
      committed: 0,
      duplicate: 0,
      rejected: [],
    });
    expect(http.submitted).toEqual([[reading, { ...reading, ts: NOW - 5 }], [reading]]);
  });

  it.each([
    [NOW, NOW],
    [NOW + 0.4, NOW],
    ['2025-11-28T22:09:15', NOW],
    ['2025-11-28 22:09:15.000', NOW],
    ['2025-11-28T22:09:15Z', NOW],
    ['2025-11-29T00:09:15+02:00', NOW],
    ['2025-11-29T12:09:15+14', NOW],
    ['2025-11-28T12:39:15-0930', NOW],
  ])('reads ts %s', async (ts, expected) => {
    const http = await testHttp();
    await post(`${http.url}/api/readings`, { ...reading, ts });
    expect(http.submitted[0]?.[0]?.ts).toBe(expected);
  });

  it.each(['+25:00', '-14:60', '+15'])('knows no zone %s', async (zone) => {
    const http = await testHttp();
    const { body } = await post(`${http.url}/api/readings`, { ...reading, ts: `2025-11-28T22:09:15${zone}` });
    expect(body.rejected).toMatchObject([{ field: 'ts', reason: 'bad-ts' }]);
  });

  it.each(['.', '..', ' ', '\u2003\u00a0'])('takes no name %j', async (name) => {
    const http = await testHttp();
    const readings = [
      { ...reading, sensor: name },
      { ...reading, metric: name },
    ];
    const { body } = await post(`${http.url}/api/readings`, readings);
    expect(body.rejected).toMatchObject([
      { field: 'sensor', reason: 'bad-sensor' },
      { field: 'metric', reason: 'bad-metric' },
    ]);
  });

  it('rejects what is no reading and still submits the others', async () => {
    let counted = 0;
    const http = await testHttp({
      countRejected: (n) => {
        counted += n;
      },
    });
    const body = `[
      {"sensor":"s","metric":"temperature","value":1},
      {"sensor":"s","metric":"temperature"},
      {"sensor":"s","metric":"temperature","value":"1"},
      {"sensor":"s","metric":"temperature","value":1e400},
      {"sensor":"s","metric":"temperature","value":null},
      {"sensor":"","metric":"temperature","value":1},
      {"sensor":"s","metric":"${'ñ'.repeat(11)}","value":1},
      {"sensor":"a\\u0000b","metric":"m","value":1},
      {"metric":"m","value":1},
      {"sensor":7,"metric":"m","value":1},
      {"sensor":"s","metric":"m","value":1,"ts":"yesterday"},
      {"sensor":"s","metric":"m","value":1,"ts":null},
      {"sensor":"s","metric":"m","value":1,"ts":-1},
      {"sensor":"s","metric":"m","value":1,"ts":1e300},
      7, null, [], "x",
      {"sensor":"}/😀","metric":"__proto__","value":-0,"ts":0}
    ]`;
    const { status, body: answer } = await post(`${http.url}/api/readings`, body);
    expect(status).toBe(200);
    expect(answer.committed).toBe(2);
    expect(
      answer.rejected.map(({ index, field }: { index: number; field: string }) => [index, field]),
    ).toEqual([
      [1, 'value'],
      [2, 'value'],
      [3, 'value'],
      [4, 'value'],
      [5, 'sensor'],
      [6, 'metric'],
      [7, 'sensor'],
      [8, 'sensor'],
      [9, 'sensor'],
      [10, 'ts'],
      [11, 'ts'],
      [12, 'ts'],
      [13, 'ts'],
      [14, 'reading'],
      [15, 'reading'],
      [16, 'reading'],
      [17, 'reading'],
    ]);
    expect(answer.rejected[0]).toEqual({
      index: 1,
      field: 'value',
      reason: 'bad-value',
      detail: 'value is missing',
    });
    expect(counted).toBe(17);
    expect(http.submitted).toEqual([
      [
        { sensor: 's', metric: 'temperature', value: 1 },
        { sensor: '}/😀', metric: '__proto__', value: 0, ts: 0 },
      ],
    ]);
  });

  it('puts what the pipeline refuses at its place in the request', async () => {
    const outcomes: Outcome[] = [
      { status: 'duplicate', reading: { ...reading, ts: NOW } },
      { status: 'rejected', field: 'ts', reason: 'in-the-future', detail: 'too far' },
      committed(reading),
    ];
    const http = await testHttp({ submit: async () => outcomes });
    const { body } = await post(`${http.url}/api/readings`, ['x', reading, reading, 'x', reading]);
    expect(body).toEqual({
      committed: 1,
      duplicate: 1,
      rejected: [
        expect.objectContaining({ index: 0, field: 'reading', reason: 'bad-reading' }),
        { index: 2, field: 'ts', reason: 'in-the-future', detail: 'too far' },
        expect.objectContaining({ index: 3, field: 'reading', reason: 'bad-reading' }),
      ],
    });
  });

  it('answers 429 when arrival times ran ahead, and says which readings to send again', async () => {
    const http = await testHttp({
      submit: async () => [committed(reading), { status: 'busy', detail: 'ahead of the clock' }],
    });
    const { response, status, body } = await post(`${http.url}/api/readings`, [reading, reading]);
    expect(status).toBe(429);
    expect(response.headers.get('retry-after')).toBe('1');
    expect(body).toMatchObject({
      error: { code: 'busy', field: 'ts' },
      committed: 1,
      rejected: [{ index: 1, reason: 'busy' }],
    });
  });

  it.each([
    ['nothing', ''],
    ['broken JSON', '[{'],
    ['text', '"abc"'],
    ['a number', '21.5'],
    ['null', 'null'],
    ['bytes that are not UTF-8', Buffer.from('[{"sensor":"\xff","metric":"m","value":1}]', 'latin1')],
    ['deeply nested arrays', '['.repeat(60_000)],
  ])('refuses %s as a whole', async (_, body) => {
    const http = await testHttp();
    const answer = await post(`${http.url}/api/readings`, body);
    expect(answer.status).toBe(400);
    expect(answer.body.error).toMatchObject({ code: 'invalid_input', field: 'body' });
    expect(http.submitted).toEqual([]);
  });

  it('refuses too much with 413: bytes, bytes after decompression, readings', async () => {
    const http = await testHttp();
    const large = ' '.repeat(10 * 1024 * 1024);
    const tooLarge = [
      await post(`${http.url}/api/readings`, large),
      await post(`${http.url}/api/readings`, gzipSync(large), { headers: { 'content-encoding': 'gzip' } }),
      await post(`${http.url}/api/readings`, new Array(101).fill(reading)),
    ];
    for (const { status, body } of tooLarge) {
      expect(status).toBe(413);
      expect(body.error.code).toBe('too_large');
    }
    expect(http.submitted).toEqual([]);
    // The server is none the worse for it.
    expect((await post(`${http.url}/api/readings`, new Array(100).fill(reading))).body.committed).toBe(100);
  });

  it('takes compressed bodies, and any content type', async () => {
    const http = await testHttp();
    for (const headers of [
      { 'content-encoding': 'gzip', 'content-type': 'application/json' },
      { 'content-encoding': 'gzip', 'content-type': 'application/x-www-form-urlencoded' },
    ]) {
      const { body } = await post(`${http.url}/api/readings`, gzipSync(JSON.stringify(reading)), { headers });
      expect(body.committed).toBe(1);
    }
    const encoded = await post(`${http.url}/api/readings`, '[]', {
      headers: { 'content-encoding': 'nonsense' },
    });
    expect(encoded.status).toBe(415);
  });

  it('answers 503 while the store is away, without telling addresses', async () => {
    const http = await testHttp({
      submit: () => Promise.reject(new StoreUnavailable('ECONNREFUSED 10.1.2.3')),
    });
    const { response, status, body } = await post(`${http.url}/api/readings`, reading);
    expect(status).toBe(503);
    expect(response.headers.get('retry-after')).toBe('5');
    expect(body.error.code).toBe('store_unavailable');
    expect(JSON.stringify(body)).not.toContain('10.1.2.3');
    expect(JSON.stringify(http.log)).toContain('10.1.2.3');
  });
});

describe('GET /api/series', () => {
  it('lists every series with unit, last reading and state', async () => {
    const http = await testHttp({ units: { temperature: '°C' } });
    await fill(http.store, S, [{ ts: NOW, value: 21.5 }]);
    await fill(http.store, { sensor: 't', metric: 'constructor' }, [{ ts: NOW + 1, value: 2 }]);
    const { status, response, body } = await get(`${http.url}/api/series`);
    expect(status).toBe(200);
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(body).toEqual([
      { ...S, name: null, unit: '°C', last: { t: NOW, v: 21.5 }, state: 'normal' },
      {
        sensor: 't',
        metric: 'constructor',
        name: null,
        unit: null,
        last: { t: NOW + 1, v: 2 },
        state: 'normal',
      },
    ]);
    for (const query of ['sensor=t', 'metric=constructor', 'sensor=t&metric=constructor']) {
      expect((await get(`${http.url}/api/series?${query}`)).body).toEqual([body[1]]);
    }
    expect((await get(`${http.url}/api/series?sensor=s&metric=constructor`)).body).toEqual([]);
  });

  const HOUR = 3_600_000;

  async function filled() {
    const http = await testHttp();
    const samples = [-2 * HOUR, -1800_000, -60_000, -30_000, 1000].map((d, i) => ({
      ts: NOW + d,
      value: i + 1,
    }));
    await fill(http.store, { sensor: 'a/b %', metric: 'm' }, samples, {
      verdicts: [{ ts: NOW - 30_000, expected: 3.5, score: 0.25 }],
    });
    return { http, url: `${http.url}/api/series/${encodeURIComponent('a/b %')}/m` };
  }

  it('reads the last hour by default, with verdicts where there are any', async () => {
    const { url } = await filled();
    expect((await get(url)).body).toEqual([
      { t: NOW - 1800_000, v: 2 },
      { t: NOW - 60_000, v: 3 },
      { t: NOW - 30_000, v: 4, expected: 3.5, score: 0.25 },
      { t: NOW + 1000, v: 5 },
    ]);
  });

  it('reads a range by ms or ISO 8601, both ends included', async () => {
    const { url } = await filled();
    const values = async (query: string) =>
      (await get(`${url}?${query}`)).body.map(({ v }: { v: number }) => v);
    expect(await values('from=0')).toEqual([1, 2, 3, 4, 5]);
    expect(await values(`from=${NOW - 60_000}&to=${NOW - 30_000}`)).toEqual([3, 4]);
    expect(await values('from=2025-11-28T22:08:15&to=2025-11-28T23:08:45%2B01:00')).toEqual([3, 4]);
    expect(await values(`to=${NOW - HOUR}`)).toEqual([1]);
  });

  it('aggregates by bucket', async () => {
    const { url } = await filled();
    const minute = NOW - (NOW % 60_000);
    expect((await get(`${url}?from=${NOW - 120_000}&bucket=1m`)).body).toEqual([
      { t: minute - 60_000, v: 3.5 },
      { t: minute, v: 5 },
    ]);
    expect((await get(`${url}?from=0&bucket=1d&agg=max`)).body).toEqual([
      { t: NOW - (NOW % 86_400_000), v: 5 },
    ]);
    expect((await get(`${url}?from=0&bucket=86400000&agg=min`)).body[0].v).toBe(1);
  });

  it.each([
    ['from', 'from=abc'],
    ['from', 'from='],
    ['from', 'from=2025-02-30'],
    ['to', 'to=-5'],
    ['from', 'from=20&to=10'],
    ['from', 'from=1&from=2'],
    ['to', 'to=%FF'],
    ['bucket', 'bucket=0'],
    ['bucket', 'bucket=1w'],
    ['bucket', 'from=0&bucket=1'],
    ['agg', 'bucket=1m&agg=sum'],
    ['agg', 'agg=min'],
  ])('refuses, naming %s: %s', async (field, query) => {
    const { url } = await filled();
    const { status, body } = await get(`${url}?${query}`);
    expect(status).toBe(400);
    expect(body.error).toMatchObject({ code: 'invalid_input', field });
    expect(body.error.message).not.toContain('Invalid');
  });

  it('refuses more than 100,000 points instead of leaving some out', async () => {
    const { http, url } = await filled();
    const samples = Array.from({ length: 99_996 }, (_, i) => ({ ts: NOW - 2 * HOUR + 1 + i, value: 0 }));
    await fill(http.store, { sensor: 'a/b %', metric: 'm' }, samples);
    const { status, body } = await get(`${url}?from=0`);
    expect(status).toBe(400);
    expect(body.error.message).toContain('more than 100000 points');
    expect((await get(`${url}?from=${NOW - 2 * HOUR + 1}`)).body).toHaveLength(100_000);
  });

  it('tells an unknown series from one without readings in the range', async () => {
    const { http, url } = await filled();
    expect((await get(`${url}?from=5&to=6`)).body).toEqual([]);
    const unknown = await get(`${http.url}/api/series/none/m`);
    expect(unknown.status).toBe(404);
    expect(unknown.body.error.code).toBe('not_found');
  });
});

describe('/api/alerts', () => {
  async function withAlerts() {
    const http = await testHttp();
    const series = [S, { sensor: 'a/b', metric: 'm' }];
    for (const [i, each] of series.entries()) {
      const ts = NOW + i;
      await fill(http.store, each, [{ ts, value: 95 }], {
        alerts: [
          {
            rule: 'anomaly',
            ts,
            value: 95,
            expected: 72,
            score: 3,
            limit: i === 0 ? 80 : null,
            ...(i === 0 && { model: 'm-1' }),
            state: i === 0 ? 'cleared' : 'open',
            clearedTs: i === 0 ? ts + 9 : null,
          },
        ],
      });
    }
    return http;
  }

  it('lists alerts, newest first, by sensor, metric, state, time and number', async () => {
    const http = await withAlerts();
    const { body } = await get(`${http.url}/api/alerts`);
    expect(body).toEqual([
      expect.objectContaining({
        id: `a%2Fb/m/anomaly/${NOW + 1}`,
        sensor: 'a/b',
        state: 'open',
        model: null,
      }),
      expect.objectContaining({
        id: `s/temperature/anomaly/${NOW}`,
        ...S,
        unit: '°C',
        rule: 'anomaly',
        ts: NOW,
        value: 95,
        expected: 72,
        score: 3,
        limit: 80,
        model: 'm-1',
        explanation: null,
        state: 'cleared',
        clearedTs: NOW + 9,
        acknowledged: false,
        revision: 1,
        severity: 'critical',
        muted: false,
        durationMs: 9,
        text: {
          en: 'value 95 °C, expected 72 °C, score 3',
          es: 'valor 95 °C, se esperaba 72 °C, puntuación 3',
        },
      }),
    ]);
    for (const query of ['sensor=a%2Fb', 'metric=m', 'state=open', 'limit=1', `from=${NOW + 1}`]) {
      const filtered = (await get(`${http.url}/api/alerts?${query}`)).body;
      expect(filtered).toEqual([body[0]]);
    }
  });

  it.each([
    ['state', 'state=closed'],
    ['limit', 'limit=0'],
    ['limit', 'limit=10001'],
    ['limit', 'limit=x'],
    ['sensor', 'sensor=a&sensor=b'],
    ['from', 'from=yesterday'],
  ])('refuses, naming %s: %s', async (field, query) => {
    const http = await testHttp();
    const { status, body } = await get(`${http.url}/api/alerts?${query}`);
    expect(status).toBe(400);
    expect(body.error.field).toBe(field);
  });

  it('acknowledges an alert by its encoded id', async () => {
    const http = await withAlerts();
    const id = alertId({ sensor: 'a/b', metric: 'm' }, 'anomaly', NOW + 1);
    const acknowledge = (given: string) =>
      get(`${http.url}/api/alerts/${encodeURIComponent(given)}/acknowledge`, { method: 'POST' });
    expect((await acknowledge(id)).body).toMatchObject({ id, acknowledged: true });
    expect((await get(`${http.url}/api/alerts?sensor=a%2Fb`)).body[0].acknowledged).toBe(true);
    expect((await acknowledge('no/such/alert/1')).status).toBe(404);
  });

  it('acknowledges many at once, and says which there were', async () => {
    const http = await withAlerts();
    const ids = [
      alertId({ sensor: 'a/b', metric: 'm' }, 'anomaly', NOW + 1),
      'no/such/alert/1',
      alertId(S, 'anomaly', NOW),
    ];
    const { status, body } = await post(`${http.url}/api/alerts/acknowledge`, { ids });
    expect(status).toBe(200);
    expect(body).toMatchObject([
      { id: ids[0], acknowledged: true, revision: 2 },
      { id: ids[2], acknowledged: true },
    ]);
    const alerts = (await get(`${http.url}/api/alerts`)).body;
    expect(alerts.map(({ acknowledged }: { acknowledged: boolean }) => acknowledged)).toEqual([true, true]);
  });

  it.each([
    ['body', '[]'],
    ['ids', '{}'],
    ['ids', '{"ids":[1]}'],
    ['ids', JSON.stringify({ ids: Array(501).fill('a') })],
  ])('refuses to acknowledge, naming %s: %s', async (field, given) => {
    const { url } = await testHttp();
    const { status, body } = await post(`${url}/api/alerts/acknowledge`, given);
    expect(status).toBe(400);
    expect(body.error.field).toBe(field);
  });
});

describe('the rest of /api', () => {
  it('tells no details of an unexpected error', async () => {
    const http = await testHttp({ submit: () => Promise.reject(new Error('secret detail')) });
    const { status, body } = await post(`${http.url}/api/readings`, reading);
    expect(status).toBe(500);
    expect(body).toEqual({ error: { code: 'internal', message: 'internal error' } });
  });

  it('answers unknown routes, wrong methods and broken URLs in JSON', async () => {
    const http = await testHttp();
    expect((await get(`${http.url}/api/nothing`)).body.error.code).toBe('not_found');
    const wrong = await get(`${http.url}/api/readings`);
    expect(wrong.status).toBe(405);
    expect(wrong.response.headers.get('allow')).toBe('POST');
    for (const path of ['/api/series/%zz/m', '/api/series/%FF/m', '/api/%']) {
      const broken = await get(`${http.url}${path}`);
      expect(broken.status).toBe(400);
      expect(broken.body.error.code).toBe('invalid_input');
    }
  });

  it('asks for the token when one is set, and leaves the other routes open', async () => {
    const http = await testHttp({ token: 'geheim' });
    const status = async (authorization?: string, path = '/api/series') =>
      (await fetch(`${http.url}${path}`, { headers: authorization ? { authorization } : {} })).status;
    const refused = await get(`${http.url}/api/readings`, { method: 'POST', body: '[' });
    expect(refused.status).toBe(401);
    expect(refused.body.error.code).toBe('unauthorized');
    expect(refused.response.headers.get('www-authenticate')).toBe('Bearer');
    for (const wrong of ['Bearer', 'Bearer ', 'Bearer geheim2', 'Bearer gehei', 'Basic geheim', 'geheim']) {
      expect(await status(wrong)).toBe(401);
    }
    expect(await status('Bearer geheim')).toBe(200);
    expect(await status('bearer  geheim')).toBe(200);
    expect(await status(undefined, '/api/nothing')).toBe(401);
    for (const open of ['/', '/healthz', '/readyz', '/metrics', '/nuevo?dato=1', '/listar']) {
      expect(await status(undefined, open)).toBe(200);
    }
    expect(JSON.stringify(http.log)).not.toContain('geheim');
  });
});

it('refuses writes that a page of another site makes in the browser', async () => {
  const { url, submitted } = await testHttp();
  for (const site of ['cross-site', 'same-site']) {
    const response = await fetch(`${url}/api/readings`, {
      method: 'POST',
      headers: { 'sec-fetch-site': site },
      body: '[{"sensor":"a","metric":"b","value":1}]',
    });
    expect(response.status).toBe(403);
  }
  expect(submitted).toEqual([]);
});

describe('/api/dead-letters/ids', () => {
  it('names all of them, oldest first and page by page', async () => {
    const { url, store } = await testHttp();
    const letter = (id: string, lastTs: number) => ({
      id,
      topic: 't',
      bytes: Buffer.from('x'),
      reason: 'r',
      detail: 'd',
      lastTs,
    });
    await store.deadLetters.add([letter('b-1', NOW), letter('a', NOW), letter('c', NOW - 1)]);
    const first = await get(`${url}/api/dead-letters/ids?limit=2`);
    expect(first.body.ids).toEqual(['c', 'a']);
    const second = await get(`${url}/api/dead-letters/ids?limit=2&after=${first.body.next}`);
    expect(second.body).toEqual({ ids: ['b-1'], next: null });
    const refused = await get(`${url}/api/dead-letters/ids?after=nonsense`);
    expect(refused.status).toBe(400);
    expect(refused.body.error.field).toBe('after');
  });
});

describe('what the panel asks for', () => {
  const at = (t: number, value: number) => ({ ts: t, value });

  it('the newest readings of several series in one request', async () => {
    const http = await testHttp();
    const odd = { sensor: 'a/b, c', metric: 'm%' };
    await fill(http.store, { sensor: 's', metric: 't' }, [at(1, 10), at(2, 20), at(3, 30)], {
      verdicts: [{ ts: 3, expected: 29, score: 0.5 }],
    });
    await fill(http.store, odd, [at(5, 50)]);
    const series = ['s/t', 'a%2Fb%2C%20c/m%25', 'no/such'].map(encodeURIComponent).join(',');
    const { body } = await get(`${http.url}/api/recent?points=2&series=${series}`);
    expect(body).toEqual([
      {
        sensor: 's',
        metric: 't',
        points: [
          [2, 20, null],
          [3, 30, 0.5],
        ],
      },
      { ...odd, points: [[5, 50, null]] },
      { sensor: 'no', metric: 'such', points: [] },
    ]);
  });

  it.each([
    ['', 'series'],
    ['series=a', 'series'],
    ['series=a/b/c', 'series'],
    ['series=a/b,', 'series'],
    ['series=a/%25zz', 'series'],
    [`series=${Array(201).fill('a/b').join(',')}`, 'series'],
    ['series=a/b&points=0', 'points'],
    ['series=a/b&points=1001', 'points'],
  ])('refuses /api/recent?%s', async (query, field) => {
    const { url } = await testHttp();
    const answer = await get(`${url}/api/recent?${query}`);
    expect(answer.status).toBe(400);
    expect(answer.body.error.field).toBe(field);
  });

  it('which replica answers, and its accounting', async () => {
    const { url } = await testHttp();
    expect((await get(`${url}/api/status`)).body).toEqual({
      hostname: 'replica <1>',
      version: '1.2.3',
      store: 'embedded',
      readings: { received: 9, committed: 4, duplicate: 2, deadLettered: 1, rejected: 1, inFlight: 1 },
    });
  });
});
