/**
 * Runs every query of the dashboards that does not go to Prometheus, as the plugins would: Infinity at a bridge, MQTT at a
 * broker, redis-datasource at RedisTimeSeries; and each has data. (Those to Prometheus: test/e2e/prometheus.test.ts.)
 */
import type { Panel } from '@grafana/schema';
import { Redis, type RedisOptions } from 'ioredis';
import { describe, expect, it, onTestFinished } from 'vitest';
import { waitForOutput } from '../helpers/child.ts';
import { columnsOf, dataSources, interpolate, type Query, queries } from '../helpers/grafana-files.ts';
import { MOSQUITTO, startMosquitto } from '../helpers/mosquitto.ts';
import { mqttClient } from '../helpers/mqtt-peers.ts';
import { temporaryDirectory } from '../helpers/temporary-directory.ts';
import { TIMESERIES_URL, takeTimeseriesServer } from '../helpers/time-series-server.ts';
import { vigia } from '../helpers/vigia.ts';
import { waitFor } from '../helpers/wait-for.ts';

const INFINITY = 'yesoreyeram-infinity-datasource';
const MQTT = 'grafana-mqtt-datasource';
const REDIS = 'redis-datasource';

const TOKEN = 'token-of-the-stack';
const NOW = Math.floor(Date.now() / 1000) * 1000;
/** Two hours, one reading in ten seconds, the last of them a fault that nobody overlooks: its alert is open. */
const FROM = NOW - 7_200_000;
const COUNT = 720;
const FAULT = COUNT - 1;
const value = (i: number) =>
  i === FAULT ? 500 : Number((20 + Math.sin(i / 9) + Math.sin(i * 7) / 50).toFixed(3));

/** A bridge that has stored the readings of `sensor`, and its alert. */
async function bridgeWith(sensor: string, metric: string, env: Record<string, string> = {}) {
  const broker = await startMosquitto();
  const child = vigia(['bridge', '--port', '0', '--data', temporaryDirectory()], {
    env: { MQTT_URL: broker.url, ...env },
  });
  const [, url] = await waitForOutput(child, /open\s+(http:\/\/\S+?)\/\n/);
  const headers = { Authorization: `Bearer ${TOKEN}` };
  const readings = Array.from({ length: COUNT }, (_, i) => ({
    ...{ sensor, metric },
    ts: FROM + i * 10_000,
    value: value(i),
  }));
  for (let i = 0; i < COUNT; i += 60) {
    const body = JSON.stringify(readings.slice(i, i + 60));
    const response = await fetch(`${url}/api/readings`, { method: 'POST', body, headers });
    expect(await response.json()).toMatchObject({ committed: 60 });
  }
  const alerts = (await (await fetch(`${url}/api/alerts`, { headers })).json()) as { ts: number }[];
  expect(alerts.map(({ ts }) => ts)).toContain(FROM + FAULT * 10_000);
  return { broker, url: url! };
}

interface Column {
  readonly selector: string;
  readonly text: string;
  readonly type: 'string' | 'number' | 'boolean' | 'timestamp_epoch';
}

/** A value of a row as Infinity's backend parser picks it: names separated by dots. */
function pick(row: unknown, selector: string): unknown {
  return selector
    .split('.')
    .reduce<unknown>((at, name) => (at as Record<string, unknown> | null)?.[name], row);
}

/** What Infinity asks the bridge, and the columns it makes of the answer. */
async function runInfinity({ where, target }: Query, url: string, values: Record<string, string | number>) {
  const query = target as typeof target & {
    readonly url: string;
    readonly url_options: { readonly method: string; readonly params: { key: string; value: string }[] };
    readonly columns: readonly Column[];
  };
  expect(query, where).toMatchObject({ type: 'json', source: 'url', parser: 'backend', root_selector: '' });
  const address = new URL(url + interpolate(query.url, values));
  for (const { key, value: text } of query.url_options.params) {
    address.searchParams.append(key, interpolate(text, values));
  }
  // Infinity's `auth_method: bearerToken`.
  const headers = { Authorization: `Bearer ${TOKEN}` };
  const response = await fetch(address, { method: query.url_options.method, headers });
  const answer = await response.json();
  expect(response.status, `${where}: ${JSON.stringify(answer)}`).toBe(200);
  const rows = answer as unknown[];
  expect(rows.length, `${where}: rows`).toBeGreaterThan(0);
  return query.columns.map(({ selector, text, type }) => ({
    text,
    type,
    values: rows.map((row) => pick(row, selector) ?? null),
  }));
}

