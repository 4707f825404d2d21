import { expect, it } from 'vitest';
import { AlertLog } from '../../src/app/alert-log.ts';
import type { Alert } from '../../src/domain/alert.ts';
import { collectingLogger } from '../helpers/collecting-logger.ts';
import { waitFor } from '../helpers/wait-for.ts';

const NOW = 1_700_000_000_000;

function alertAt(ts: number, change: Partial<Alert> = {}): Alert {
  const id = `a/temperature/anomaly/${ts}`;
  return {
    ...{ id, sensor: 'a', metric: 'temperature', rule: 'anomaly', ts, value: 71.35 },
    ...{ expected: 70.123456789012, score: 1.23456789, limit: null, state: 'open', clearedTs: null },
    ...{ acknowledged: false, revision: 1 },
    ...change,
  };
}

function log(history = false) {
  const { lines, logger } = collectingLogger('info');
  const unitOf = () => '°C';
  return { lines, log: new AlertLog({ logger, unitOf, history, now: () => NOW }) };
}

it('logs an alert on one line with rule and reason, and its numbers at a sane length', () => {
  const { lines, log: alerts } = log();
  alerts.add([alertAt(NOW - 1000)]);
  expect(lines).toHaveLength(1);
  expect(lines[0]!.msg).toBe(
    'alert on a/temperature (anomaly, warning): value 71.35 °C, expected 70.1235 °C, score 1.23',
  );
  expect(lines[0]!.alert).toMatchObject({ rule: 'anomaly', expected: 70.1235, score: 1.23457 });
});

it('logs what comes from the past as one line', async () => {
  const { lines, log: alerts } = log();
  const old = Array.from({ length: 40 }, (_, i) => alertAt(NOW - 60_000 - i));
  alerts.add([...old, alertAt(NOW - 90_000, { state: 'cleared', clearedTs: NOW - 80_000 })]);
  alerts.add([alertAt(NOW - 100_000, { state: 'cleared', clearedTs: NOW - 1000 })]);
  expect(lines).toHaveLength(1);
  await waitFor('the backlog', () => lines.length === 2);
  expect(lines[1]).toMatchObject({ msg: '41 alert changes in the backlog', opened: 40, cleared: 1 });
});

it('logs a few changes from the past one by one, and counts each once', () => {
  const { lines, log: alerts } = log();
  alerts.add([alertAt(NOW - 60_000), alertAt(NOW - 61_000)]);
  alerts.flush();
  alerts.flush();
  expect(lines).toHaveLength(2);
});

it('logs no more than some in a second, and the number of the others', () => {
  const { lines, log: alerts } = log();
  alerts.add(Array.from({ length: 500 }, () => alertAt(NOW)));
  alerts.flush();
  expect(lines.length).toBeLessThan(50);
  const { msg } = lines.at(-1)!;
  expect(msg).toMatch(/^\d+ more alert changes at once$/);
  expect(lines.length - 1 + Number.parseInt(msg, 10)).toBe(500);
});

it('takes all of a history as the backlog, until it is there', () => {
  const { lines, log: alerts } = log(true);
  alerts.add(Array.from({ length: 9 }, () => alertAt(NOW)));
  expect(lines).toHaveLength(0);
  alerts.caughtUp();
  expect(lines.map(({ msg }) => msg)).toEqual(['9 alert changes in the backlog']);
  alerts.add([alertAt(NOW)]);
  expect(lines).toHaveLength(2);
});
