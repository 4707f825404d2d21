import express, { type IRouter, type RequestHandler } from 'express';
import { type QueryWording, readQuery } from './read-query.ts';
import { type Route, SENT } from './route.ts';

/**
 * Registers a route with Express.
 * @param guards run before the body is read, for example the access check
 * @param wording of errors in the query; English by default
 */
export function mountRoute(
  router: IRouter,
  route: Route,
  guards: readonly RequestHandler[],
  wording?: QueryWording,
): void {
  const { method, path, query, body } = route;
  const handlers = [...guards];
  // Every media type is accepted: `curl -d` and many devices send one that does not fit.
  if (body) handlers.push(express.raw({ type: () => true, limit: body.maxBytes }));
  handlers.push(async (request, response) => {
    const answer = await route.handler({
      params: request.params as Record<string, string>,
      query: query ? readQuery(request, query, wording) : {},
      body: body?.read(Buffer.isBuffer(request.body) ? request.body : new Uint8Array()),
      requestId: response.get('X-Request-Id') ?? '',
      request,
      response,
    });
    if (answer !== SENT) response.json(answer);
  });
  const register = method.toLowerCase() as Lowercase<typeof method>;
  router[register](path.replaceAll(/\{(\w+)\}/g, ':$1'), ...handlers);
}
