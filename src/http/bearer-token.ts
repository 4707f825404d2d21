import { createHash, timingSafeEqual } from 'node:crypto';
import type { RequestHandler } from 'express';
import { RequestRefused } from './error-answer.ts';

/**
 * Lets only requests with `Authorization: Bearer <token>` through. Hashes are compared, so that the time it takes says
 * nothing of the token, not even its length.
 */
export function bearerToken(token: string): RequestHandler {
  const expected = digest(token);
  return (request, _response, next) => {
    const given = /^Bearer +(\S+) *$/i.exec(request.headers.authorization ?? '')?.[1];
    if (given === undefined || !timingSafeEqual(digest(given), expected)) {
      throw new RequestRefused(
        401,
        'unauthorized',
        'this route needs the header Authorization: Bearer <token>',
      );
    }
    next();
  };
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
