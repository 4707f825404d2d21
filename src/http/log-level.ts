/** How much this replica logs: seen and changed while it runs, until it is started again. */
import express, { Router } from 'express';
import type { z } from 'zod';
import { InvalidInput } from '../errors.ts';
import { type logLevelAnswer, logLevelRequest } from './api-schema.ts';
import type { HttpOptions } from './http-options.ts';
import { parseJson } from './readings-request.ts';

const MAX_BODY_BYTES = 1024;

export function logLevelRoutes({ logger, hostname }: Pick<HttpOptions, 'logger' | 'hostname'>): Router {
  const router = Router();
  // With several replicas behind one address the host tells which of them this is.
  const answer = () => ({ hostname, level: logger.level }) as z.infer<typeof logLevelAnswer>;

  router.get('/', (_request, response) => {
    response.json(answer());
  });

  router.put('/', express.raw({ type: () => true, limit: MAX_BODY_BYTES }), (request, response) => {
    const body = Buffer.isBuffer(request.body) ? request.body : new Uint8Array();
    const result = logLevelRequest.safeParse(parseJson(body));
    if (!result.success) {
      const { path, message } = result.error.issues[0]!;
      const field = path.length === 0 ? 'body' : String(path[0]);
      throw new InvalidInput(field, `${field} ${message}`);
    }
    const { level } = result.data;
    const before = logger.level;
    logger.level = level;
    logger.info({ before, level, requestId: response.get('X-Request-Id') }, 'log level changed');
    response.json(answer());
  });
  return router;
}
