/**
 * Answers OPTIONS with the methods of a path, and a method that the path does not have with 405. An unknown path gets 404.
 */
import type { RequestHandler } from 'express';
import type { Route } from '../route.ts';
import { RequestRefused } from './error-answer.ts';

/** Where the CORS handler has more to say to a browser that asks what it may send. */
const CROSS_ORIGIN = /^\/(api\/|openapi\.json)/i;

export class Methods {
  private readonly routes: readonly { readonly pattern: RegExp; readonly methods: readonly string[] }[];

  constructor(routes: readonly Pick<Route, 'method' | 'path' | 'writes'>[]) {
    this.routes = routes.map(({ method, path, writes }) => ({
      pattern: new RegExp(`^${path.replaceAll('.', '\\.').replaceAll(/\{\w+\}/g, '[^/]+')}/?$`, 'i'),
      methods: method === 'GET' && !writes ? ['GET', 'HEAD'] : [method],
    }));
  }

  /** Goes before every route, because Express answers OPTIONS as soon as one of them fits. */
  readonly options: RequestHandler = (request, response, next) => {
    if (request.method !== 'OPTIONS') {
      next();
      return;
    }
    const allowed = this.allowed(request.path);
    if (allowed.length === 0) throw new RequestRefused(404, 'not_found', 'Not found');
    response.set('Allow', allowed.join(', '));
    if ('access-control-request-method' in request.headers && CROSS_ORIGIN.test(request.path)) next();
    else response.status(204).end();
  };

  /** Goes after every route. */
  readonly refuseOthers: RequestHandler = (request, response, next) => {
    const allowed = this.allowed(request.path);
    if (allowed.length === 0 || allowed.includes(request.method)) {
      next();
      return;
    }
    response.set('Allow', allowed.join(', '));
    throw new RequestRefused(405, 'method_not_allowed', `only ${allowed.join(', ')} is possible here`);
  };

  private allowed(path: string): string[] {
    const fitting = this.routes.filter(({ pattern }) => pattern.test(path));
    return [...new Set(fitting.flatMap(({ methods }) => methods))].sort();
  }
}
