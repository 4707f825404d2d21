/** The open ports of the broker and the connections on them, whatever they came over. */
import { createServer as createTcpServer, type Server, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:tls';
import type { Logger } from 'pino';
import { ConfigurationError } from '../src/errors.ts';
import { clientAddress } from './client-address.ts';
import { ClientStream, type Peer } from './client-stream.ts';
import { type Endpoint, listen } from './listen.ts';
import type { PacketLimits } from './packet-check.ts';
import type { Refusals } from './refusals.ts';
import { type TlsCredentials, tlsOptions } from './tls.ts';
import { UnfinishedPackets } from './unfinished-packets.ts';
import { webSocketServer } from './websocket.ts';

export interface MqttEndpoint extends Endpoint {
  /** Absent: plain. */
  readonly tls?: TlsCredentials;
}

export interface WebSocketEndpoint extends MqttEndpoint {
  /**
   * Web pages that may connect, as browsers name them, e.g. `https://panel.example`; `*`: all; absent: those from the host that
   * they connect to. Clients that are no browsers name none and may.
   */
  readonly origins?: readonly string[];
}

export interface ConnectionLimits extends PacketLimits {
  readonly maxPacketBytes: number;
  readonly maxUnfinishedBytes: number;
  readonly maxConnections: number;
  readonly maxAddressConnections: number;
  readonly connectTimeoutMs: number;
}

export class Listeners {
  private readonly servers: { readonly server: Server; readonly endpoint: MqttEndpoint }[] = [];
  private readonly streams = new Set<Duplex>();
  /** Address -> its streams. */
  private readonly addresses = new Map<string, number>();
  /** Below the streams; some never become one: TLS handshakes and HTTP requests that stop half-way. */
  private readonly sockets = new Set<Socket>();
  private readonly unfinished: UnfinishedPackets;
  private stopped: Promise<unknown> | null = null;

  /** @param onStream gets each connection, whose bytes are well-formed packets */
  constructor(
    private readonly limits: ConnectionLimits,
    private readonly logger: Logger,
    private readonly refusals: Pick<Refusals, 'count'>,
    private readonly onStream: (stream: ClientStream) => void,
  ) {
    this.unfinished = new UnfinishedPackets(limits.maxUnfinishedBytes);
  }

  /** MQTT connections. */
  get connections(): number {
    return this.streams.size;
  }

  /** @throws ConfigurationError @returns the port */
  openMqtt(endpoint: MqttEndpoint): Promise<number> {
    // Half open: a client that has sent everything and closed its side still gets its acknowledgements.
    const options = { noDelay: true, keepAlive: true, keepAliveInitialDelay: 60_000, allowHalfOpen: true };
    const take = (socket: Socket) => this.accept(socket, peerOf(socket, endpoint.setting));
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
      onForeign: (origin) => this.refusals.count('origin', { origin }),
      onConnection: (stream, socket) => this.accept(stream, peerOf(socket, setting)),
    });
    server.maxConnections = this.limits.maxConnections;
    return this.open(server, endpoint);
  }

  /**
   * Another certificate, key, authority or list of revoked certificates for the connections from now on.
   * @throws ConfigurationError (field: the setting of an endpoint) if they cannot be used; nothing has changed then
   */
  setTls(credentials: TlsCredentials): void {
    const secure = this.servers.filter(({ endpoint }) => endpoint.tls !== undefined);
    const options = secure.map(({ endpoint }) => tlsOptions(credentials, endpoint.setting));
    for (const { endpoint } of secure)
      if ((endpoint.tls!.clientCa === undefined) !== (credentials.clientCa === undefined)) {
        throw new ConfigurationError(
          'MQTT_TLS_CLIENT_CA: to set it, or to set it no longer, needs a restart',
          {
            field: 'MQTT_TLS_CLIENT_CA',
          },
        );
      }
    for (const [i, { server }] of secure.entries()) (server as TlsServer).setSecureContext(options[i]!);
  }

  /** Takes no more connections. */
  stop(): void {
    this.stopped ??= Promise.all(
      this.servers.map(({ server }) => new Promise((resolve) => server.close(resolve))),
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

  private async open(server: Server, endpoint: MqttEndpoint): Promise<number> {
    server.on('connection', (socket: Socket) => {
      this.sockets.add(socket);
      socket.once('close', () => this.sockets.delete(socket));
    });
    server.on('tlsClientError', (error: Error, socket: Socket) => {
      this.refusals.count('tls-handshake', { address: socket.remoteAddress, detail: error.message });
      // Node leaves it open after a handshake that took too long.
      socket.destroy();
    });
    const port = await listen(server, endpoint);
    server.on('error', (error) =>
      this.logger.error({ err: error }, `${endpoint.setting}: the listener failed`),
    );
    this.servers.push({ server, endpoint });
    return port;
  }

  private accept(transport: Duplex, peer: Peer): void {
    const { limits } = this;
    const { address } = peer;
    const ofAddress = this.addresses.get(address) ?? 0;
    const full = !this.hasRoom();
    if (full || ofAddress >= limits.maxAddressConnections) {
      this.refusals.count(full ? 'connections' : 'connections-of-address', { address });
      transport.on('error', () => undefined).destroy();
      return;
    }
    const stream = new ClientStream(transport, {
      peer,
      limits,
      unfinished: this.unfinished,
      onRefused: (reason, details) => this.refusals.count(reason, details),
    });
    this.streams.add(stream);
    this.addresses.set(address, ofAddress + 1);
    stream.once('close', () => {
      this.streams.delete(stream);
      const left = (this.addresses.get(address) ?? 0) - 1;
      if (left > 0) this.addresses.set(address, left);
      else this.addresses.delete(address);
    });
    this.onStream(stream);
  }

  private hasRoom(): boolean {
    return this.streams.size < this.limits.maxConnections;
  }
}

function peerOf(socket: Socket, listener: string): Peer {
  return { address: clientAddress(socket.remoteAddress ?? ''), listener, socket };
}
