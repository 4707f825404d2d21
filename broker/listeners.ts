/** The open ports of the broker and the connections on them, whatever they came over. */
import { createServer as createTcpServer, type Server, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { createServer as createTlsServer } from 'node:tls';
import type { Logger } from 'pino';
import { type Endpoint, listen } from './listen.ts';
import { limitPacketSize } from './packet-limit.ts';
import { type TlsCredentials, tlsOptions } from './tls.ts';
import { webSocketServer } from './websocket.ts';

export interface MqttEndpoint extends Endpoint {
  /** Absent: plain. */
  readonly tls?: TlsCredentials;
}

export interface WebSocketEndpoint extends MqttEndpoint {
  /**
   * Web pages that may connect, as browsers name them, e.g. `https://panel.example`; absent: all. Clients that are no
   * browsers name none and may.
   */
  readonly origins?: readonly string[];
}

export interface ConnectionLimits {
  readonly maxPacketBytes: number;
  readonly maxConnections: number;
  readonly connectTimeoutMs: number;
}

export class Listeners {
  private readonly servers: Server[] = [];
  private readonly streams = new Set<Duplex>();
  /** Below the streams; some never become one: TLS handshakes and HTTP requests that stop half-way. */
  private readonly sockets = new Set<Socket>();
  private stopped: Promise<unknown> | null = null;

  /** @param onStream gets each connection's bytes, those of too large packets excepted */
  constructor(
    private readonly limits: ConnectionLimits,
    private readonly logger: Logger,
    private readonly onStream: (stream: Duplex) => void,
  ) {}

  /** MQTT connections. */
  get connections(): number {
    return this.streams.size;
  }

  /** @throws ConfigurationError @returns the port */
  openMqtt(endpoint: MqttEndpoint): Promise<number> {
    const options = { noDelay: true, keepAlive: true, keepAliveInitialDelay: 60_000 };
    const take = (stream: Duplex) => this.accept(stream);
    if (endpoint.tls === undefined) return this.open(createTcpServer(options, take), endpoint);
    const secure = {
      ...options,
      ...tlsOptions(endpoint.tls, endpoint.setting),
      handshakeTimeout: this.limits.connectTimeoutMs,
    };
    const server = createTlsServer(secure, take);
    server.maxConnections = this.limits.maxConnections;
    return this.open(server, endpoint);
  }

  /** @throws ConfigurationError @returns the port */
  openWebSocket(endpoint: WebSocketEndpoint): Promise<number> {
    const { tls, origins, setting } = endpoint;
    const server = webSocketServer({
      ...this.limits,
      ...(tls && { tls: tlsOptions(tls, setting) }),
      ...(origins && { origins }),
      hasRoom: () => this.hasRoom(),
      onConnection: (stream) => this.accept(stream),
    });
    server.maxConnections = this.limits.maxConnections;
    return this.open(server, endpoint);
  }

  /** Takes no more connections. */
  stop(): void {
    this.stopped ??= Promise.all(
      this.servers.map((server) => new Promise((resolve) => server.close(resolve))),
    );
  }

  /** Ends every connection; resolves when all are closed. */
  async close(): Promise<void> {
    this.stop();
    const open = [...this.streams, ...this.sockets];
    const closed = open.map((stream) => new Promise((resolve) => stream.once('close', resolve)));
    for (const stream of open) stream.destroy();
    await Promise.all([this.stopped, ...closed]);
  }

  private async open(server: Server, endpoint: Endpoint): Promise<number> {
    server.on('connection', (socket: Socket) => {
      this.sockets.add(socket);
      socket.once('close', () => this.sockets.delete(socket));
    });
    server.on('tlsClientError', (error: Error, socket: Socket) => {
      this.logger.info({ reason: error.message }, 'TLS handshake failed');
      // Node leaves it open after a handshake that took too long.
      socket.destroy();
    });
    const port = await listen(server, endpoint);
    server.on('error', (error) =>
      this.logger.error({ err: error }, `${endpoint.setting}: the listener failed`),
    );
    this.servers.push(server);
    return port;
  }

  private accept(stream: Duplex): void {
    const { maxConnections, maxPacketBytes } = this.limits;
    if (!this.hasRoom()) {
      this.logger.warn({ maxConnections }, 'MQTT connection refused: too many');
      stream.on('error', () => undefined).destroy();
      return;
    }
    this.streams.add(stream);
    stream.once('close', () => this.streams.delete(stream));
    limitPacketSize(stream, maxPacketBytes);
    this.onStream(stream);
  }

  private hasRoom(): boolean {
    return this.streams.size < this.limits.maxConnections;
  }
}
