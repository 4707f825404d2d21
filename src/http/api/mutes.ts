/** Mutes: which alerts nobody is told of. */
import { z } from 'zod';
import { isActive, isTimeZone, type Mute, WEEKDAYS } from '../../domain/mute.ts';
import type { HttpOptions } from '../http-options.ts';
import type { Caller } from '../middleware/caller.ts';
import { RequestRefused } from '../middleware/error-answer.ts';
import { jsonBody, route } from '../route.ts';
import { must, time } from './fields.ts';

const TIME_OF_DAY = /^([01]\d|2[0-3]):[0-5]\d$/;
const pattern = z
  .string({ error: must('a pattern, in which * stands for any characters and ? for one') })
  .min(1, 'must not be empty')
  .max(500, 'must be at most 500 characters');
const timeOfDay = z.string().regex(TIME_OF_DAY, 'must have start and end as HH:MM');

const weekly = z.object(
  {
    days: z
      .array(z.enum(WEEKDAYS, { error: `must have days of ${WEEKDAYS.join(', ')}` }))
      .min(1, 'must have at least one day'),
    start: timeOfDay,
    end: timeOfDay,
    zone: z
      .string()
      .refine(isTimeZone, 'must have a zone such as Europe/Madrid')
      .default('UTC')
      .meta({ description: 'IANA name of a time zone; default UTC' }),
  },
  { error: 'must be an object with days, start and end' },
);

const muteRequest = z.object(
  {
    sensor: pattern.optional(),
    metric: pattern.optional(),
    rule: pattern.optional(),
    from: time.optional().meta({ description: 'default: now' }),
    until: time.nullable().optional().meta({ description: 'null, or left out: without an end' }),
    weekly: weekly.nullable().optional().meta({ description: 'only in this window' }),
    comment: z.string().max(1000, 'must be at most 1000 characters').optional(),
  },
  { error: 'must be an object' },
);

const muteAnswer = z.object({
  id: z.string(),
  sensor: z.string(),
  metric: z.string(),
  rule: z.string(),
  from: z.int(),
  until: z.int().nullable(),
  weekly: z
    .object({ days: z.array(z.enum(WEEKDAYS)), start: z.string(), end: z.string(), zone: z.string() })
    .nullable(),
  comment: z.string(),
  by: z.string().nullable().meta({ description: 'who made it' }),
  active: z.boolean().meta({ description: 'whether it holds now' }),
});

type Options = Pick<HttpOptions, 'mutes' | 'maxPayload' | 'now'>;

export const muteRoutes = (options: Options) => [listMutes(options), addMute(options), endMute(options)];

const listMutes = (options: Options) =>
  route({
    method: 'GET',
    path: '/api/mutes',
    tag: 'alerts',
    summary: 'Mutes, those that have ended within RETENTION included',
    access: 'viewer',
    answer: z.array(muteAnswer),
    handler: async () => options.mutes.list().map((mute) => shown(mute, options)),
  });

const addMute = (options: Options) =>
  route({
    method: 'POST',
    path: '/api/mutes',
    tag: 'alerts',
    summary: 'Mute alerts: they are kept and shown, and nobody is told of them',
    access: 'operator',
    body: jsonBody(muteRequest, options.maxPayload),
    answer: muteAnswer,
    errors: [400, 413, 503],
    async handler({ body, caller, note }) {
      const { sensor = '*', metric = '*', rule = '*', until = null, comment = '' } = body;
      const from = body.from ?? nowOf(options);
      if (until !== null && until <= from) {
        throw new RequestRefused(400, 'invalid_input', 'until must be after from', { field: 'until' });
      }
      const window = body.weekly ?? null;
      const mute = await options.mutes.add({
        ...{ sensor, metric, rule, from, until, weekly: window, comment, by: nameOf(caller) },
      });
      note(`${sensor}/${metric} ${rule}`);
      return shown(mute, options);
    },
  });

const endMute = (options: Options) =>
  route({
    method: 'DELETE',
    path: '/api/mutes/{id}',
    tag: 'alerts',
    summary: 'End a mute now',
    access: 'operator',
    answer: muteAnswer,
    errors: [404, 503],
    async handler({ params: { id } }) {
      const mute = await options.mutes.end(id);
      if (!mute) throw new RequestRefused(404, 'not_found', 'there is no mute of this id');
      return shown(mute, options);
    },
  });

/** Null where nobody needs to say who they are. */
function nameOf({ name, by }: Caller): string | null {
  return by === 'none' ? null : name;
}

function nowOf({ now = Date.now }: Options): number {
  return now();
}

function shown(mute: Mute, options: Options): z.output<typeof muteAnswer> {
  const { weekly: window } = mute;
  return {
    ...mute,
    weekly: window && { ...window, days: [...window.days] },
    active: isActive(mute, nowOf(options)),
  };
}
