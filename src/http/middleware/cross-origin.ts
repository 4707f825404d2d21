/**
 * Pages of other sites may not use the JSON API, and may not write, unless HTTP_CORS_ORIGINS lists their origin. Without this
 * check a page in a visitor's browser could write to a Vigía on localhost or on the LAN that has no token.
 */
import cors from 'cors';
import type { Request, RequestHandler, Response } from 'express';
import { RequestRefused } from './error-answer.ts';
import { isListed, isNavigation, senderOf } from './sender.ts';

/** @param origins as browsers name them, or `*` for all; asked for at each request */
export function crossOrigin(origins: () => readonly string[]): RequestHandler[] {
  return [
    cors({
      origin: (origin, done) => done(null, isListed(origins(), origin)),
      methods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'],
      allowedHeaders: ['Authorization', 'Content-Type', 'X-Request-Id', 'Last-Event-ID'],
      exposedHeaders: ['X-Request-Id', 'Retry-After', 'Content-Disposition'],
      maxAge: 600,
    }),
    (request, _response, next) => {
      const write = request.method !== 'GET' && request.method !== 'HEAD';
      if (write && senderOf(request, origins()) === 'foreign') {
        throw new RequestRefused(403, 'cross_site', 'writes from pages of other sites are refused');
      }
      next();
    },
  ];
}

/**
 * For routes that write on GET. A page of another site is refused. An address that a browser opens, by a link or typed,
 * writes nothing: the browser asks the visitor first, and only the page that asks leads to the write.
 * @param message of the refusal
 * @param ask answers with a page that asks the visitor
 */
export function refuseForeignPages(
  origins: () => readonly string[],
  message: string,
  ask: (request: Request, response: Response) => void,
): RequestHandler {
  return (request, response, next) => {
    const sender = senderOf(request, origins());
    if (sender === 'program' || sender === 'own') next();
    else if (isNavigation(request)) ask(request, response);
    else if (sender === 'foreign') throw new RequestRefused(403, 'cross_site', message);
    else next();
  };
}
