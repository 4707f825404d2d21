/** The list of series, and the deletion of one. */
import { z } from 'zod';
import { seriesKey } from '../../domain/series.ts';
import { InvalidInput } from '../../errors.ts';
import type { HttpOptions } from '../http-options.ts';
import { RequestRefused } from '../middleware/error-answer.ts';
import { route } from '../route.ts';
import { seriesFilter } from './fields.ts';

export const seriesAnswer = z.object({
  sensor: z.string(),
  metric: z.string(),
  name: z.string().nullable().meta({ description: 'what people call it' }),
  unit: z.string().nullable(),
  last: z.object({ t: z.int(), v: z.number() }).nullable(),
  state: z.enum(['warmup', 'normal', 'alarm', 'silent']),
});

type Options = Pick<HttpOptions, 'store' | 'labels' | 'logger' | 'live'>;

export const seriesRoutes = (options: Options) => [listSeries(options), deleteSeries(options)];

const listSeries = (options: Options) =>
  route({
    method: 'GET',
    path: '/api/series',
    tag: 'series',
    summary: 'Every series with its unit, last value and state',
    access: 'viewer',
    readsMuch: true,
    query: seriesFilter,
    answer: z.array(seriesAnswer),
    errors: [400, 429, 503],
    async handler({ query, request }) {
      const all = await options.store.reads(request.ip ?? '').series.list();
      const list = all.filter(
        ({ sensor, metric }) => sensor === (query.sensor ?? sensor) && metric === (query.metric ?? metric),
      );
      return list.map(({ sensor, metric, last, status }) => ({
        sensor,
        metric,
        name: options.labels.nameOf({ sensor, metric }),
        unit: options.labels.unitOf({ sensor, metric }),
        last: last && { t: last.ts, v: last.value },
        state: status,
      }));
    },
  });

const deleteSeries = ({ store, logger, live }: Options) =>
  route({
    method: 'DELETE',
    path: '/api/series/{sensor}/{metric}',
    tag: 'series',
    summary: 'Delete a series with its readings, verdicts, rollups and alerts, for good',
    access: 'admin',
    query: z.object({
      confirm: z
        .string({ error: 'must be <sensor>/<metric>, so that nothing is deleted by mistake' })
        .meta({ description: '<sensor>/<metric>, so that nothing is deleted by mistake' }),
    }),
    answer: z.object({ deleted: z.object({ sensor: z.string(), metric: z.string() }) }),
    errors: [400, 404, 503],
    async handler({ params, query, requestId, request }) {
      const series = { sensor: params.sensor, metric: params.metric };
      if (query.confirm !== `${series.sensor}/${series.metric}`) {
        throw new InvalidInput(
          'confirm',
          'confirm must be <sensor>/<metric>: the series with all its readings and alerts is deleted for good',
        );
      }
      const removed = await store.series.remove(series);
      if (!removed) throw new RequestRefused(404, 'not_found', 'there is no such series');
      logger.warn({ requestId, client: request.ip, ...series }, `series ${seriesKey(series)} deleted`);
      live.removed(series);
      return { deleted: series };
    },
  });
