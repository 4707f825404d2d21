/**
 * Pages of other sites: none may use the JSON API, or write, unless HTTP_CORS_ORIGINS lists it. Writes that a page makes in a
 * visitor's browser could otherwise reach a Vigía on localhost that has no token. Browsers send Sec-Fetch-… and Origin, and
 * pages cannot forge them; other clients send neither.
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
 * For routes that write on GET: refuses what a page of another site does behind its visitor's back, in a frame too. A link
 * that the visitor follows is no such thing.
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