describe.skipIf(!MOSQUITTO)('queries of the dashboards (Mosquitto)', () => {
  it('Infinity: each finds its columns in the answer of a bridge', async () => {
    // What a topic could not name, but HTTP can.
    const sensor = 'horno 1/á & b?';
    const metric = 'temperature';
    const { url } = await bridgeWith(sensor, metric, { HTTP_TOKEN: TOKEN });
    expect(dataSources().find(({ type }) => type === INFINITY)).toMatchObject({
      jsonData: { auth_method: 'bearerToken' },
      secureJsonData: { bearerToken: '$__file{/run/secrets/http_token}' },
    });
    expect((await fetch(`${url}/api/series`)).status).toBe(401);
    const values = { sensor, metric, __from: FROM, __to: NOW, __interval_ms: 60_000 };
    const all = queries('telemetria.json', INFINITY);
    expect(all.length).toBeGreaterThan(10);
    for (const query of all) {
      const columns = await runInfinity(query, url, values);
      for (const { text, type, values: column } of columns) {
        const found = column.filter((item) => item !== null);
        expect(found.length, `${query.where}, column ${text}`).toBeGreaterThan(0);
        const wanted = type === 'timestamp_epoch' ? 'number' : type;
        expect([...new Set(found.map((item) => typeof item))], `${query.where}, column ${text}`).toEqual([
          wanted,
        ]);
        if (type === 'timestamp_epoch') {
          for (const ts of found as number[]) {
            expect(ts, `${query.where}, column ${text}`).toBeGreaterThan(FROM - 3_600_000);
            expect(ts).toBeLessThanOrEqual(Date.now() + 3_600_000);
          }
        }
      }
      if (query.target.format === 'timeseries') {
        expect(columns.filter(({ type }) => type === 'timestamp_epoch')).toHaveLength(1);
        expect(columns.filter(({ type }) => type === 'number').length).toBe(columns.length - 1);
      }
    }
    const [sensors, metrics] = await Promise.all(
      all.slice(0, 2).map((query) => runInfinity(query, url, values)),
    );
    expect(sensors![0]!.values).toEqual([sensor]);
    expect(metrics![0]!.values).toEqual([metric]);
    const history = all.filter(({ panel }) => panel?.title?.startsWith('Historia'));
    const [line, marks] = await Promise.all(history.map((query) => runInfinity(query, url, values)));
    expect(
      line!.find(({ text }) => text === 'pronóstico')!.values.filter((item) => item !== null).length,
    ).toBeGreaterThan(COUNT / 2);
    expect(marks!.find(({ text }) => text === 'anomalía')!.values).toContain(500);
  });

  it('MQTT: the live panel’s topic carries the readings, and its filter leaves the value', async () => {
    const broker = await startMosquitto();
    const all = queries('telemetria.json', MQTT);
    expect(all).toHaveLength(1);
    const { target, panel } = all[0]!;
    const topic = interpolate(target.topic as string, { sensor: 'sensor-01', metric: 'temperature' });
    const fields = new Set<string>();
    const client = await mqttClient(broker.url, { clientId: 'grafana' }, (connecting) =>
      connecting.on('message', (_, payload) => {
        const message = JSON.parse(payload.toString());
        for (const name of typeof message === 'object' ? Object.keys(message) : ['Value']) fields.add(name);
      }),
    );
    await client.subscribeAsync(topic);
    // Our own sensors, and a bare number as other devices send.
    vigia(['devices', '--url', broker.url, '--count', '2', '--interval', '50']);
    await waitFor('a reading', () => fields.has('value'));
    await client.publishAsync(topic, '21.5');
    await waitFor('a bare number', () => fields.has('Value'));
    const { options } = panel!.transformations!.find(({ id }) => id === 'filterFieldsByName')!;
    const shown = new RegExp((options as { include: { pattern: string } }).include.pattern);
    expect([...fields].filter((name) => shown.test(name)).sort()).toEqual(['Value', 'value']);
    expect(shown.test('Time')).toBe(true);
    expect(shown.test('ts')).toBe(false);
    const { jsonData } = dataSources().find(({ type }) => type === MQTT)!;
    expect(jsonData).toMatchObject({ uri: 'tcp://broker:1883', clientID: 'grafana' });
  });
});

