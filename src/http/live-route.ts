/**
 * GET /api/stream. Live only: events carry no ids and a Last-Event-ID is ignored. Who comes (back) subscribes first and
 * then reads the history, so that nothing falls between the two.
 */
import { Router } from 'express';
import { readQuery } from './api-query.ts';
import { streamQuery } from './api-schema.ts';
import { RequestRefused } from './error-answer.ts';
import type { Live } from './live.ts';

export function liveRoute(live: Live): Router {
  const router = Router();
  router.get('/stream', (request, response) => {
    const filter = readQuery(request, streamQuery);
    if (live.full) {
      throw new RequestRefused(503, 'too_many_clients', 'LIVE_CLIENTS are connected already', {
        retryAfter: 10,
      });
    }
    if (request.method === 'HEAD') response.type('text/event-stream').end();
    else live.open(response, filter);
  });
  return router;
}
