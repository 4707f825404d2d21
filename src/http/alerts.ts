/** Alerts: seen and acknowledged, one or many. */
import express, { Router } from 'express';
import { readQuery } from './api-query.ts';
import { acknowledgeRequest, alertsQuery } from './api-schema.ts';
import { RequestRefused } from './error-answer.ts';
import type { HttpOptions } from './http-options.ts';
import { readBody } from './request-body.ts';
import { shownAlert } from './shown-alert.ts';

const DEFAULT_ALERTS = 100;

type AlertOptions = Pick<HttpOptions, 'store' | 'live' | 'units' | 'maxPayload'>;

export function alertRoutes(options: AlertOptions): Router {
  const { store, live } = options;
  const router = Router();

  async function acknowledge(id: string) {
    const alert = await store.alerts.acknowledge(id);
    if (alert === null) return null;
    live.acknowledged(alert);
    return shownAlert(alert, options.units);
  }

  router.get('/', async (request, response) => {
    const { limit = DEFAULT_ALERTS, sensor, metric, state, from } = readQuery(request, alertsQuery);
    const alerts = await store.alerts.list({
      limit,
      ...(sensor !== undefined && { sensor }),
      ...(metric !== undefined && { metric }),
      ...(state !== undefined && { state }),
      ...(from !== undefined && { from }),
    });
    response.json(alerts.map((alert) => shownAlert(alert, options.units)));
  });

  // An alert that is gone meanwhile is not worth refusing the others for.
  router.post(
    '/acknowledge',
    express.raw({ type: () => true, limit: options.maxPayload }),
    async (request, response) => {
      const { ids } = readBody(request, acknowledgeRequest);
      const alerts = await Promise.all(ids.map(acknowledge));
      response.json(alerts.filter((alert) => alert !== null));
    },
  );

  // An id has slashes and percent signs of its own: it stands here percent-encoded, as one segment.
  router.post('/:id/acknowledge', async (request, response) => {
    const alert = await acknowledge(request.params.id);
    if (alert === null) throw new RequestRefused(404, 'not_found', 'there is no such alert');
    response.json(alert);
  });
  return router;
}