/** The columns that the panel makes of the stream's entries are all of them, and those of an alert. */
function expectAlertColumns(panel: Panel, entries: readonly [string, string[]][]): void {
  const { indexByName, excludeByName, renameByName } = columnsOf(panel);
  const withoutTime = (names: string[]) => names.filter((name) => name !== '$time').sort();
  for (const [, fields] of entries) {
    const alert = JSON.parse(fields[fields.indexOf('alert') + 1]!);
    const known = withoutTime([...Object.keys(indexByName), ...Object.keys(excludeByName)]);
    expect(known).toEqual(expect.arrayContaining(Object.keys(alert)));
    expect(Object.keys(alert)).toEqual(expect.arrayContaining(withoutTime(Object.keys(renameByName))));
  }
}

describe.skipIf(!TIMESERIES_URL || !MOSQUITTO)('queries of the dashboards at RedisTimeSeries', () => {
  it('redis-datasource: each returns data', async () => {
    const timeseries = await takeTimeseriesServer();
    onTestFinished(() => timeseries.release());
    const sensor = `grafana-${process.pid}`;
    await bridgeWith(sensor, 'temperature', { REDIS_URL: timeseries.url, REDIS_LAYOUT: 'timeseries' });
    const options: RedisOptions & { replyMapping: 'legacy' } = { protocol: 2, replyMapping: 'legacy' };
    const client = new Redis(timeseries.url, options);
    onTestFinished(() => client.disconnect());
    const call = (...args: (string | number)[]) =>
      client.call(...(args.map(String) as [string, ...string[]])) as Promise<unknown[]>;
    const all = queries('telemetria-redis.json', REDIS);
    expect(all.length).toBeGreaterThan(5);

    const variable = all[0]!.target.query as string;
    const [command, ...filter] = variable.split(' ');
    const keys = (await call(command!, ...filter)) as string[];
    const regex = /^\/(.*)\/$/.exec(all[0]!.target.regex as string)![1]!;
    const found = keys
      .map((key) => new RegExp(regex).exec(key)?.groups)
      .find((groups) => groups?.text?.includes(sensor));
    expect(found).toMatchObject({ text: `${sensor}/temperature`, value: `vigia:{${sensor}/temperature}` });

    const values = { series: found!.value!, metric: 'temperature' };
    for (const { where, target, panel } of all.slice(1)) {
      const query = target as typeof target & Record<string, string | number>;
      const text = (name: string) => interpolate(String(query[name] ?? ''), values);
      const from = panel?.timeFrom ? NOW - 30 * 86_400_000 : FROM;
      const aggregation = query.aggregation
        ? ['AGGREGATION', text('aggregation'), query.bucket as number]
        : [];
      const requests: Record<string, () => Promise<unknown[]>> = {
        'ts.range': () => call('TS.RANGE', text('keyName'), from, NOW, ...aggregation),
        'ts.mrange': () =>
          call('TS.MRANGE', from, NOW, ...aggregation, 'WITHLABELS', 'FILTER', ...text('filter').split(' ')),
        xrevrange: () =>
          call('XREVRANGE', text('keyName'), text('start'), text('end'), 'COUNT', query.count as number),
      };
      const request = requests[query.command as string];
      expect(request, `${where}: ${query.command}`).toBeDefined();
      const rows = await request!();
      expect(rows.length, where).toBeGreaterThan(0);
      if (query.command === 'xrevrange') expectAlertColumns(panel!, rows as [string, string[]][]);
      // The plugin passes the bucket on even without an aggregation, which TS.MRANGE refuses.
      if (query.command === 'ts.mrange') expect(query.aggregation, where).not.toBe('');
    }
  });
});
