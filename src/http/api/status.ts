/** Which replica answers, and how many readings it has dealt with. */
import { z } from 'zod';
import type { HttpOptions } from '../http-options.ts';
import { route } from '../route.ts';

const statusAnswer = z.object({
  hostname: z.string(),
  version: z.string(),
  store: z.enum(['embedded', 'redis']),
  readings: z
    .object({
      received: z.int(),
      committed: z.int(),
      duplicate: z.int(),
      deadLettered: z.int(),
      rejected: z.int(),
      inFlight: z.int(),
    })
    .meta({ description: 'of this process since it started' }),
});

type Options = Pick<HttpOptions, 'store' | 'totals' | 'hostname' | 'version'>;

export const statusRoutes = (options: Options) => [showStatus(options)];

const showStatus = ({ store, totals, hostname, version }: Options) =>
  route({
    method: 'GET',
    path: '/api/status',
    tag: 'operation',
    summary: 'Which replica answers, and its accounting',
    access: 'viewer',
    answer: statusAnswer,
    handler: () => ({ hostname, version, store: store.kind, readings: totals() }),
  });
