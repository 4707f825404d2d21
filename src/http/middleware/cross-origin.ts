/**
 * Pages of other sites may not use the JSON API, and may not write, unless HTTP_CORS_ORIGINS lists their origin. Without this
 * check a page in a visitor's browser could write to a Vigía on localhost that has no token. Browsers send the headers
 * Sec-Fetch-… and Origin, and a page cannot forge these headers; other clients send neither.
 */
import cors from 'cors';
import type { Request, RequestHandler } from 'express';
import { RequestRefused } from './error-answer.ts';

/** @param origins as browsers name them, or `*` for all; asked for at each request */
export function crossOrigin(origins: () => readonly string[]): RequestHandler[] {
  return [
    cors({
      origin: (origin, done) => done(null, allows(origins(), origin)),
      methods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'],
      allowedHeaders: ['Authorization', 'Content-Type', 'X-Request-Id', 'Last-Event-ID'],
      exposedHeaders: ['X-Request-Id', 'Retry-After', 'Content-Disposition'],
      maxAge: 600,
    }),
    (request, _response, next) => {
      const write = request.method !== 'GET' && request.method !== 'HEAD';
      if (write && isForeign(request, origins())) {
        throw new RequestRefused(403, 'cross_site', 'writes from pages of other sites are refused');
      }
      next();
    },
  ];
}

/**
 * For routes that write on GET: refuses a request that a page of another site makes without its visitor, also from a frame. A
 * link that the visitor follows is allowed.
 * @param message of the refusal
 */
export function refuseForeignPages(origins: () => readonly string[], message: string): RequestHandler {
  return (request, _response, next) => {
    const { 'sec-fetch-mode': mode, 'sec-fetch-dest': destination = 'document' } = request.headers;
    const followed = mode === 'navigate' && destination === 'document';
    if (!followed && isForeign(request, origins())) throw new RequestRefused(403, 'cross_site', message);
    next();
  };
}

function isForeign({ headers }: Request, origins: readonly string[]): boolean {
  const site = headers['sec-fetch-site'];
  return (site === 'cross-site' || site === 'same-site') && !allows(origins, headers.origin);
}

function allows(origins: readonly string[], origin: string | undefined): boolean {
  return origin !== undefined && (origins.includes('*') || origins.includes(origin));
}
