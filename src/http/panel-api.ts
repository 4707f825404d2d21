/** What only the panel asks for: a chart, the newest readings of many series at once, and the numbers of its footer. */
import { Router } from 'express';
import type { z } from 'zod';
import { InvalidInput } from '../errors.ts';
import { readQuery } from './api-query.ts';
import {
  type chartAnswer,
  chartQuery,
  type recentAnswer,
  recentQuery,
  type statusAnswer,
} from './api-schema.ts';
import { chartPoints } from './chart-points.ts';
import type { HttpOptions } from './http-options.ts';
import { requireSeries } from './series-data.ts';

type PanelOptions = Pick<HttpOptions, 'store' | 'totals' | 'hostname' | 'version'>;

export function panelApi({ store, totals, hostname, version }: PanelOptions): Router {
  const router = Router();

  /** Series that there are none of have no points: the list that the panel asked from may be older than a deletion. */
  router.get('/recent', async (request, response) => {
    const { series, points } = readQuery(request, recentQuery);
    const answer = await Promise.all(
      series.map(async ({ sensor, metric }) => {
        const samples = await store.series.range({ sensor, metric }, 0, Number.MAX_SAFE_INTEGER, points);
        return {
          sensor,
          metric,
          points: samples.map(({ ts, value, score }): [number, number, number | null] => [ts, value, score]),
        };
      }),
    );
    response.json(answer satisfies z.infer<typeof recentAnswer>);
  });

  router.get('/series/:sensor/:metric/chart', async (request, response) => {
    const series = { sensor: request.params.sensor, metric: request.params.metric };
    const { from, to } = readQuery(request, chartQuery);
    if (from >= to) throw new InvalidInput('from', 'from must be before to');
    const answer = await chartPoints(store.series, series, from, to);
    if (answer.points.length === 0) await requireSeries(store, series);
    response.json(answer satisfies z.infer<typeof chartAnswer>);
  });

  router.get('/status', (_request, response) => {
    const { kind } = store;
    response.json({ hostname, version, store: kind, readings: totals() } satisfies z.infer<
      typeof statusAnswer
    >);
  });
  return router;
}
