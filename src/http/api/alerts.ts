/** Alerts: listed, and acknowledged one by one or many at once. */
import { z } from 'zod';
import { InvalidInput } from '../../errors.ts';
import type { HttpOptions } from '../http-options.ts';
import type { Caller } from '../middleware/caller.ts';
import { RequestRefused } from '../middleware/error-answer.ts';
import { jsonBody, route } from '../route.ts';
import { alertAnswer, shownAlert } from './alert-answer.ts';
import { listLimit, must, timeParameter } from './fields.ts';

const DEFAULT_ALERTS = 100;
const MAX_IDS = 500;

const alertsQuery = z.object({
  sensor: z.string().optional(),
  metric: z.string().optional(),
  rule: z.string().optional(),
  from: timeParameter.optional().meta({ description: 'only alerts raised at this time or later' }),
  to: timeParameter.optional().meta({ description: 'only alerts raised at this time or before' }),
  state: z.enum(['open', 'cleared', 'retracted'], { error: 'must be open, cleared or retracted' }).optional(),
  limit: listLimit,
});

const acknowledgeRequest = z.object(
  {
    ids: z
      .array(z.string({ error: must('a text') }), { error: must('a list of ids') })
      .max(MAX_IDS, `must be at most ${MAX_IDS} ids`),
  },
  { error: 'must be an object with ids' },
);

type Options = Pick<
  HttpOptions,
  'store' | 'now' | 'live' | 'labels' | 'mutes' | 'closedAlerts' | 'receivers' | 'maxPayload'
>;

export const alertRoutes = (options: Options) => [
  listAlerts(options),
  acknowledgeAlerts(options),
  acknowledgeAlert(options),
  closeAlert(options),
];

const listAlerts = (options: Options) =>
  route({
    method: 'GET',
    path: '/api/alerts',
    tag: 'alerts',
    summary: 'Alerts, newest first; retracted ones only when asked for',
    access: 'viewer',
    readsMuch: true,
    query: alertsQuery,
    answer: z.array(alertAnswer),
    errors: [400, 429, 503],
    async handler({ query: { limit = DEFAULT_ALERTS, sensor, metric, rule, state, from, to }, request }) {
      if (from !== undefined && to !== undefined && from > to) {
        throw new InvalidInput('from', 'from must not be after to');
      }
      const found = await options.store.reads(request.ip ?? '').alerts.list({
        limit,
        ...(sensor !== undefined && { sensor }),
        ...(metric !== undefined && { metric }),
        ...(rule !== undefined && { rule }),
        ...(state !== undefined && { state }),
        ...(from !== undefined && { from }),
        ...(to !== undefined && { to }),
      });
      // The store has alerts that a person has closed as open.
      const alerts = found.map(options.closedAlerts.seen);
      const wanted = alerts.filter((alert) => state === undefined || alert.state === state);
      return wanted.map((alert) => shownAlert(alert, options.labels, options.mutes.isMuted));
    },
  });

const acknowledgeAlerts = (options: Options) =>
  route({
    method: 'POST',
    path: '/api/alerts/acknowledge',
    tag: 'alerts',
    summary: 'Mark up to 500 alerts as seen; the answer has those that there are',
    access: 'operator',
    body: jsonBody(acknowledgeRequest, options.maxPayload),
    answer: z.array(alertAnswer),
    errors: [400, 413, 503],
    async handler({ body: { ids }, note, caller }) {
      note(ids.join(' ').slice(0, 500));
      const alerts = await Promise.all(ids.map((id) => acknowledge(options, id, caller)));
      // An alert that has gone meanwhile is left out: it is no reason to refuse the others.
      return alerts.filter((alert) => alert !== null);
    },
  });

const acknowledgeAlert = (options: Options) =>
  route({
    method: 'POST',
    path: '/api/alerts/{id}/acknowledge',
    tag: 'alerts',
    summary: 'Mark an alert as seen; the id is percent-encoded as one segment',
    access: 'operator',
    answer: alertAnswer,
    errors: [404, 503],
    async handler({ params: { id }, caller }) {
      const alert = await acknowledge(options, id, caller);
      if (alert === null) throw new RequestRefused(404, 'not_found', 'there is no such alert');
      return alert;
    },
  });

const closeAlert = (options: Options) =>
  route({
    method: 'POST',
    path: '/api/alerts/{id}/close',
    tag: 'alerts',
    summary: 'Close an open alert, for example of a sensor that is gone for good',
    access: 'operator',
    answer: alertAnswer,
    errors: [404, 503],
    async handler({ params: { id }, caller: { name, by } }) {
      const { closedAlerts, live, labels, mutes, receivers } = options;
      const alert = await closedAlerts.close(id, by === 'none' ? null : name);
      if (alert === null) throw new RequestRefused(404, 'not_found', 'there is no such alert');
      live.acknowledged(alert);
      receivers.wake();
      return shownAlert(alert, labels, mutes.isMuted);
    },
  });

async function acknowledge(options: Options, id: string, { name, by }: Caller) {
  const { store, live, labels, mutes, closedAlerts, now = Date.now } = options;
  const stored = await store.alerts.acknowledge(id, { by: by === 'none' ? null : name, at: now() });
  if (stored === null) return null;
  const alert = closedAlerts.seen(stored);
  live.acknowledged(alert);
  return shownAlert(alert, labels, mutes.isMuted);
}
