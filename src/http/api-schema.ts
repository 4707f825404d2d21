/**
 * The shapes of the JSON API, requests and answers. Requests are validated with these, answers are typed by them, and
 * `/openapi.json` is made from them (see operations.ts for how to add a route).
 */
import { z } from 'zod';
import { parseDuration } from '../domain/duration.ts';
import { nameProblem } from '../domain/name.ts';
import { readTime } from '../domain/time.ts';

/** Most points of a series in one answer: about 6 MB of JSON. */
export const MAX_POINTS = 100_000;
const MAX_ALERTS = 10_000;

const must = (rule: string) => (issue: { readonly input?: unknown }) =>
  issue.input === undefined ? 'is missing' : `must be ${rule}`;

const TIME_RULE = 'ms since 1970 or ISO 8601, such as 2025-11-28T22:09:15Z';

/** ms since 1970 from a number (a fraction is rounded) or ISO 8601 text (without a zone: UTC). */
const time = z
  .union([z.number(), z.string()], { error: must(TIME_RULE) })
  .transform((given, context) => {
    const ms = readTime(given);
    if (ms !== null) return ms;
    context.addIssue({ code: 'custom', message: `must be ${TIME_RULE}` });
    return z.NEVER;
  })
  .meta({ description: 'ms since 1970, or ISO 8601; a time without a zone is UTC' });

/** The same in a query string, where a number is text. */
const timeParameter = z
  .string()
  .transform((text) => (/^\d+$/.test(text) ? Number(text) : text))
  .pipe(time);

const name = (maxBytes: number) =>
  z
    .string({ error: must('a text') })
    .superRefine((text, context) => {
      const why = nameProblem(text, maxBytes);
      if (why !== null) context.addIssue({ code: 'custom', message: why });
    })
    .meta({
      minLength: 1,
      description: `at most ${maxBytes} bytes of UTF-8, no control characters, not blank, not . or ..`,
    });

/** One element of `POST /api/readings`. @param maxNameBytes longest sensor or metric name */
export const readingSchema = (maxNameBytes: number) =>
  z.object(
    {
      sensor: name(maxNameBytes),
      metric: name(maxNameBytes),
      value: z.number({ error: must('a finite number') }).transform((value) => value + 0),
      ts: time.optional(),
    },
    { error: 'must be an object with sensor, metric, value and optionally ts' },
  );

export const readingsAnswer = z.object({
  committed: z.int(),
  duplicate: z.int(),
  rejected: z.array(
    z.object({
      index: z.int().meta({ description: 'position in the request' }),
      field: z.string(),
      reason: z.string().meta({ description: 'a stable word, such as bad-value or older-than-retention' }),
      detail: z.string().meta({ description: 'a sentence for a person' }),
    }),
  ),
});

/** Query of `GET /api/series/:sensor/:metric`. */
export const rangeQuery = z.object({
  from: timeParameter.optional(),
  to: timeParameter.optional(),
  bucket: z
    .string()
    .transform((text, context) => {
      const width = parseDuration(text);
      if (width >= 1 && width <= Number.MAX_SAFE_INTEGER) return width;
      context.addIssue({ code: 'custom', message: 'must be a duration such as 1m, 1h or 30000 (ms)' });
      return z.NEVER;
    })
    .optional(),
  agg: z.enum(['avg', 'min', 'max'], { error: 'must be avg, min or max' }).optional(),
});

/** Query of `GET /api/series/:sensor/:metric/chart`. */
export const chartQuery = z.object({ from: timeParameter, to: timeParameter });

export const chartAnswer = z.object({
  width: z.int().nullable().meta({ description: 'of a bucket, ms; null: every point is a reading' }),
  points: z.array(z.tuple([z.number(), z.number(), z.number().nullable(), z.number().nullable()])).meta({
    description:
      'time, value, forecast and score of readings, also of the last before `from`; middle, average, minimum and maximum of buckets',
  }),
});

/** Query of `GET /api/series/:sensor/:metric/export`; without times the whole series. */
export const exportQuery = z.object({
  format: z.enum(['csv', 'json'], { error: 'must be csv or json' }).optional(),
  from: timeParameter.optional(),
  to: timeParameter.optional(),
});

/** Query of `DELETE /api/series/:sensor/:metric`. */
export const removeQuery = z.object({
  confirm: z
    .string({ error: 'must be <sensor>/<metric>, so that nothing is deleted by mistake' })
    .meta({ description: '<sensor>/<metric>, so that nothing is deleted by mistake' }),
});

export const removedAnswer = z.object({ deleted: z.object({ sensor: z.string(), metric: z.string() }) });

/** Query of `GET /api/alerts`. */
export const alertsQuery = z.object({
  sensor: z.string().optional(),
  metric: z.string().optional(),
  from: timeParameter.optional(),
  state: z.enum(['open', 'cleared', 'retracted'], { error: 'must be open, cleared or retracted' }).optional(),
  limit: z
    .string()
    .transform((text) => (/^\d{1,9}$/.test(text) ? Number(text) : 0))
    .refine((limit) => limit >= 1 && limit <= MAX_ALERTS, `must be a whole number from 1 to ${MAX_ALERTS}`)
    .optional(),
});

/** Body of `POST /api/alerts/acknowledge`. */
export const acknowledgeRequest = z.object(
  {
    ids: z
      .array(z.string({ error: must('a text') }), { error: must('a list of ids') })
      .max(500, 'must be at most 500 ids'),
  },
  { error: 'must be an object with ids' },
);

/** Query of `GET /api/series`. */
export const seriesQuery = z.object({ sensor: z.string().optional(), metric: z.string().optional() });

/** Query of `GET /api/stream`. */
export const streamQuery = z.object({ sensor: z.string().optional(), metric: z.string().optional() });

