/** The audit log: who did what to what, from where. */
import { z } from 'zod';
import type { HttpOptions } from '../http-options.ts';
import { route } from '../route.ts';
import { listLimit } from './fields.ts';

const DEFAULT_ENTRIES = 100;

const entryAnswer = z.object({
  position: z.string(),
  ts: z.int(),
  actor: z.string().nullable().meta({ description: 'name of the user or token; null: unknown' }),
  role: z.string().nullable(),
  address: z.string().meta({ description: 'IP address of the client' }),
  action: z.string().meta({ description: 'method and path of the route' }),
  target: z.string().meta({ description: 'parameters of the path, and the query' }),
  outcome: z.enum(['done', 'refused', 'failed']),
  status: z.int().meta({ description: 'HTTP status of the answer' }),
  detail: z.string().nullable(),
  requestId: z.string(),
  count: z.int().meta({ description: 'equal acts that the entry stands for' }),
});

type Options = Pick<HttpOptions, 'store'>;

export const auditRoutes = (options: Options) => [listAudit(options)];

const listAudit = ({ store }: Options) =>
  route({
    method: 'GET',
    path: '/api/audit',
    tag: 'operation',
    summary: 'The audit log, newest first: changes of state, failed sign-ins and refused requests',
    access: 'admin',
    query: z.object({
      limit: listLimit,
      before: z
        .string()
        .regex(/^\d{1,19}(-\d{1,19})?$/, 'must be `next` of an earlier answer')
        .optional()
        .meta({ description: '`next` of the answer before' }),
    }),
    answer: z.object({
      entries: z.array(entryAnswer),
      next: z.string().nullable().meta({ description: 'where the next page begins; null at the end' }),
    }),
    errors: [400, 503],
    async handler({ query: { limit = DEFAULT_ENTRIES, before = null } }) {
      const entries = await store.audit.list(limit, before);
      const last = entries.length < limit ? undefined : entries.at(-1);
      return { entries, next: last?.position ?? null };
    },
  });
