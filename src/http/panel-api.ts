/** What only the panel asks for: the newest readings of many series at once, and the numbers of its footer. */
import { Router } from 'express';
import type { z } from 'zod';
import { readQuery } from './api-query.ts';
import { type recentAnswer, recentQuery, type statusAnswer } from './api-schema.ts';
import type { HttpOptions } from './http-options.ts';

type PanelOptions = Pick<HttpOptions, 'store' | 'totals' | 'hostname' | 'version'>;

export function panelApi({ store, totals, hostname, version }: PanelOptions): Router {
  const router = Router();

  /** Series that there are none of have no points: the list that the panel asked from may be older than a deletion. */
  router.get('/recent', async (request, response) => {
    const { series, points } = readQuery(request, recentQuery);
    const answer = await Promise.all(
      series.map(async ({ sensor, metric }) => {
        const samples = await store.range({ sensor, metric }, 0, Number.MAX_SAFE_INTEGER, points);
        return {
          sensor,
          metric,
          points: samples.map(({ ts, value, score }): [number, number, number | null] => [ts, value, score]),
        };
      }),
    );
    response.json(answer satisfies z.infer<typeof recentAnswer>);
  });

  router.get('/status', (_request, response) => {
    const { kind } = store;
    response.json({ hostname, version, store: kind, readings: totals() } satisfies z.infer<
      typeof statusAnswer
    >);
  });
  return router;
}
