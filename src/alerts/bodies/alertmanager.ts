/**
 * Alerts for `POST /api/v2/alerts` of Prometheus Alertmanager. Its labels name one alert for ever: sensor, metric, rule and
 * the time of the reading that raised it. Acknowledging changes an annotation only.
 *
 * Alertmanager takes an alert without `endsAt` as ended after its `resolve_timeout`, and forgets all alerts when it
 * restarts. So an open alert is told as lasting for a day, and is told again every minute (delivery.ts).
 */

import { shortNumber } from '../../domain/alert-text.ts';
import type { MessageText } from '../message-text.ts';
import type { Notification } from '../notification.ts';
import type { Receiver } from '../receiver.ts';
import { bearer, type Posted } from './body.ts';

const LASTS_MS = 86_400_000;

export interface Told {
  readonly notification: Notification;
  readonly text: MessageText;
}

/** @param now ms UTC */
export function alertmanager(
  { url, token, username, password }: Receiver & { type: 'alertmanager' },
  told: readonly Told[],
  now: number,
): Posted {
  const basic =
    username === undefined
      ? {}
      : {
          headers: {
            Authorization: `Basic ${Buffer.from(`${username}:${password ?? ''}`).toString('base64')}`,
          },
        };
  return {
    url: `${url.replace(/\/$/, '')}/api/v2/alerts`,
    ...basic,
    ...bearer(token),
    body: told.map((each) => alertOf(each, now)),
  };
}

function alertOf({ notification, text }: Told, now: number): object {
  const { sensor, metric, rule, ts, time, state, clearedTs, acknowledged, value, expected, limit } =
    notification;
  const number = (n: number | null) => (n === null ? '' : shortNumber(n));
  return {
    labels: {
      alertname: 'VigiaAlert',
      sensor,
      metric,
      rule,
      severity: notification.severity,
      raised: String(ts),
    },
    annotations: {
      summary: text.title,
      description: text.lines.join('\n'),
      value: number(value),
      expected: number(expected),
      limit: number(limit),
      acknowledged: String(acknowledged),
    },
    startsAt: time,
    endsAt: new Date(
      state === 'open' ? now + LASTS_MS : Math.max(ts + 1, Math.min(now, clearedTs ?? now)),
    ).toISOString(),
  };
}
