/** A real recording with real faults: ../shared/keras/ambient.csv, 7,267 hourly temperatures. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseIsoTime } from '../../src/domain/time.ts';
import { temporaryDirectory } from '../helpers/temporary-directory.ts';
import { getJson, metric, ROOT, runVigia, serve } from '../helpers/vigia.ts';

const CSV = join(ROOT, '../shared/keras/ambient.csv');
const WINDOWS = join(ROOT, '../shared/nab-dev/windows.json');
const FILE = 'realKnownCause/ambient_temperature_system_failure.csv';

describe.skipIf(!existsSync(CSV) || !existsSync(WINDOWS))('the recording in ../shared', () => {
  const replay = (url: string) =>
    runVigia(['devices', '--replay', CSV, '--sensor', 'ambient', '--speed', '0', '--url', url]);

  it('is stored once with its own timestamps, its faults raise alerts, and a second replay adds nothing', async () => {
    const { url, mqttUrl } = await serve(['--no-devices', '--data', temporaryDirectory()], {
      env: { RETENTION: '36500d' },
    });
    expect(await replay(mqttUrl)).toMatchObject({ code: 0 });
    const rows = readFileSync(CSV, 'utf8')
      .trim()
      .split('\n')
      .slice(1)
      .map((line) => line.split(','));
    const points = () =>
      getJson<{ t: number; v: number }[]>(`${url}/api/series/ambient/temperature?from=0&to=${Date.now()}`);
    const stored = await points();
    expect(stored.map(({ t, v }) => [t, v])).toEqual(
      rows.map(([time, value]) => [parseIsoTime(time!), Number(value)]),
    );

    const alerts = await getJson<{ ts: number }[]>(`${url}/api/alerts?sensor=ambient&limit=1000`);
    const windows = (JSON.parse(readFileSync(WINDOWS, 'utf8'))[FILE] as [string, string][]).map((edges) =>
      edges.map((edge) => parseIsoTime(edge)!),
    );
    const inside = windows.map(([from, to]) => alerts.filter(({ ts }) => ts >= from! && ts <= to!).length);
    const outside = alerts.length - inside.reduce((a, b) => a + b, 0);
    console.log(`ambient.csv: alerts in the labelled windows ${inside.join(' and ')}, outside ${outside}`);
    expect(Math.min(...inside)).toBeGreaterThanOrEqual(1);
    expect(outside).toBeLessThanOrEqual(5);

    expect(await replay(mqttUrl)).toMatchObject({ code: 0 });
    expect(await points()).toEqual(stored);
    expect(await getJson(`${url}/api/alerts?sensor=ambient&limit=1000`)).toEqual(alerts);
    expect(await metric(url, 'vigia_readings_total', 'result="duplicate"')).toBe(rows.length);
  }, 60_000);

  it('is too old for the default retention', async () => {
    const { url, mqttUrl } = await serve(['--no-devices', '--data', temporaryDirectory()]);
    expect(await replay(mqttUrl)).toMatchObject({ code: 0 });
    expect(await metric(url, 'vigia_readings_total', 'result="dead_lettered"')).toBe(7267);
    expect(await getJson(`${url}/api/series`)).toEqual([]);
  }, 60_000);
});
