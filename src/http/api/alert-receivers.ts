/** Receivers of alerts: how far each has been told, what each has refused, and a test message. */
import { z } from 'zod';
import { keptKey } from '../../store/alert-store.ts';
import type { HttpOptions } from '../http-options.ts';
import { RequestRefused } from '../middleware/error-answer.ts';
import { jsonBody, route } from '../route.ts';
import { alertAnswer, shownAlert } from './alert-answer.ts';
import { must } from './fields.ts';

const receiverAnswer = z.object({
  name: z.string(),
  type: z.string(),
  filter: z.object({
    sensors: z.array(z.string()),
    metrics: z.array(z.string()),
    rules: z.array(z.string()),
    severities: z.array(z.string()),
  }),
  pending: z.int().meta({ description: 'alert changes that the receiver has not been told of yet' }),
  oldest: z.int().nullable().meta({ description: 'since when the oldest of them waits' }),
  kept: z.int().meta({ description: 'alert changes that the receiver has refused' }),
  problem: z.string().nullable().meta({ description: 'why the last attempt of this replica failed' }),
});

const keptAnswer = z.object({
  key: z.string(),
  reason: z.string(),
  changedAt: z.int(),
  keptAt: z.int(),
  alert: alertAnswer,
});

const keysRequest = z.object(
  {
    keys: z
      .array(z.string({ error: must('a text') }), { error: must('a list of keys') })
      .optional()
      .meta({ description: 'without it: all' }),
  },
  { error: 'must be an object' },
);

const changesAnswer = z.object({ changes: z.int().meta({ description: 'how many there were' }) });

type Options = Pick<HttpOptions, 'store' | 'receivers' | 'labels' | 'mutes' | 'maxPayload'>;

export const alertReceiverRoutes = (options: Options) => [
  listReceivers(options),
  listKept(options),
  sendAgain(options),
  dropKept(options),
  testReceiver(options),
];

const listReceivers = ({ receivers }: Options) =>
  route({
    method: 'GET',
    path: '/api/alert-receivers',
    tag: 'alerts',
    summary: 'The receivers of alerts, and how far each has been told',
    access: 'viewer',
    answer: z.array(receiverAnswer),
    handler: async () =>
      receivers.list().map(({ filter, ...rest }) => ({
        ...rest,
        filter: {
          sensors: [...filter.sensors],
          metrics: [...filter.metrics],
          rules: [...filter.rules],
          severities: [...filter.severities],
        },
      })),
  });

const listKept = (options: Options) =>
  route({
    method: 'GET',
    path: '/api/alert-receivers/{name}/kept',
    tag: 'alerts',
    summary: 'Alert changes that a receiver has refused or that were too old to be told, newest first',
    access: 'operator',
    answer: z.array(keptAnswer),
    errors: [404, 503],
    async handler({ params: { name } }) {
      known(options, name);
      return (await options.store.keptAlerts.list(name)).map((change) => ({
        key: keptKey(change),
        reason: change.reason,
        changedAt: change.at,
        keptAt: change.keptAt,
        alert: shownAlert(change.alert, options.labels, options.mutes.isMuted),
      }));
    },
  });

const sendAgain = (options: Options) =>
  route({
    method: 'POST',
    path: '/api/alert-receivers/{name}/send-again',
    tag: 'alerts',
    summary: 'Send kept alert changes again',
    access: 'operator',
    body: jsonBody(keysRequest, options.maxPayload),
    answer: changesAnswer,
    errors: [400, 404, 413, 503],
    async handler({ params: { name }, body: { keys = null } }) {
      known(options, name);
      const changes = await options.store.keptAlerts.sendAgain(name, keys);
      options.receivers.wake();
      return { changes };
    },
  });

const dropKept = (options: Options) =>
  route({
    method: 'POST',
    path: '/api/alert-receivers/{name}/drop-kept',
    tag: 'alerts',
    summary: 'Delete kept alert changes without sending them',
    access: 'operator',
    body: jsonBody(keysRequest, options.maxPayload),
    answer: changesAnswer,
    errors: [400, 404, 413, 503],
    async handler({ params: { name }, body: { keys } }) {
      known(options, name);
      const { keptAlerts } = options.store;
      const chosen = keys ?? (await keptAlerts.list(name)).map(keptKey);
      return { changes: await keptAlerts.remove(name, chosen) };
    },
  });

const testReceiver = (options: Options) =>
  route({
    method: 'POST',
    path: '/api/alert-receivers/{name}/test',
    tag: 'alerts',
    summary: 'Send a test message to a receiver, once',
    access: 'operator',
    answer: z.object({
      result: z.enum(['delivered', 'failed', 'refused']),
      reason: z.string().nullable(),
    }),
    errors: [404],
    async handler({ params: { name } }) {
      const attempt = await options.receivers.test(name);
      if (!attempt) throw noReceiver();
      return { result: attempt.result, reason: attempt.result === 'delivered' ? null : attempt.reason };
    },
  });

/** @throws RequestRefused (404) */
function known({ receivers }: Options, name: string): void {
  if (!receivers.list().some((receiver) => receiver.name === name)) throw noReceiver();
}

function noReceiver(): RequestRefused {
  return new RequestRefused(404, 'not_found', 'there is no receiver of this name');
}
