/** What the chart of the panel shows of one series. */
import { z } from 'zod';
import { InvalidInput } from '../../errors.ts';
import type { HttpOptions } from '../http-options.ts';
import { route } from '../route.ts';
import { chartPoints } from './chart-points.ts';
import { timeParameter } from './fields.ts';
import { requireSeries } from './require-series.ts';

const chartAnswer = z.object({
  width: z.int().nullable().meta({ description: 'of a bucket, ms; null: every point is a reading' }),
  points: z.array(z.tuple([z.number(), z.number(), z.number().nullable(), z.number().nullable()])).meta({
    description:
      'time, value, forecast and score of readings, also of the last before `from`; middle, average, minimum and maximum of buckets',
  }),
  limits: z
    .object({ min: z.number().nullable(), max: z.number().nullable() })
    .meta({ description: 'of the rules in force for the series, in its unit; null: none' }),
});

type Options = Pick<HttpOptions, 'store' | 'rulesOf'>;

export const chartRoutes = (options: Options) => [showChart(options)];

const showChart = ({ store, rulesOf }: Options) =>
  route({
    method: 'GET',
    path: '/api/series/{sensor}/{metric}/chart',
    tag: 'series',
    summary: 'What a chart shows: readings while there are few enough, else averages with their extremes',
    access: 'viewer',
    readsMuch: true,
    query: z.object({ from: timeParameter, to: timeParameter }),
    answer: chartAnswer,
    errors: [400, 404, 429, 503],
    async handler({ params: series, query: { from, to }, request }) {
      if (from >= to) throw new InvalidInput('from', 'from must be before to');
      const answer = await chartPoints(store.reads(request.ip ?? '').series, series, from, to);
      if (answer.points.length === 0) await requireSeries(store, series);
      const { min, max } = rulesOf(series);
      return { ...answer, limits: { min, max } };
    },
  });
