/** `POST /api/readings`: stores readings, and says what became of each of them. */
import { z } from 'zod';
import type { HttpOptions } from '../http-options.ts';
import { errorBody, errorSchema } from '../middleware/error-answer.ts';
import { route, SENT } from '../route.ts';
import { checkReadings, parseBody, readingSchema, readingsAnswer, summarize } from './readings-request.ts';

/** Some readings must be sent again: they are among those rejected. A client over its rate limit gets the error alone. */
const busyAnswer = z.union([errorSchema.extend(readingsAnswer.shape), errorSchema]);

type Options = Pick<HttpOptions, 'submit' | 'countRejected' | 'maxNameBytes' | 'maxPayload' | 'maxReadings'>;

export const readingRoutes = (options: Options) => [storeReadings(options)];

function storeReadings({ submit, countRejected, maxNameBytes, maxPayload, maxReadings }: Options) {
  const reading = readingSchema(maxNameBytes);
  return route({
    method: 'POST',
    path: '/api/readings',
    tag: 'readings',
    summary: 'Store readings: each is committed, a duplicate, or rejected with its reason',
    access: 'operator',
    storesReadings: true,
    body: {
      schema: z.union([z.array(reading), reading]),
      maxBytes: maxPayload,
      read: (bytes) => parseBody(bytes, maxReadings),
    },
    answer: readingsAnswer,
    errors: [400, 413, 503],
    otherStatuses: {
      429: { text: 'those rejected as `busy` must be sent again, after Retry-After', schema: busyAnswer },
    },
    async handler({ body, requestId, response }) {
      const checked = checkReadings(body, reading);
      if (checked.rejected.length > 0) countRejected?.(checked.rejected.length);
      const outcomes = checked.readings.length === 0 ? [] : await submit(checked.readings, requestId);
      const { busy, ...answer } = summarize(checked, outcomes);
      if (!busy) return answer;
      const message = 'too many readings without ts for one series: send those rejected as busy again';
      const refusal = { status: 429, code: 'busy', message, field: 'ts' };
      response
        .status(429)
        .set('Retry-After', '1')
        .json({ ...errorBody(refusal), ...answer });
      return SENT;
    },
  });
}
