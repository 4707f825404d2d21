/** MQTT over WebSocket: turns upgraded HTTP connections into byte streams for the broker. */
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { isIP, type Socket } from 'node:net';
import { hostname } from 'node:os';
import type { Duplex } from 'node:stream';
import type { TlsOptions } from 'node:tls';
import { createWebSocketStream, WebSocketServer } from 'ws';

export interface WebSocketServerOptions {
  readonly maxPacketBytes: number;
  /** For a connection to get through the HTTP upgrade, ms. */
  readonly connectTimeoutMs: number;
  readonly tls?: TlsOptions;
  /** Web pages that may connect; `*`: all. Absent: those that come from the host that they connect to. */
  readonly origins?: readonly string[];
  /** Asked before each upgrade; false answers 503. */
  readonly hasRoom: () => boolean;
  /** Told of each page that may not connect. */
  readonly onForeign: (origin: string) => void;
  /** @param socket the one below the stream */
  readonly onConnection: (stream: Duplex, socket: Socket) => void;
}

/** A WebSocket message may carry several packets, so it may be somewhat larger than one. */
const MESSAGE_ALLOWANCE_BYTES = 65_536;

/** An HTTP server, not yet listening, that accepts WebSocket connections on every path with the subprotocol `mqtt`. */
export function webSocketServer(options: WebSocketServerOptions): Server {
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: options.maxPacketBytes + MESSAGE_ALLOWANCE_BYTES,
    perMessageDeflate: false,
    handleProtocols: (offered) => ['mqtt', 'mqttv3.1'].find((name) => offered.has(name)) ?? false,
  });
  const explain: RequestListener = (_request, response) => {
    response.writeHead(426, { connection: 'close', 'content-type': 'text/plain', upgrade: 'websocket' });
    response.end('This port speaks MQTT over WebSocket.\n');
  };
  const { tls, connectTimeoutMs } = options;
  const server = tls
    ? createSecureServer({ ...tls, handshakeTimeout: connectTimeoutMs }, explain)
    : createServer(explain);
  const mayConnect = originCheck(options.origins);
  server.headersTimeout = options.connectTimeoutMs;
  server.requestTimeout = options.connectTimeoutMs;
  server.on('upgrade', (request, socket, head) => {
    socket.on('error', () => socket.destroy());
    if (!mayConnect(request)) {
      options.onForeign(String(request.headers.origin));
      socket.end('HTTP/1.1 403 Forbidden\r\nConnection: close\r\n\r\n');
      return;
    }
    if (!options.hasRoom()) {
      socket.end('HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\n\r\n');
      return;
    }
    sockets.handleUpgrade(request, socket, head, (webSocket) => {
      options.onConnection(createWebSocketStream(webSocket), request.socket);
    });
  });
  return server;
}

/**
 * A browser lets any page connect anywhere and says which one it was; whether it may is for the server to decide. By default a
 * page may connect to the host that it came from, on whatever port. The host must be one that no stranger can own, because a
 * stranger's name may point here too.
 */
function originCheck(origins: readonly string[] | undefined): (request: IncomingMessage) => boolean {
  const allowed = new Set(origins?.map((origin) => origin.toLowerCase().replace(/\/$/, '')));
  return ({ headers: { origin, host = '' } }) => {
    if (origin === undefined || allowed.has('*')) return true;
    if (origins !== undefined) return allowed.has(origin.toLowerCase());
    const page = hostOf(origin);
    return page !== null && page === hostOf(`http://${host}`) && isOwn(page);
  };
}

/** @returns the name without the port, null where `url` is none */
function hostOf(url: string): string | null {
  return URL.canParse(url) ? new URL(url).hostname.replace(/^\[(.*)\]$/, '$1').replace(/\.$/, '') : null;
}

/** An address, a name without a dot, or the name of this machine. */
function isOwn(name: string): boolean {
  const machine = hostname().toLowerCase();
  if (isIP(name) !== 0 || (name !== '' && !name.includes('.')) || name.endsWith('.localhost')) return true;
  return name === machine || name === `${machine}.local`;
}
