/**
 * The JSON API under /api: write readings, read series, see and acknowledge alerts. Errors are thrown; the server shows
 * them as `{error:{code,message,field?}}`, and asks for the token before any of these routes sees a request.
 */
import express, { Router } from 'express';
import type { z } from 'zod';
import type { SeriesId } from '../domain/series.ts';
import { InvalidInput } from '../errors.ts';
import type { Store } from '../store/store.ts';
import { alertRoutes } from './alerts.ts';
import { readQuery } from './api-query.ts';
import {
  MAX_POINTS,
  type pointAnswer,
  rangeQuery,
  readingSchema,
  type seriesAnswer,
  seriesQuery,
} from './api-schema.ts';
import { deadLetterRoutes } from './dead-letters.ts';
import { errorBody } from './error-answer.ts';
import type { HttpOptions } from './http-options.ts';
import { liveRoute } from './live-route.ts';
import { logLevelRoutes } from './log-level.ts';
import { modelRoutes, seriesModelRoute } from './models.ts';
import { panelApi } from './panel-api.ts';
import { checkReadings, parseBody, summarize } from './readings-request.ts';
import { requireSeries, seriesDataRoutes } from './series-data.ts';
import { unitOf } from './unit.ts';

const DEFAULT_SPAN_MS = 3_600_000;

type ApiOptions = Pick<
  HttpOptions,
  | 'store'
  | 'submit'
  | 'replay'
  | 'models'
  | 'maxModelSize'
  | 'countRejected'
  | 'units'
  | 'maxPayload'
  | 'maxReadings'
  | 'maxNameBytes'
  | 'logger'
  | 'hostname'
  | 'now'
  | 'live'
  | 'totals'
  | 'version'
>;

export function apiRoutes(options: ApiOptions): Router {
  const { store, submit, now = Date.now } = options;
  const router = Router();
  const schema = readingSchema(options.maxNameBytes);

  router.use((_request, response, next) => {
    response.set('Cache-Control', 'no-store');
    next();
  });
  router.use('/dead-letters', deadLetterRoutes(options));
  router.use('/models', modelRoutes(options));
  router.use(seriesModelRoute(options));
  router.use('/log-level', logLevelRoutes(options));
  router.use(liveRoute(options.live));
  router.use(panelApi(options));

  // Every content type is taken as JSON: `curl -d` and many devices send whatever they send.
  router.post(
    '/readings',
    express.raw({ type: () => true, limit: options.maxPayload }),
    async (request, response) => {
      const body = Buffer.isBuffer(request.body) ? request.body : new Uint8Array();
      const checked = checkReadings(parseBody(body, options.maxReadings), schema);
      if (checked.rejected.length > 0) options.countRejected?.(checked.rejected.length);
      const outcomes =
        checked.readings.length === 0 ? [] : await submit(checked.readings, response.get('X-Request-Id'));
      const { busy, ...answer } = summarize(checked, outcomes);
      if (!busy) {
        response.json(answer);
        return;
      }
      const message = 'too many readings without ts for one series: send those rejected as busy again';
      const refusal = { status: 429, code: 'busy', message, field: 'ts' };
      response
        .status(429)
        .set('Retry-After', '1')
        .json({ ...errorBody(refusal), ...answer });
    },
  );

  router.get('/series', async (request, response) => {
    const wanted = readQuery(request, seriesQuery);
    const list = (await store.series.list()).filter(
      ({ sensor, metric }) => sensor === (wanted.sensor ?? sensor) && metric === (wanted.metric ?? metric),
    );
    response.json(
      list.map(
        ({ sensor, metric, last, status }): z.infer<typeof seriesAnswer> => ({
          sensor,
          metric,
          unit: unitOf(options.units, metric),
          last: last && { t: last.ts, v: last.value },
          state: status,
        }),
      ),
    );
  });

  router.get('/series/:sensor/:metric', async (request, response) => {
    const series = { sensor: request.params.sensor, metric: request.params.metric };
    const points = await readPoints(store, series, readQuery(request, rangeQuery), now());
    if (points.length === 0) await requireSeries(store, series);
    response.json(points);
  });

  router.use('/series', seriesDataRoutes(options));

  router.use('/alerts', alertRoutes(options));
  return router;
}

type Point = z.infer<typeof pointAnswer>;

/** Raw readings with their verdicts, or one aggregate per bucket; without `from` the last hour before `to`. */
async function readPoints(
  store: Store,
  series: SeriesId,
  query: z.output<typeof rangeQuery>,
  now: number,
): Promise<Point[]> {
  // Without `to` the range is open: a device whose clock is ahead is not cut off.
  const to = query.to ?? Number.MAX_SAFE_INTEGER;
  const from = query.from ?? Math.max(0, (query.to ?? now) - DEFAULT_SPAN_MS);
  if (from > to) throw new InvalidInput('from', 'from must not be after to');
  if (query.bucket === undefined) {
    if (query.agg !== undefined) throw new InvalidInput('agg', 'agg needs a bucket');
    const samples = await store.series.range(series, from, to, MAX_POINTS + 1);
    if (samples.length > MAX_POINTS) throw tooManyPoints('from', 'ask for a shorter range or for buckets');
    return samples.map(({ ts, value, expected, score }) => ({
      t: ts,
      v: value,
      ...(expected === null ? {} : { expected }),
      ...(score === null ? {} : { score }),
    }));
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
