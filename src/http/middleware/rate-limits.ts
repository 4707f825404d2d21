/**
 * Bounds on the requests of one client in windows of one minute. Each replica counts for itself. A client is an IPv4 address
 * or an IPv6 /56; behind a proxy in TRUST_PROXY it is the address that the proxy names.
 */
import type { Request, RequestHandler } from 'express';
import { ipKeyGenerator, rateLimit } from 'express-rate-limit';
import { RequestRefused } from './error-answer.ts';

const MINUTE_MS = 60_000;

/** @param perMinute asked for at each request; 0: any number */
export function requestLimit(perMinute: () => number): RequestHandler {
  return rateLimit({
    ...COMMON,
    limit: perMinute,
    skip: () => perMinute() === 0,
    handler(request, _response, next) {
      const { resetTime } = (request as Request & { rateLimit: { resetTime?: Date } }).rateLimit;
      next(tooMany(`more than ${perMinute()} requests a minute (HTTP_RATE_LIMIT)`, resetTime));
    },
  });
}

/** Counts failed attempts of a client. */
export class FailureLimit {
  private readonly limiter = rateLimit({ ...COMMON, limit: Number.MAX_SAFE_INTEGER });

  constructor(private readonly perMinute: () => number) {}

  /** Counts one more. @throws RequestRefused (429) when there are more than the limit */
  async count(request: Request): Promise<void> {
    await new Promise<void>((resolve) => void this.limiter(request, request.res!, () => resolve()));
    const info = await this.limiter.getKey(keyOf(request));
    if (info && info.totalHits > this.perMinute()) throw tooMany('too many wrong tokens', info.resetTime);
  }
}

const keyOf = (request: Request) => ipKeyGenerator(request.ip ?? '');

const COMMON = {
  windowMs: MINUTE_MS,
  standardHeaders: false,
  legacyHeaders: false,
  // Its warnings about proxies go to the console; TRUST_PROXY is documented where it is set.
  validate: false,
  keyGenerator: keyOf,
} as const;

function tooMany(why: string, resetTime: Date | undefined): RequestRefused {
  const wait = (resetTime?.getTime() ?? Date.now() + MINUTE_MS) - Date.now();
  const retryAfter = Math.max(1, Math.ceil(wait / 1000));
  return new RequestRefused(429, 'rate_limited', `${why}: try again in ${retryAfter} s`, { retryAfter });
}
