/** GET /api/series/:sensor/:metric/chart: readings or buckets, whichever the time shown asks for. */
import { describe, expect, it } from 'vitest';
import { fill, NOW, type TestHttp, testHttp } from './http-fixture.ts';

const S = { sensor: 's', metric: 'temperature' };
const MINUTE = 60_000;
const DAY = 1440 * MINUTE;

const every = (interval: number, count: number, to = NOW) =>
  Array.from({ length: count }, (_, i) => ({ ts: to - (count - 1 - i) * interval, value: i % 10 }));

async function chart({ url }: TestHttp, from: number, to = NOW) {
  const response = await fetch(`${url}/api/series/s/temperature/chart?from=${from}&to=${to}`);
  // biome-ignore lint/suspicious/noExplicitAny: also of refusals
  return { status: response.status, body: (await response.json()) as any };
}

describe('a chart', () => {
  it('has every reading while they are few, and the 100 before, with forecast and score', async () => {
    const http = await testHttp();
    const samples = every(1000, 300);
    await fill(http.store, S, samples, { verdicts: [{ ts: NOW, expected: 7, score: 0.5 }] });
    const { body } = await chart(http, NOW - 9_000);
    expect(body.width).toBeNull();
    expect(body.points.map(([t]: number[]) => t)).toEqual(samples.slice(-110).map(({ ts }) => ts));
    expect(body.points.at(-1)).toEqual([NOW, 9, 7, 0.5]);
    expect(body.points[0]).toEqual([NOW - 109_000, 0, null, null]);
  });

  it('has buckets as wide as the time shown asks for where they are many', async () => {
    const http = await testHttp();
    // 10 a second.
    await fill(http.store, S, every(100, 9_000));
    const { body } = await chart(http, NOW - 15 * MINUTE);
    expect(body.width).toBe(2_000);
    expect(body.points.length).toBeGreaterThan(400);
    expect(body.points.length).toBeLessThan(502);
    expect(body.points[1].slice(1)).toEqual([4.5, 0, 9]);
    expect((await chart(http, NOW - 5 * MINUTE)).body.width).toBeNull();
  });

  it('is one of buckets also where the newest readings are few, and ends with the time shown', async () => {
    const http = await testHttp();
    await fill(http.store, S, every(1000, 4_100, NOW - 20 * DAY));
    await fill(http.store, S, every(60 * MINUTE, 400));
    const { body } = await chart(http, NOW - 30 * DAY);
    expect(body.width).toBe(180 * MINUTE);
    const times: number[] = body.points.map(([t]: number[]) => t);
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    expect(times.at(-1)).toBeLessThanOrEqual(NOW);
    // Those of today are few enough.
    expect((await chart(http, NOW - DAY)).body.width).toBeNull();
  });

  it('reaches back beyond RETENTION, where only rollups are left', async () => {
    const http = await testHttp();
    // Readings after the horizon stay whatever their age.
    const next = { state: new Uint8Array(), snapshots: [], oldestSnapshot: 0, horizon: NOW };
    await fill(http.store, S, every(60 * MINUTE, 40 * 24), {
      next: { ...next, assignments: [], status: 'normal' },
    });
    await http.store.trim(NOW);
    const { body } = await chart(http, NOW - 45 * DAY);
    expect(body.width).toBe(180 * MINUTE);
    expect(body.points[0][0]).toBeLessThan(NOW - 39 * DAY);
    const past = await chart(http, NOW - 36 * DAY, NOW - 35 * DAY);
    expect(past.body.points.length).toBeGreaterThan(20);
  });

  it('of an empty time is empty, of a series that there is none of is not found', async () => {
    const http = await testHttp();
    await fill(http.store, S, every(1000, 5, NOW - DAY));
    expect((await chart(http, NOW - 3 * DAY, NOW - 2 * DAY)).body).toEqual({
      width: null,
      points: [],
      // Of the rules in force.
      limits: { min: null, max: 30 },
    });
    const gone = await fetch(`${http.url}/api/series/no/such/chart?from=1&to=2`);
    expect(gone.status).toBe(404);
    expect((await chart(http, NOW, NOW)).body.error.field).toBe('from');
  });
});