/** Series in one request to `/api/recent`. */
export const MAX_RECENT_SERIES = 200;
const MAX_RECENT_POINTS = 1_000;

/** Query of `GET /api/recent`. */
export const recentQuery = z.object({
  series: z
    .string({ error: must('series keys, comma-separated') })
    .transform((text, context) => {
      const keys = text.split(',').map((key) => key.split('/'));
      const problem =
        keys.length > MAX_RECENT_SERIES
          ? `must be at most ${MAX_RECENT_SERIES} series`
          : keys.some((parts) => parts.length !== 2 || parts.some((part) => decoded(part) === null))
            ? 'must be <sensor>/<metric>, percent-encoded, several comma-separated'
            : null;
      if (problem === null) return keys.map(([s, m]) => ({ sensor: decoded(s!)!, metric: decoded(m!)! }));
      context.addIssue({ code: 'custom', message: problem });
      return z.NEVER;
    })
    .meta({
      description: `\`<sensor>/<metric>\`, both percent-encoded once more; at most ${MAX_RECENT_SERIES}, comma-separated`,
    }),
  points: z
    .string()
    .transform((text) => (/^\d{1,9}$/.test(text) ? Number(text) : 0))
    .refine(
      (points) => points >= 1 && points <= MAX_RECENT_POINTS,
      `must be a whole number from 1 to ${MAX_RECENT_POINTS}`,
    )
    .default(60)
    .meta({ description: 'the newest so many of each' }),
});

function decoded(text: string): string | null {
  try {
    return text === '' ? null : decodeURIComponent(text);
  } catch {
    return null;
  }
}

export const recentAnswer = z.array(
  z.object({
    sensor: z.string(),
    metric: z.string(),
    points: z
      .array(z.tuple([z.int(), z.number(), z.number().nullable()]))
      .meta({ description: 'time, value and score, oldest first' }),
  }),
);

export const totalsAnswer = z.object({
  received: z.int(),
  committed: z.int(),
  duplicate: z.int(),
  deadLettered: z.int(),
  rejected: z.int(),
  inFlight: z.int(),
});

export const statusAnswer = z.object({
  hostname: z.string(),
  version: z.string(),
  store: z.enum(['embedded', 'redis']),
  readings: totalsAnswer.meta({ description: 'of this process since it started' }),
});

export const seriesAnswer = z.object({
  sensor: z.string(),
  metric: z.string(),
  unit: z.string().nullable(),
  last: z.object({ t: z.int(), v: z.number() }).nullable(),
  state: z.enum(['warmup', 'normal', 'alarm', 'silent']),
});

export const pointAnswer = z.object({
  t: z.int(),
  v: z.number(),
  expected: z.number().optional(),
  score: z.number().optional(),
});

export const alertAnswer = z.object({
  id: z.string(),
  sensor: z.string(),
  metric: z.string(),
  unit: z.string().nullable().meta({ description: 'of value, expected and limit' }),
  rule: z.string(),
  ts: z.int(),
  value: z.number(),
  expected: z.number().nullable(),
  score: z.number().nullable(),
  limit: z.number().nullable(),
  model: z.string().nullable().meta({ description: 'whose forecast it was judged by' }),
  state: z.enum(['open', 'cleared', 'retracted']),
  clearedTs: z.int().nullable(),
  acknowledged: z.boolean(),
  revision: z.int(),
});

/** Query of `GET /api/dead-letters`. */
export const deadLettersQuery = alertsQuery.pick({ limit: true });

/** Query of `GET /api/dead-letters/ids`. */
export const deadLetterIdsQuery = deadLettersQuery.extend({
  after: z
    .string()
    .transform((text, context) => {
      const [, lastTs, id] = /^(\d{1,16})-(.+)$/.exec(text) ?? [];
      if (id !== undefined) return { lastTs: Number(lastTs), id };
      context.addIssue({ code: 'custom', message: 'must be `next` of an earlier answer' });
      return z.NEVER;
    })
    .optional()
    .meta({ description: '`next` of the answer before' }),
});

export const deadLetterIdsAnswer = z.object({
  ids: z.array(z.string()),
  next: z.string().nullable().meta({ description: 'where the next page begins; null at the end' }),
});

export const deadLetterSummary = z.object({
  id: z.string(),
  topic: z.string(),
  size: z.int().meta({ description: 'bytes of the message' }),
  reason: z.string(),
  detail: z.string(),
  firstTs: z.int(),
  lastTs: z.int(),
  count: z.int(),
});

export const deadLetterAnswer = deadLetterSummary.extend({
  payload: z.base64().meta({ description: 'the message as it came' }),
});

export const replayAnswer = z.object({
  id: z.string(),
  stored: z.boolean(),
  detail: z.string().nullable().meta({ description: 'why it is still refused' }),
});

export const errorAnswerBody = z.object({
  error: z.object({ code: z.string(), message: z.string(), field: z.string().optional() }),
});

/** Some readings have to be sent again: they are among those rejected. A client that is too fast gets the error alone. */
export const busyAnswer = z.union([errorAnswerBody.extend(readingsAnswer.shape), errorAnswerBody]);

export const healthAnswer = z.object({ status: z.literal('ok') });

export const readinessAnswer = z.object({
  status: z.enum(['ready', 'not ready']),
  reason: z.string().optional(),
});

const logLevel = z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'], {
  error: must('trace, debug, info, warn, error, fatal or silent'),
});

/** Body of `PUT /api/log-level`. */
export const logLevelRequest = z.object(
  { level: logLevel },
  { error: 'must be an object such as {"level":"debug"}' },
);

export const logLevelAnswer = z.object({
  hostname: z.string().meta({ description: 'of the replica that answers' }),
  level: logLevel,
});
