/**
 * `GET /api/stream`. The stream tells only what happens from now on: events carry no ids, and a Last-Event-ID is ignored. A
 * client first opens the stream and then reads the history, so that nothing falls between the two.
 */
import type { z } from 'zod';
import type { alertAnswer } from '../api/alert-answer.ts';
import { seriesFilter } from '../api/fields.ts';
import type { HttpOptions } from '../http-options.ts';
import { errorSchema, RequestRefused } from '../middleware/error-answer.ts';
import { PerAddress } from '../middleware/per-address.ts';
import { route, SENT } from '../route.ts';
import type { LiveReading, LiveState } from './live-batch.ts';

/** The data of each event, by the name of the event. */
export interface StreamEvents {
  reading: LiveReading;
  state: LiveState;
  alert: z.output<typeof alertAnswer>;
}

type Options = Pick<HttpOptions, 'live' | 'liveAddressClients'>;

export const streamRoutes = (options: Options) => [openStream(options)];

const openStream = ({ live, liveAddressClients }: Options) => {
  const held = new PerAddress(liveAddressClients);
  return route({
    method: 'GET',
    path: '/api/stream',
    tag: 'series',
    summary:
      'Server-sent events `reading`, `state` and `alert` from now on, of one sensor or metric where given',
    access: 'viewer',
    query: seriesFilter,
    otherTypes: ['text/event-stream'],
    errors: [400],
    otherStatuses: {
      503: {
        text: 'LIVE_CLIENTS are connected already, or LIVE_ADDRESS_CLIENTS from this address',
        schema: errorSchema,
      },
    },
    handler({ query, request, response }) {
      if (live.full) {
        throw new RequestRefused(503, 'too_many_clients', 'LIVE_CLIENTS are connected already', {
          retryAfter: 10,
        });
      }
      if (request.method === 'HEAD') {
        response.type('text/event-stream').end();
        return SENT;
      }
      if (!held.hold(request.ip ?? '', response)) {
        const why = 'this address has LIVE_ADDRESS_CLIENTS streams already';
        throw new RequestRefused(503, 'too_many_clients', why, { retryAfter: 10 });
      }
      live.open(response, query);
      return SENT;
    },
  });
};
