import { randomUUID } from 'node:crypto';
import type { RequestHandler } from 'express';

/**
 * Gives every answer an `X-Request-Id`; the log names this id with every error. The id of a proxy is kept where it is short
 * and harmless, so that one id leads through all logs.
 */
export const requestId: RequestHandler = (request, response, next) => {
  const given = request.get('X-Request-Id');
  response.set('X-Request-Id', given !== undefined && /^[\w.:-]{1,128}$/.test(given) ? given : randomUUID());
  next();
};
