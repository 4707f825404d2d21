/**
 * The detector against faults whose truth is known: 50 simulated sensors, 2,000 readings each, through MQTT, broker,
 * pipeline and store. Prints recall per kind of fault and size of spike, and precision over all alerts.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { FaultRecord } from '../../devices/faults.ts';
import { HOLD_OFF } from '../../src/detect/adaptive.ts';
import { temporaryDirectory } from '../helpers/temporary-directory.ts';
import { getJson, metric, runVigia, serve } from '../helpers/vigia.ts';

const SENSORS = 50;
const READINGS = 2000;
const INTERVAL = 1000;
/** An alert this many readings after a fault's end still tells of it. */
const GRACE = 10 * INTERVAL;

it('finds the faults of the simulator and little else', async () => {
  const directory = temporaryDirectory();
  const truthFile = join(directory, 'truth.jsonl');
  const { url, mqttUrl } = await serve(['--no-devices', '--data', directory]);
  const start = Math.floor(Date.now() / 1000) * 1000 - (READINGS + 60) * INTERVAL;
  const published = await runVigia([
    ...[
      'devices',
      '--url',
      mqttUrl,
      '--count',
      String(SENSORS),
      '--readings',
      String(READINGS),
      '--seed',
      '42',
    ],
    ...['--interval', `${INTERVAL}ms`, '--start', String(start), '--faults', '--truth', truthFile],
  ]);
  expect(published.output).toMatch(/readings published/);
  expect(published.code).toBe(0);
  expect(await metric(url, 'vigia_readings_total', 'result="dead_lettered"')).toBe(0);

  const faults = readFileSync(truthFile, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as FaultRecord);
  const alerts = await getJson<{ sensor: string; ts: number }[]>(`${url}/api/alerts?limit=10000`);
  const tells = (alert: { sensor: string; ts: number }, fault: FaultRecord) =>
    alert.sensor === fault.sensor && alert.ts >= fault.from && alert.ts <= fault.to + GRACE;
  // No alert can be raised in a hold-off, so a fault that begins in one says nothing of the detector. A dropout says nothing of it either.
  const counted = faults.filter(
    (fault) =>
      fault.fault !== 'dropout' &&
      !alerts.some(
        ({ sensor, ts }) =>
          sensor === fault.sensor && ts < fault.from && fault.from - ts <= HOLD_OFF * INTERVAL,
      ),
  );
  const recall = (choose: (fault: FaultRecord) => boolean) => {
    const chosen = counted.filter(choose);
    const found = chosen.filter((fault) => alerts.some((alert) => tells(alert, fault)));
    return { found: found.length, of: chosen.length, share: found.length / chosen.length };
  };
  const true_ = alerts.filter((alert) => faults.some((fault) => tells(alert, fault))).length;
  const precision = true_ / alerts.length;

  const rows = [
    ...['spike', 'stuck', 'drift', 'noise'].map(
      (kind) => [kind, recall(({ fault }) => fault === kind)] as const,
    ),
    ...[4, 6, 8].map(
      (sd) =>
        [
          `spike ${sd}-${sd + 2} sd`,
          recall((f) => f.fault === 'spike' && f.sd >= sd && f.sd < sd + 2),
        ] as const,
    ),
  ];
  const lines = rows.map(
    ([name, { found, of, share }]) => `  ${name.padEnd(12)} ${found}/${of}  ${share.toFixed(3)}`,
  );
  console.log(
    `Simulator's ground truth (${SENSORS} sensors x ${READINGS}):\n${lines.join('\n')}\n  precision    ${true_}/${alerts.length}  ${precision.toFixed(3)}`,
  );
  const large = recall(({ fault, sd }) => fault === 'spike' && sd >= 6);
  expect(large.of).toBeGreaterThan(20);
  expect(large.share).toBeGreaterThanOrEqual(0.95);
  expect(precision).toBeGreaterThanOrEqual(0.8);
}, 120_000);
