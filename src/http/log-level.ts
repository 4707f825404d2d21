/** How much this replica logs: seen and changed while it runs, until it is started again. */
import express, { Router } from 'express';
import type { z } from 'zod';
import { type logLevelAnswer, logLevelRequest } from './api-schema.ts';
import type { HttpOptions } from './http-options.ts';
import { readBody } from './request-body.ts';

const MAX_BODY_BYTES = 1024;

export function logLevelRoutes({ logger, hostname }: Pick<HttpOptions, 'logger' | 'hostname'>): Router {
  const router = Router();
  // With several replicas behind one address the host tells which of them this is.
  const answer = () => ({ hostname, level: logger.level }) as z.infer<typeof logLevelAnswer>;

  router.get('/', (_request, response) => {
    response.json(answer());
  });

  router.put('/', express.raw({ type: () => true, limit: MAX_BODY_BYTES }), (request, response) => {
    const { level } = readBody(request, logLevelRequest);
    const before = logger.level;
    logger.level = level;
    logger.info({ before, level, requestId: response.get('X-Request-Id') }, 'log level changed');
    response.json(answer());
  });
  return router;
}
