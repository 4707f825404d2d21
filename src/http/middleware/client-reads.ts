import type { RequestHandler } from 'express';
import { RequestRefused } from './error-answer.ts';
import { PerAddress } from './per-address.ts';

/** Bounds the requests of one address that read a lot, see `Route.readsMuch`. @param max at the same time */
export function clientReads(max: number): RequestHandler {
  const held = new PerAddress(max);
  return (request, response, next) => {
    if (held.hold(request.ip ?? '', response)) {
      next();
      return;
    }
    const why = `this address reads ${max} times at once already (HTTP_CLIENT_READS)`;
    throw new RequestRefused(429, 'too_many_reads', why, { retryAfter: 1 });
  };
}
