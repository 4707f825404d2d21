/**
 * Pages of other sites: none may use the JSON API unless HTTP_CORS_ORIGINS lists it. Writes that a page makes in a visitor's
 * browser could otherwise reach a Vigía on localhost that has no token. Browsers send Sec-Fetch-Site and Origin, and pages
 * cannot forge them; other clients send neither.
 */
import cors from 'cors';
import type { RequestHandler } from 'express';
import { RequestRefused } from './error-answer.ts';

/** @param origins as browsers name them, or `*` for all; asked for at each request */
export function crossOrigin(origins: () => readonly string[]): RequestHandler[] {
  const allows = (origin: string | undefined) =>
    origin !== undefined && (origins().includes('*') || origins().includes(origin));
  return [
    cors({
      origin: (origin, done) => done(null, allows(origin)),
      methods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'],
      allowedHeaders: ['Authorization', 'Content-Type', 'X-Request-Id', 'Last-Event-ID'],
      exposedHeaders: ['X-Request-Id', 'Retry-After', 'Content-Disposition'],
      maxAge: 600,
    }),
    (request, _response, next) => {
      const site = request.headers['sec-fetch-site'];
      const write = request.method !== 'GET' && request.method !== 'HEAD';
      if (write && (site === 'cross-site' || site === 'same-site') && !allows(request.headers.origin)) {
        throw new RequestRefused(403, 'cross_site', 'writes from pages of other sites are refused');
      }
      next();
    },
  ];
}
