import type { RequestHandler } from 'express';

/** Tells browsers and proxies to keep no copy of the answer. */
export const noStore: RequestHandler = (_request, response, next) => {
  response.set('Cache-Control', 'no-store');
  next();
};
