/** The readings of one series with their verdicts, or one aggregate per bucket. */
import { z } from 'zod';
import { parseDuration } from '../../domain/duration.ts';
import type { SeriesId } from '../../domain/series.ts';
import type { ScoredSample } from '../../domain/verdict.ts';
import { InvalidInput } from '../../errors.ts';
import type { Store } from '../../store/store.ts';
import type { HttpOptions } from '../http-options.ts';
import { route } from '../route.ts';
import { timeParameter } from './fields.ts';
import { requireSeries } from './require-series.ts';

const DEFAULT_SPAN_MS = 3_600_000;
/** Most points of a series in one answer: about 6 MB of JSON. */
const MAX_POINTS = 100_000;

export const pointAnswer = z.object({
  t: z.int(),
  v: z.number(),
  expected: z.number().optional(),
  score: z.number().optional(),
});

type Point = z.output<typeof pointAnswer>;

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
    query: rangeQuery,
    answer: z.array(pointAnswer),
    errors: [400, 404, 503],
    async handler({ params, query }) {
      const points = await readPoints(store, params, query, now());
      if (points.length === 0) await requireSeries(store, params);
      return points;
    },
  });

/** A reading as the API shows it. A reading without a forecast has neither `expected` nor `score`. */
export function pointOf({ ts, value, expected, score }: ScoredSample): Point {
  return {
    t: ts,
    v: value,
    ...(expected === null ? {} : { expected }),
    ...(score === null ? {} : { score }),
  };
}

async function readPoints(
  store: Store,
  series: SeriesId,
  query: z.output<typeof rangeQuery>,
  now: number,
): Promise<Point[]> {
  // Without `to` the range is open: the readings of a device whose clock is ahead are shown too.
  const to = query.to ?? Number.MAX_SAFE_INTEGER;
  const from = query.from ?? Math.max(0, (query.to ?? now) - DEFAULT_SPAN_MS);
  if (from > to) throw new InvalidInput('from', 'from must not be after to');
  if (query.bucket === undefined) {
    if (query.agg !== undefined) throw new InvalidInput('agg', 'agg needs a bucket');
    const samples = await store.series.range(series, from, to, MAX_POINTS + 1);
    if (samples.length > MAX_POINTS) throw tooManyPoints('from', 'ask for a shorter range or for buckets');
    return samples.map(pointOf);
  }
  if ((Math.min(to, now) - from) / query.bucket > MAX_POINTS) {
    throw tooManyPoints('bucket', 'ask for a shorter range or wider buckets');
  }
  const buckets = await store.series.buckets(series, from, to, query.bucket, query.agg ?? 'avg');
  return buckets.map(({ ts, value }) => ({ t: ts, v: value }));
}

function tooManyPoints(field: string, advice: string): InvalidInput {
  return new InvalidInput(field, `more than ${MAX_POINTS} points: ${advice}`);
}
