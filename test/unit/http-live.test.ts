/** GET /api/stream over real HTTP: what it sends to whom, and what it does about clients that do not keep up. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Alert } from '../../src/domain/alert.ts';
import type { SeriesCommit } from '../../src/store/store.ts';
import { eventStream } from '../helpers/event-stream.ts';
import { waitFor } from '../helpers/wait-for.ts';
import { NOW, testHttp } from './http-fixture.ts';

function commit(sensor: string, metric: string, values: readonly number[], t = NOW): SeriesCommit {
  return {
    series: { sensor, metric },
    expectedVersion: null,
    samples: values.map((value, i) => ({ ts: t + i, value })),
    verdicts: values.map((_, i) => ({ ts: t + i, expected: 20, score: 0.5 })),
    next: {
      state: new Uint8Array(),
      snapshots: [],
      oldestSnapshot: 0,
      horizon: -1,
      assignments: [],
      status: 'normal',
    },
    alerts: [],
    duplicates: 0,
  };
}

const alert: Alert = {
  id: `a/b/anomaly/${NOW}`,
  ...{ sensor: 'a', metric: 'b', rule: 'anomaly', ts: NOW, value: 90, expected: 20, score: 3, limit: null },
  ...{ state: 'open', clearedTs: null, acknowledged: false, revision: 1 },
};

describe('the live stream', () => {
  it('sends readings with their verdicts, and alerts as the API shows them', async () => {
    const { url, live } = await testHttp();
    const { response, events } = await eventStream(`${url}/api/stream`);
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    expect(response.headers.get('cache-control')).toBe('no-store');
    live.committed(commit('a', 'b', [21]), [alert]);
    await waitFor('both events', () => events.length === 2);
    expect(events).toMatchObject([
      {
        event: 'reading',
        data: { sensor: 'a', metric: 'b', t: NOW, v: 21, expected: 20, score: 0.5, state: 'normal' },
      },
      {
        event: 'alert',
        data: {
          ...{ ...alert, model: null, explanation: null, unit: null, severity: 'critical', muted: false },
          text: { en: 'value 90, expected 20, score 3' },
        },
      },
    ]);
  });

  it('tells that a series has fallen silent, though no reading came, and of a deletion', async () => {
    const { url, live, store } = await testHttp();
    await store.series.commit([commit('a', 'b', [21])]);
    const { events } = await eventStream(`${url}/api/stream`);
    const silent = commit('a', 'b', []);
    live.committed({ ...silent, next: { ...silent.next!, status: 'silent' } }, []);
    await waitFor('the end of the stream', () => events.length === 1);
    await fetch(`${url}/api/series/a/b?confirm=a/b`, { method: 'DELETE' });
    await waitFor('the deletion', () => events.length === 2);
    expect(events).toEqual([
      { event: 'state', data: { sensor: 'a', metric: 'b', state: 'silent' } },
      { event: 'state', data: { sensor: 'a', metric: 'b', state: 'deleted' } },
    ]);
  });

  it('gives late readings the verdict of their own time', async () => {
    const { url, live } = await testHttp();
    const { events } = await eventStream(`${url}/api/stream`);
    live.committed(
      {
        ...commit('a', 'b', [21]),
        verdicts: [
          { ts: NOW - 1, expected: 1, score: 1 },
          { ts: NOW, expected: 2, score: 2 },
        ],
      },
      [],
    );
    await waitFor('the event', () => events.length === 1);
    expect(events[0]!.data).toMatchObject({ t: NOW, expected: 2, score: 2 });
  });

  it('keeps to the sensor and metric asked for', async () => {
    const { url, live } = await testHttp();
    const one = await eventStream(`${url}/api/stream?sensor=a%20b&metric=m`);
    const all = await eventStream(`${url}/api/stream?metric=m`);
    live.committed(commit('x', 'm', [1]), []);
    live.committed(commit('a b', 'n', [2]), []);
    live.committed(commit('a b', 'm', [3]), [alert]);
    await waitFor('the events', () => all.events.length === 2 && one.events.length === 1);
    expect(one.events.map(({ data }) => data.v)).toEqual([3]);
    expect(all.events.map(({ data }) => data.v)).toEqual([1, 3]);
    const twice = await fetch(`${url}/api/stream?sensor=a&sensor=b`);
    expect(twice.status).toBe(400);
  });

  it('sends the newest of each series, each in its turn, when there is more than LIVE_RATE', async () => {
    const { url, live, store } = await testHttp({ liveLimits: { intervalMs: 20, rate: 100 } });
    const { events } = await eventStream(`${url}/api/stream`);
    expect(store.kind).toBe('embedded');
    for (let i = 0; i < 100; i++)
      for (const s of ['a', 'b', 'c', 'd', 'e']) live.committed(commit(s, 'm', [i], NOW + i), []);
    await waitFor('all five', () => events.length >= 5);
    expect(events.map(({ data }) => [data.sensor, data.v])).toEqual(
      ['a', 'b', 'c', 'd', 'e'].map((s) => [s, 99]),
    );
    const metrics = await (await fetch(`${url}/metrics`)).text();
    expect(metrics).toContain('vigia_live_readings_skipped_total 495');
  });

  it('tells of an alert that was acknowledged', async () => {
    const { url, store } = await testHttp();
    await store.series.commit([{ ...commit('a', 'b', [90]), alerts: [alert] }]);
    const { events } = await eventStream(`${url}/api/stream`);
    const { id } = (await store.alerts.list({ limit: 1 }))[0]!;
    await fetch(`${url}/api/alerts/${encodeURIComponent(id)}/acknowledge`, { method: 'POST' });
    await waitFor('the event', () => events.length === 1);
    expect(events[0]).toMatchObject({ event: 'alert', data: { id, acknowledged: true } });
  });

  it('drops a client that does not read, and no other', async () => {
    const { url, live, port } = await testHttp({ liveLimits: { clientBuffer: 1024, rate: 1_000_000 } });
    const good = await eventStream(`${url}/api/stream`);
    const socket = connect(port, '127.0.0.1');
    onTestFinished(() => void socket.destroy());
    const closed = once(socket, 'close');
    socket.on('error', () => {});
    await once(socket, 'connect');
    socket.write('GET /api/stream HTTP/1.1\r\nHost: localhost\r\n\r\n');
    socket.pause();
    const clients = async () =>
      /vigia_live_clients (\d+)/.exec(await (await fetch(`${url}/metrics`)).text())![1];
    await waitFor('both clients', async () => (await clients()) === '2');
    const values = Array.from({ length: 2000 }, (_, i) => i);
    let sent = 0;
    await waitFor('the silent one to be dropped', async () => {
      live.committed(commit('a', 'm', values, NOW + sent++ * 2000), []);
      await waitFor('the good one to keep up', () => good.events.length === sent * 2000);
      return (await clients()) === '1';
    });
    socket.resume();
    await closed;
    expect(await (await fetch(`${url}/metrics`)).text()).toContain('vigia_live_clients_dropped_total 1');
  }, 30_000);

  it('takes LIVE_CLIENTS at a time', async () => {
    const { url } = await testHttp({ liveLimits: { clients: 1 } });
    const first = await eventStream(`${url}/api/stream`);
    const second = await fetch(`${url}/api/stream`);
    expect(second.status).toBe(503);
    expect(second.headers.get('retry-after')).toBe('10');
    expect(await second.json()).toMatchObject({ error: { code: 'too_many_clients' } });
    first.close();
    await waitFor('a free place', async () => {
      const again = await eventStream(`${url}/api/stream`);
      return again.response.status === 200;
    });
  });

  it('sends a comment now and then, and ends when the server closes', async () => {
    // The server would cut off a stream that does not end by itself only after an hour.
    const { url, close } = await testHttp({ liveLimits: { heartbeatMs: 20 }, closeDeadline: 3_600_000 });
    const stream = await eventStream(`${url}/api/stream`);
    await waitFor('two comments', () => stream.comments.length >= 2);
    await close();
    await stream.ended;
  });

  it('asks for the token', async () => {
    const { url } = await testHttp({ token: 'geheim' });
    expect((await fetch(`${url}/api/stream`)).status).toBe(401);
    const stream = await eventStream(`${url}/api/stream`, { headers: { authorization: 'Bearer geheim' } });
    expect(stream.response.status).toBe(200);
    expect(
      (await fetch(`${url}/api/stream`, { method: 'POST', headers: { authorization: 'Bearer geheim' } }))
        .status,
    ).toBe(405);
  });
});
