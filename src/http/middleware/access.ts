/** Who may call a route, by the `access` of the route. */
import type { RequestHandler } from 'express';
import type { HttpOptions } from '../http-options.ts';
import type { Route } from '../route.ts';
import { bearerToken } from './bearer-token.ts';
import { FailureLimit } from './rate-limits.ts';

type Options = Pick<HttpOptions, 'token' | 'legacyOpen' | 'authFailures'>;

/**
 * HTTP_TOKEN gives every role. Without HTTP_TOKEN everybody has every role.
 * @returns the guards of a route
 */
export function accessCheck(options: Options): (route: Pick<Route, 'access' | 'legacy'>) => RequestHandler[] {
  const failures = new FailureLimit(() => options.authFailures);
  const byToken = bearerToken(() => options.token, failures);
  const byLegacyToken = bearerToken(() => (options.legacyOpen ? undefined : options.token), failures, true);
  return ({ access, legacy }) => {
    if (access === 'open') return [];
    return [legacy ? byLegacyToken : byToken];
  };
}
