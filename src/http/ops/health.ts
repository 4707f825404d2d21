/**
 * What machines ask: /healthz (the process answers), /readyz (the process can also take readings) and /metrics. These routes
 * stay open when a token is set: probes and scrapers rarely carry a token, and no answer tells the value of a reading.
 */

import { z } from 'zod';
import { spokenDuration } from '../../domain/duration.ts';
import type { HttpOptions } from '../http-options.ts';
import { route, SENT } from '../route.ts';
import { within } from './deadline.ts';

/** Shorter than the usual patience of a probe. */
const READY_DEADLINE_MS = 2_000;

const healthAnswer = z.object({ status: z.enum(['ok', 'failing']), reason: z.string().optional() });

const readinessAnswer = z.object({
  status: z.enum(['ready', 'not ready']),
  reason: z.string().optional(),
});

type Options = Pick<HttpOptions, 'registry' | 'alive' | 'ready'>;

export const healthRoutes = (options: Options) => [
  showHealth(options),
  showReadiness(options),
  showMetrics(options),
];

const showHealth = ({ alive }: Options) =>
  route({
    method: 'GET',
    path: '/healthz',
    tag: 'operation',
    summary: 'Whether the process runs and needs no help',
    access: 'open',
    answer: healthAnswer,
    otherStatuses: { 503: { text: 'a restart may help; `reason` says why', schema: healthAnswer } },
    handler({ response }) {
      try {
        alive?.();
        return { status: 'ok' as const };
      } catch (error) {
        response.status(503);
        return { status: 'failing' as const, reason: (error as Error).message };
      }
    },
  });

const showReadiness = ({ ready }: Options) =>
  route({
    method: 'GET',
    path: '/readyz',
    tag: 'operation',
    summary: 'Whether broker and store can be reached',
    access: 'open',
    answer: readinessAnswer,
    otherStatuses: { 503: { text: 'not now; `reason` says why', schema: readinessAnswer } },
    async handler({ response }) {
      try {
        await within(READY_DEADLINE_MS, `no answer within ${spokenDuration(READY_DEADLINE_MS)}`, ready());
        return { status: 'ready' as const };
      } catch (error) {
        response.status(503);
        return {
          status: 'not ready' as const,
          reason: error instanceof Error ? error.message : String(error),
        };
      }
    },
  });

const showMetrics = ({ registry }: Options) =>
  route({
    method: 'GET',
    path: '/metrics',
    tag: 'operation',
    summary: 'Metrics for Prometheus',
    access: 'open',
    otherTypes: ['text/plain'],
    async handler({ response }) {
      response.set('Content-Type', registry.contentType).send(await registry.metrics());
      return SENT;
    },
  });
