/** What `vigia alert test` sends: a cleared alert of a sensor that does not exist, so that nothing stays open at the receiver. */
import { alertId } from '../domain/alert.ts';
import type { Notification } from './notification.ts';

/** @param now ms UTC */
export function testNotification(now: number): Notification {
  const series = { sensor: 'vigia-test', metric: 'test' };
  return {
    id: alertId(series, 'test', now - 1000),
    ...series,
    rule: 'test',
    ts: now - 1000,
    time: new Date(now - 1000).toISOString(),
    value: 1,
    expected: 0,
    score: null,
    limit: null,
    model: null,
    unit: null,
    state: 'cleared',
    clearedTs: now,
    acknowledged: false,
    revision: 1,
    changedAt: now,
    severity: 'warning',
  };
}
