/** The Express application: middleware and routes, without a socket. */
import express, { type Express, type IRouter } from 'express';
import helmet from 'helmet';
import { InvalidInput } from '../errors.ts';
import { openapiRoutes } from './api/openapi.ts';
import { PAGE_POLICY } from './html.ts';
import type { HttpOptions } from './http-options.ts';
import { legacyRouter } from './legacy/router.ts';
import { Access } from './middleware/access.ts';
import { auditRequests } from './middleware/audit.ts';
import { clientReads } from './middleware/client-reads.ts';
import { crossOrigin } from './middleware/cross-origin.ts';
import { errorBody, errorHandler, RequestRefused } from './middleware/error-answer.ts';
import { knownHost } from './middleware/known-host.ts';
import { Methods } from './middleware/methods.ts';
import { noStore } from './middleware/no-store.ts';
import { requestLimit } from './middleware/rate-limits.ts';
import { Refusals } from './middleware/refusals.ts';
import { requestId } from './middleware/request-id.ts';
import { requestLog } from './middleware/request-log.ts';
import { trustProxy } from './middleware/trust-proxy.ts';
import { mountRoute } from './mount-route.ts';
import { panelFiles, servePanelFiles } from './panel/files.ts';
import { pageRoutes } from './panel/page-route.ts';
import type { Route } from './route.ts';
import { apiRoutes, healthRoutes, legacyRoutes } from './routes.ts';

/** @throws ConfigurationError (field TRUST_PROXY) */
export function application(options: HttpOptions): Express {
  const app = express();
  app.disable('etag');
  // queryParameter reads the parameters: it tells broken ones and repeated ones apart.
  app.set('query parser', false);
  trustProxy(app, options.trustProxy);
  frame(app, options);

  const health: readonly Route[] = healthRoutes(options);
  const legacy: readonly Route[] = legacyRoutes(options);
  const reads = clientReads(options.clientReads);
  const bound = (route: Route) => (route.readsMuch ? [reads] : []);
  const refusals = new Refusals(options.registry, options.logger);
  const access = new Access(options);
  const api: readonly Route[] = apiRoutes(options, access);
  const files = panelFiles();
  const htmlOf = (name: string) => files.get(name)!.bytes.toString();
  const page: readonly Route[] = [
    ...pageRoutes(options, htmlOf('index.html'), htmlOf('api-docs/page.html')),
    ...openapiRoutes(options, () => all),
  ];
  const all = [...health, ...legacy, ...page, ...api];

  const methods = new Methods([...all, { method: 'GET', path: '/panel/{file}' }]);
  // An option with a getter may change while the server runs: it is read at each request.
  const limited = requestLimit(() => options.rateLimit);

  app.use(methods.options);
  for (const route of health) mountRoute(app, route, [noStore]);
  app.use(knownHost(() => options.allowedHosts));
  app.use(
    legacyRouter(legacy, options, refusals, (route) => [limited, ...access.guards(route), ...bound(route)]),
  );
  app.use(limited, ...crossOrigin(() => options.corsOrigins));
  app.use('/panel', servePanelFiles(files));
  for (const route of page) mountRoute(app, route, access.guards(route));
  for (const route of api) mountRoute(app, route, [...access.guards(route), ...bound(route), noStore]);
  // A caller without the token is not told which paths exist.
  app.use('/api', ...access.guards({ access: 'viewer' }));
  app.use(methods.refuseOthers, () => {
    throw new RequestRefused(404, 'not_found', 'Not found');
  });
  app.use(
    errorHandler(options.logger, refusals, (answer, request, response) => {
      if (/^\/api(\/|$)/i.test(request.path)) response.json(errorBody(answer));
      else response.type('text').send(`${answer.message}\n`);
    }),
  );
  return app;
}

/** What every request passes first. */
function frame(app: IRouter, { logger, audit }: HttpOptions): void {
  app.use(
    requestId,
    auditRequests(audit),
    requestLog(logger),
    helmet({
      contentSecurityPolicy: { useDefaults: false, directives: PAGE_POLICY },
      // This server speaks plain HTTP. A proxy that ends TLS decides whether the host is HTTPS-only.
      strictTransportSecurity: false,
      // A request from a page of this server names the page: this proves that no other page sent the request.
      referrerPolicy: { policy: 'same-origin' },
    }),
    (request, _response, next) => {
      if (!decodes(request.path)) throw new InvalidInput('path', 'the path has broken percent-encoding');
      next();
    },
  );
}

function decodes(path: string): boolean {
  try {
    decodeURIComponent(path);
    return true;
  } catch {
    return false;
  }
}
