/** The readings of one series with their verdicts, or one aggregate per bucket. */
import { z } from 'zod';
import { parseDuration } from '../../domain/duration.ts';
import { InvalidInput } from '../../errors.ts';
import type { HttpOptions } from '../http-options.ts';
import { route, SENT } from '../route.ts';
import { timeParameter } from './fields.ts';
import { requireSeries } from './require-series.ts';
import { jsonArray, sampleTexts, sendParts } from './sample-pages.ts';

const DEFAULT_SPAN_MS = 3_600_000;
/** Most points of a series in one answer: about 6 MB of JSON. */
const MAX_POINTS = 100_000;

export const pointAnswer = z.object({
  t: z.int(),
  v: z.number(),
  expected: z.number().optional(),
  score: z.number().optional(),
});

const rangeQuery = z.object({
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

type Options = Pick<HttpOptions, 'store' | 'now'>;

export const pointRoutes = (options: Options) => [listPoints(options)];

const listPoints = ({ store, now = Date.now }: Options) =>
  route({
    method: 'GET',
    path: '/api/series/{sensor}/{metric}',
    tag: 'series',
    summary: 'Readings with forecast and score, or one aggregate per bucket; without `from` the last hour',
    access: 'viewer',
    readsMuch: true,
    query: rangeQuery,
    answer: z.array(pointAnswer),
    errors: [400, 404, 429, 503],
    async handler({ params: series, query, request, response }) {
      const reads = store.reads(request.ip ?? '').series;
      const span = spanOf(query, now());
      if (query.bucket !== undefined) {
        const buckets = await reads.buckets(series, span.from, span.to, query.bucket, query.agg ?? 'avg');
        if (buckets.length === 0) await requireSeries(store, series);
        return buckets.map(({ ts, value }) => ({ t: ts, v: value }));
      }
      const count = await reads.countBetween(series, span.from, span.to, MAX_POINTS + 1);
      if (count > MAX_POINTS) throw tooManyPoints('from', 'ask for a shorter range or for buckets');
      if (count === 0) await requireSeries(store, series);
      response.type('json');
      await sendParts(response, jsonArray(sampleTexts(reads, series, span.from, span.to, 'json')));
      return SENT;
    },
  });

/** @throws InvalidInput also where there would be too many buckets */
function spanOf(query: z.output<typeof rangeQuery>, now: number): { from: number; to: number } {
  // Without `to` the range is open: the readings of a device whose clock is ahead are shown too.
  const to = query.to ?? Number.MAX_SAFE_INTEGER;
  const from = query.from ?? Math.max(0, (query.to ?? now) - DEFAULT_SPAN_MS);
  if (from > to) throw new InvalidInput('from', 'from must not be after to');
  if (query.bucket === undefined) {
    if (query.agg !== undefined) throw new InvalidInput('agg', 'agg needs a bucket');
  } else if ((Math.min(to, now) - from) / query.bucket > MAX_POINTS) {
    throw tooManyPoints('bucket', 'ask for a shorter range or wider buckets');
  }
  return { from, to };
}

function tooManyPoints(field: string, advice: string): InvalidInput {
  return new InvalidInput(field, `more than ${MAX_POINTS} points: ${advice}`);
}
