/**
 * The HTTP server: puts the routes together, listens, and closes without cutting off anybody who is being answered.
 */
import { createServer, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import express, { type Express } from 'express';
import helmet from 'helmet';
import { ConfigurationError, InvalidInput } from '../errors.ts';
import { apiRoutes } from './api.ts';
import { bearerToken } from './bearer-token.ts';
import { compatRoutes } from './compat.ts';
import { crossOrigin } from './cross-origin.ts';
import { errorBody, errorHandler, RequestRefused } from './error-answer.ts';
import { PAGE_POLICY } from './html.ts';
import type { HttpOptions } from './http-options.ts';
import { Methods } from './methods.ts';
import { openapiRoutes } from './openapi.ts';
import { operations } from './operations.ts';
import { opsRoutes } from './ops.ts';
import { panelRoutes } from './panel.ts';
import { FailureLimit, requestLimit } from './rate-limits.ts';
import { requestId } from './request-id.ts';
import { requestLog } from './request-log.ts';

const CLOSE_DEADLINE_MS = 3_000;
/** A request must have arrived whole in this time: its body is at most a few hundred kB. */
const REQUEST_DEADLINE_MS = 30_000;

export interface RunningHttp {
  /** The port it listens on, also where any free one was asked for. */
  readonly port: number;
  /** Stops listening, lets requests in flight finish within `closeDeadline`, then drops what is left. */
  close(): Promise<void>;
}

/** @throws ConfigurationError naming HOST or PORT when it cannot listen there */
export async function startHttp(options: HttpOptions): Promise<RunningHttp> {
  const server = createServer(
    { requestTimeout: REQUEST_DEADLINE_MS, headersTimeout: REQUEST_DEADLINE_MS },
    application(options),
  );
  const silent = silentConnections(server);
  await listen(server, options.host, options.port);
  server.on('error', (error) => options.logger.error({ err: error }, 'HTTP server error'));
  let closing: Promise<void> | undefined;
  return {
    port: (server.address() as AddressInfo).port,
    close() {
      // Streams end only when they are told to.
      options.live.close();
      closing ??= closeServer(server, silent, options.closeDeadline ?? CLOSE_DEADLINE_MS);
      return closing;
    },
  };
}

/** The routes without a socket: what tests list. */
export function application(options: HttpOptions): Express {
  const app = express();
  app.disable('etag');
  // Parameters are read by queryParameter, which tells broken and repeated ones apart.
  app.set('query parser', false);
  trustProxy(app, options.trustProxy);
  app.use(
    requestId,
    requestLog(options.logger),
    helmet({
      contentSecurityPolicy: { useDefaults: false, directives: PAGE_POLICY },
      // This server speaks plain HTTP. TLS ends at a proxy, and whether a host is HTTPS-only is the proxy's to say.
      strictTransportSecurity: false,
    }),
    (request, _response, next) => {
      if (!decodes(request.path)) throw new InvalidInput('path', 'the path has broken percent-encoding');
      next();
    },
  );
  const methods = new Methods([
    ...operations(options.maxNameBytes),
    { method: 'get', path: '/panel/{file}' },
  ]);
  app.use(methods.options);
  app.use(opsRoutes(options));
  // Options with getters may change while the server runs: these are asked at each request.
  const limited = requestLimit(() => options.rateLimit);
  const failures = new FailureLimit(() => options.authFailures);
  const legacyToken = () => (options.legacyOpen ? undefined : options.token);
  app.use(compatRoutes(options, [limited, bearerToken(legacyToken, failures, true)]));
  app.use(limited, ...crossOrigin(() => options.corsOrigins));
  app.use(openapiRoutes(options));
  app.use(panelRoutes(options));
  app.use(
    '/api',
    bearerToken(() => options.token, failures),
    apiRoutes(options),
  );
  app.use(methods.refuseOthers, () => {
    throw new RequestRefused(404, 'not_found', 'Not found');
  });
  app.use(
    errorHandler(options.logger, (answer, request, response) => {
      if (/^\/api(\/|$)/i.test(request.path)) response.json(errorBody(answer));
      else response.type('text').send(`${answer.message}\n`);
    }),
  );
  return app;
}

/** What the start would find. @throws ConfigurationError (field TRUST_PROXY) */
export function checkTrustProxy(text: string | undefined): void {
  trustProxy(express(), text);
}

/** @throws ConfigurationError (field TRUST_PROXY) */
function trustProxy(app: Express, text: string | undefined): void {
  if (text === undefined) return;
  try {
    app.set('trust proxy', /^\d+$/.test(text) ? Number(text) : text);
  } catch (cause) {
    throw new ConfigurationError(
      `TRUST_PROXY: must be a number of proxies or a list of addresses, such as 10.0.0.0/8 (is '${text}')`,
      { field: 'TRUST_PROXY', cause },
    );
  }
}

function decodes(path: string): boolean {
  try {
    decodeURIComponent(path);
    return true;
  } catch {
    return false;
  }
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(cannotListen(error, host, port)));
    server.listen(port, host, () => {
      server.removeAllListeners('error');
      resolve();
    });
  });
}

function cannotListen(error: NodeJS.ErrnoException, host: string, port: number): ConfigurationError {
  const cause = error;
  switch (error.code) {
    case 'EADDRINUSE':
      return new ConfigurationError(
        `PORT ${port} is in use on ${host}: stop the other program or set PORT to a free one`,
        { field: 'PORT', cause },
      );
    case 'EACCES':
      return new ConfigurationError(`PORT ${port} on ${host} needs more rights: set PORT to one above 1023`, {
        field: 'PORT',
        cause,
      });
    default:
      return new ConfigurationError(`HOST ${host} is no address of this machine (${error.code ?? error})`, {
        field: 'HOST',
        cause,
      });
  }
}

/** Connections that have not sent a request yet, as browsers open them in advance: Node does not count them as idle. */
function silentConnections(server: Server): Set<Socket> {
  const silent = new Set<Socket>();
  server.on('connection', (socket) => {
    silent.add(socket);
    socket.once('close', () => silent.delete(socket));
  });
  server.on('request', (request) => silent.delete(request.socket));
  return silent;
}

function closeServer(server: Server, silent: ReadonlySet<Socket>, deadline: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => server.closeAllConnections(), deadline);
    // A connection kept alive becomes idle when its last answer is out, and would otherwise hold the server open.
    const sweep = setInterval(() => server.closeIdleConnections(), 20);
    server.close(() => {
      clearTimeout(timer);
      clearInterval(sweep);
      resolve();
    });
    for (const socket of silent) socket.destroy();
  });
}
