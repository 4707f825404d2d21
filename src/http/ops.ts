/**
 * What machines ask: /healthz (the process answers), /readyz (it can also take readings) and /metrics. They stay open
 * when a token is set: probes and scrapers rarely carry one, and nothing here tells readings.
 */
import { Router } from 'express';
import { within } from './deadline.ts';
import type { HttpOptions } from './http-options.ts';

/** Shorter than the usual patience of a probe. */
const READY_DEADLINE_MS = 2_000;

export function opsRoutes({ registry, ready }: Pick<HttpOptions, 'registry' | 'ready'>): Router {
  const router = Router();
  router.use(['/healthz', '/readyz', '/metrics'], (_request, response, next) => {
    response.set('Cache-Control', 'no-store');
    next();
  });

  router.get('/healthz', (_request, response) => {
    response.json({ status: 'ok' });
  });

  router.get('/readyz', async (_request, response) => {
    try {
      await within(READY_DEADLINE_MS, `no answer within ${READY_DEADLINE_MS} ms`, ready());
      response.json({ status: 'ready' });
    } catch (error) {
      response
        .status(503)
        .json({ status: 'not ready', reason: error instanceof Error ? error.message : String(error) });
    }
  });

  router.get('/metrics', async (_request, response) => {
    response.set('Content-Type', registry.contentType).send(await registry.metrics());
  });
  return router;
}
