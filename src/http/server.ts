/**
 * The HTTP server: listens, and closes without cutting off a client that is being answered.
 */
import { createServer, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { ConfigurationError } from '../errors.ts';
import { application } from './application.ts';
import type { HttpOptions } from './http-options.ts';
import { PerAddress } from './middleware/per-address.ts';
import { Refusals } from './middleware/refusals.ts';

const CLOSE_DEADLINE_MS = 3_000;
/** A request must have arrived whole in this time, ms: a body has at most a few hundred kB. */
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
  if (options.trustProxy === undefined) boundConnections(server, options);
  const silent = silentConnections(server);
  await listen(server, options.host, options.port);
  server.on('error', (error) => options.logger.error({ err: error }, 'HTTP server error'));
  let closing: Promise<void> | undefined;
  return {
    port: (server.address() as AddressInfo).port,
    close() {
      // A stream has no end of its own.
      options.live.close();
      closing ??= closeServer(server, silent, options.closeDeadline ?? CLOSE_DEADLINE_MS);
      return closing;
    },
  };
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

/** Behind a proxy all connections come from the address of the proxy: they are not counted there. */
function boundConnections(server: Server, { addressConnections, registry, logger }: HttpOptions): void {
  const held = new PerAddress(addressConnections);
  const refusals = new Refusals(registry, logger);
  server.on('connection', (socket) => {
    const address = socket.remoteAddress ?? '';
    if (held.hold(address, socket)) return;
    refusals.connection(address);
    socket.destroy();
  });
}

/** Connections without a request so far. Browsers open such connections in advance, and Node does not count them as idle. */
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
    // A kept-alive connection becomes idle after its last answer. An idle connection would hold the server open.
    const sweep = setInterval(() => server.closeIdleConnections(), 20);
    server.close(() => {
      clearTimeout(timer);
      clearInterval(sweep);
      resolve();
    });
    for (const socket of silent) socket.destroy();
  });
}
