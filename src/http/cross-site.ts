import type { RequestHandler } from 'express';
import { RequestRefused } from './error-answer.ts';

/**
 * Refuses writes that a page of another site makes in a visitor's browser, which could otherwise reach a Vigía on
 * localhost that has no token. Browsers send Sec-Fetch-Site and pages cannot forge it; other clients do not send it.
 */
export const refuseCrossSite: RequestHandler = (request, _response, next) => {
  const site = request.headers['sec-fetch-site'];
  if (
    request.method !== 'GET' &&
    request.method !== 'HEAD' &&
    (site === 'cross-site' || site === 'same-site')
  ) {
    throw new RequestRefused(403, 'cross_site', 'writes from pages of other sites are refused');
  }
  next();
};
