import express, { type IRouter, type RequestHandler } from 'express';
import { noteDetail, noteRoute, noteWork } from './middleware/audit.ts';
import { ANYBODY, callerOf } from './middleware/caller.ts';
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
  const handlers: RequestHandler[] = [noteRoute(route), ...guards];
  // Every media type is accepted: `curl -d` and many devices send one that does not fit.
  if (body) handlers.push(express.raw({ type: () => true, limit: body.maxBytes }));
  handlers.push(async (request, response) => {
    const work = Promise.resolve(
      route.handler({
        params: request.params as Record<string, string>,
        query: query ? readQuery(request, query, wording) : {},
        body: body?.read(Buffer.isBuffer(request.body) ? request.body : new Uint8Array()),
        caller: callerOf(response) ?? ANYBODY,
        note: (detail) => noteDetail(response, detail),
        requestId: response.get('X-Request-Id') ?? '',
        request,
        response,
      }),
    );
    noteWork(response, work);
    const answer = await work;
    if (answer !== SENT) response.json(answer);
  });
  const register = method.toLowerCase() as Lowercase<typeof method>;
  router[register](path.replaceAll(/\{(\w+)\}/g, ':$1'), ...handlers);
}
