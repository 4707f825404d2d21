import { createHash, timingSafeEqual } from 'node:crypto';
import type { Request, RequestHandler } from 'express';
import { queryParameter } from '../query-parameter.ts';
import { RequestRefused } from './error-answer.ts';
import type { FailureLimit } from './rate-limits.ts';

/**
 * Lets only requests with `Authorization: Bearer <token>` through. Hashes are compared, so that the time it takes says
 * nothing of the token, not even its length.
 * @param token asked for at each request, because it may change; undefined: all may pass
 * @param failures counts wrong ones; beyond its limit a client gets 429
 * @param inQuery whether `?token=<token>` does as well, for clients that can set no header
 */
export function bearerToken(
  token: () => string | undefined,
  failures: FailureLimit,
  inQuery = false,
): RequestHandler {
  let known: string | undefined;
  let expected = digest('');
  return async (request, _response, next) => {
    const wanted = token();
    if (wanted === undefined) {
      next();
      return;
    }
    if (wanted !== known) {
      known = wanted;
      expected = digest(wanted);
    }
    await failures.check(request);
    const given = fromHeader(request) ?? (inQuery ? fromQuery(request) : undefined);
    if (given === undefined || !timingSafeEqual(digest(given), expected)) {
      if (given !== undefined) await failures.count(request);
      const ways = `the header Authorization: Bearer <token>${inQuery ? ' or ?token=<token>' : ''}`;
      throw new RequestRefused(401, 'unauthorized', `this route needs ${ways}`);
    }
    next();
  };
}

function fromHeader(request: Request): string | undefined {
  return /^Bearer +(\S+) *$/i.exec(request.headers.authorization ?? '')?.[1];
}

function fromQuery(request: Request): string | undefined {
  const given = queryParameter(request, 'token');
  return given.kind === 'value' ? given.text : undefined;
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
