/**
 * Puts the legacy routes together. Errors are Spanish, as a page or as JSON. Nothing may cache an answer, because `/nuevo` and
 * `/detectar` write on GET; HEAD, which by convention changes nothing, is refused there.
 */
import { type Request, type RequestHandler, type Response, Router } from 'express';
import type { HttpOptions } from '../http-options.ts';
import { noteRoute } from '../middleware/audit.ts';
import { refuseForeignPages } from '../middleware/cross-origin.ts';
import { type ErrorAnswer, errorBody, errorHandler, RequestRefused } from '../middleware/error-answer.ts';
import type { Refusals } from '../middleware/refusals.ts';
import { mountRoute } from '../mount-route.ts';
import { queryParameter } from '../query-parameter.ts';
import type { Route } from '../route.ts';
import { confirmationPage, refusalPage } from './pages.ts';
import { inSpanish } from './queries.ts';
import { isJson, sendPage } from './routes.ts';

const FOREIGN = 'Esta ruta no admite datos de páginas de otros sitios.';

/** @param guards of a route: they run after the check of the method */
export function legacyRouter(
  routes: readonly Route[],
  options: Pick<HttpOptions, 'logger' | 'corsOrigins'>,
  refusals: Pick<Refusals, 'request'>,
  guards: (route: Route) => readonly RequestHandler[],
): Router {
  const router = Router();
  for (const { path, writes } of routes) router.use(path, onlyGet(writes === true));
  for (const route of routes) {
    router.use(route.path, noteRoute(route), ...guards(route));
    if (!route.writes) continue;
    router.use(
      route.path,
      refuseForeignPages(() => options.corsOrigins, FOREIGN, ask),
    );
  }
  for (const route of routes) mountRoute(router, route, [], inSpanish);
  router.use(
    errorHandler(options.logger, refusals, (answer, request, response) => {
      const message = spanishMessage(answer);
      if (isJson(request, formatOf(request))) response.json(errorBody({ ...answer, message }));
      else sendPage(response, refusalPage(message));
    }),
  );
  return router;
}

/** The link of the page that asks sends the same request again, this time from a page of this server. */
function ask(request: Request, response: Response): void {
  const message = 'Un navegador que abre esta dirección todavía no guarda el valor.';
  if (isJson(request, formatOf(request))) throw new RequestRefused(403, 'cross_site', message);
  response.status(403);
  sendPage(response, confirmationPage(request.originalUrl.replace(/^\w+:\/\/[^/]*/, '')));
}

function onlyGet(writes: boolean): RequestHandler {
  return (request, response, next) => {
    response.set({ 'Cache-Control': 'no-store', Vary: 'Accept' });
    if (request.method === 'GET' || (!writes && request.method === 'HEAD')) {
      next();
      return;
    }
    response.set('Allow', writes ? 'GET' : 'GET, HEAD');
    const message = writes ? 'Esta ruta solo admite GET.' : 'Esta ruta solo admite GET y HEAD.';
    throw new RequestRefused(405, 'method_not_allowed', message);
  };
}

/** Messages of 4xx errors that the legacy routes raise themselves are Spanish already. */
function spanishMessage(answer: ErrorAnswer): string {
  if (answer.status === 503) {
    return 'El almacén de datos no está disponible en este momento; inténtelo de nuevo más tarde.';
  }
  if (answer.code === 'unauthorized') {
    return 'Esta ruta necesita el token, por ejemplo ?token=… o la cabecera Authorization: Bearer ….';
  }
  if (answer.code === 'rate_limited') {
    return `Demasiadas peticiones; inténtelo de nuevo dentro de ${answer.retryAfter} s.`;
  }
  return answer.status >= 500 ? 'Se ha producido un error interno.' : answer.message;
}

/** The format that an error is shown in. The query itself may be at fault: a bad `format` counts as none. */
function formatOf(request: Request): 'html' | 'json' | undefined {
  const given = queryParameter(request, 'format');
  return given.kind === 'value' && (given.text === 'json' || given.text === 'html') ? given.text : undefined;
}
