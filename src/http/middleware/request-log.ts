import type { RequestHandler } from 'express';
import type { Logger } from 'pino';

/** One line per answered request at level debug, under its id. */
export function requestLog(logger: Logger): RequestHandler {
  return (request, response, next) => {
    if (logger.isLevelEnabled('debug')) {
      const started = performance.now();
      const { method, path } = request;
      response.once('finish', () => {
        const durationMs = Math.round(performance.now() - started);
        const requestId = response.get('X-Request-Id');
        logger.debug({ requestId, method, path, status: response.statusCode, durationMs }, 'request');
      });
    }
    next();
  };
}
