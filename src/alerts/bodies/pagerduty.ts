/** An event of PagerDuty's Events API v2: an open alert triggers, an acknowledged one acknowledges, any other one resolves. */
import { createHash } from 'node:crypto';
import { shortened } from '../message-text.ts';
import type { Receiver } from '../receiver.ts';
import type { Body } from './body.ts';

/** Longest key, and longest summary, characters. */
const KEY = 255;
const SUMMARY = 1024;

export const pagerduty: Body<Receiver & { type: 'pagerduty' }> = (
  { url, key },
  notification,
  { title, lines },
) => {
  const { id, state, acknowledged, sensor, metric, rule, time } = notification;
  const { value, expected, score, limit, unit } = notification;
  const action = state !== 'open' ? 'resolve' : acknowledged ? 'acknowledge' : 'trigger';
  return {
    url,
    body: {
      routing_key: key,
      event_action: action,
      dedup_key: id.length <= KEY ? id : createHash('sha256').update(id).digest('hex'),
      payload: {
        summary: shortened([title, ...lines].join('; '), SUMMARY),
        source: shortened(sensor, SUMMARY),
        severity: notification.severity,
        timestamp: time,
        component: metric,
        class: rule,
        custom_details: { id, value, expected, score, limit, unit },
      },
    },
  };
};
