/**
 * `GET /api/stream`. The stream tells only what happens from now on: events carry no ids, and a Last-Event-ID is ignored. A
 * client first opens the stream and then reads the history, so that nothing falls between the two.
 */
import type { z } from 'zod';
import type { alertAnswer } from '../api/alert-answer.ts';
import { seriesFilter } from '../api/fields.ts';
import type { HttpOptions } from '../http-options.ts';
import { errorSchema, RequestRefused } from '../middleware/error-answer.ts';
import { route, SENT } from '../route.ts';
import type { LiveReading, LiveState } from './live-batch.ts';

/** The data of each event, by the name of the event. */
export interface StreamEvents {
  reading: LiveReading;
  state: LiveState;
  alert: z.output<typeof alertAnswer>;
}

type Options = Pick<HttpOptions, 'live'>;

export const streamRoutes = (options: Options) => [openStream(options)];

const openStream = ({ live }: Options) =>
  route({
    method: 'GET',
    path: '/api/stream',
    tag: 'series',
    summary:
      'Server-sent events `reading`, `state` and `alert` from now on, of one sensor or metric where given',
    access: 'viewer',
    query: seriesFilter,
    otherTypes: ['text/event-stream'],
    errors: [400],
    otherStatuses: { 503: { text: 'LIVE_CLIENTS are connected already', schema: errorSchema } },
    handler({ query, request, response }) {
      if (live.full) {
        throw new RequestRefused(503, 'too_many_clients', 'LIVE_CLIENTS are connected already', {
          retryAfter: 10,
        });
      }
      if (request.method === 'HEAD') response.type('text/event-stream').end();
      else live.open(response, query);
      return SENT;
    },
  });
