/** What `vigia alert test` sends: a cleared alert of a sensor that does not exist, so that nothing stays open at the receiver. */
import { type Alert, alertId } from '../domain/alert.ts';
import { type Notification, notification } from './notification.ts';

/** @param now ms UTC */
export function testNotification(now: number): Notification {
  const series = { sensor: 'vigia-test', metric: 'test' };
  const ts = now - 1000;
  const alert: Alert = {
    ...{
      id: alertId(series, 'test', ts),
      ...series,
      rule: 'test',
      ts,
      value: 1,
      expected: 0,
      score: null,
      limit: null,
    },
    ...{ state: 'cleared', clearedTs: now, acknowledged: false, revision: 1 },
  };
  return notification({ alert, at: now }, null);
}
