/**
 * The MQTT broker: Aedes in this process, over TCP, TLS and WebSocket, with the limits a broker on a network needs.
 *
 * Its promise: with a publish hook, the PUBACK (or PUBREC) of a message is sent after the hook's promise has resolved, and
 * never if it rejects. MQTT 3.1 and 3.1.1; Aedes refuses version 5.
 */
import { setTimeout as pause, setImmediate as tick } from 'node:timers/promises';
import type { Aedes } from 'aedes';
import type { Logger } from 'pino';
import { InvalidInput } from '../src/errors.ts';
import { Access, type AccessOptions } from './access.ts';
import { countErrors } from './aedes-errors.ts';
import { openAedes } from './aedes-setup.ts';
import { ClientAccess, type Denied } from './client-access.ts';
import type { ClientStatus } from './client-list.ts';
import { streamOf } from './client-stream.ts';
import { type BrokerLimits, defaultLimits } from './limits.ts';
import { Listeners, type MqttEndpoint, type WebSocketEndpoint } from './listeners.ts';
import { Logins } from './logins.ts';
import { messageStore, type QueueStatistics } from './message-store.ts';
import { PresentClients } from './present-clients.ts';
import { hookRunner, type PublishHook } from './publish-hook.ts';
import { type Refusal, Refusals } from './refusals.ts';
import type { TlsCredentials } from './tls.ts';
import { topicProblem } from './topic-check.ts';

export interface BrokerOptions {
  /** With `tls` it speaks only that. Absent: no such port. */
  readonly tcp?: MqttEndpoint;
  /** A port for TLS beside a plain `tcp`. */
  readonly tls?: MqttEndpoint & { readonly tls: TlsCredentials };
  readonly webSocket?: WebSocketEndpoint;
  /** A port for WebSocket over TLS beside a plain `webSocket`. */
  readonly webSocketTls?: WebSocketEndpoint & { readonly tls: TlsCredentials };
  /** Absent: anybody may connect, publish and subscribe. */
  readonly access?: AccessOptions;
  /** Told of each refusal, for a metric; it is logged already. */
  readonly onDenied?: (what: Denied) => void;
  /** Absent: publishes are acknowledged as they come. */
  readonly onPublish?: PublishHook;
  /** Those not given have their defaults. */
  readonly limits?: Partial<BrokerLimits>;
  readonly logger: Logger;
}

export interface Broker {
  /** The ports that are open, also when 0 was asked for. */
  readonly mqttPort: number | null;
  readonly tlsPort?: number;
  readonly webSocketPort?: number;
  readonly webSocketTlsPort?: number;
  /** Open connections. */
  connections(): number;
  /** What is queued and kept now, and what has been dropped since the start. */
  statistics(): QueueStatistics & {
    /** Clients that have been let in. */
    readonly clients: number;
    /** Passwords hashed since the start. */
    readonly passwordHashes: number;
  };
  /** Who is connected, and whose sessions wait for them. */
  clients(): readonly ClientStatus[];
  /** How often something was refused for this reason since the start. */
  refused(reason: Refusal): number;
  /**
   * New users, rules and certificates. Connections that these do not allow, that have subscribed to more than they do, or
   * whose password has changed are closed; so are those with a client certificate if its authority or the list of revoked ones
   * has changed.
   * @param tls of all TLS ports; absent: as before
   * @throws ConfigurationError (field: the setting at fault); the old ones hold on then
   */
  setAccess(options: AccessOptions, tls?: TlsCredentials): void;
  /**
   * Publishes in the name of the bridge: the hook is not called. Resolves when every subscriber at hand has been written
   * to, which takes up to the drain timeout when one does not read. Defaults: QoS 0, not retained.
   * @throws InvalidInput (field `topic`)
   */
  publish(topic: string, payload: string | Buffer, options?: PublishOptions): Promise<void>;
  /**
   * Takes no more connections and messages, waits for the hook's promises (their acknowledgements still go out), closes
   * everything. Resolves within about `deadlineMs` (default 3,000) whatever the clients and the hook do. Idempotent.
   */
  close(deadlineMs?: number): Promise<void>;
}

export interface PublishOptions {
  readonly qos?: 0 | 1 | 2;
  readonly retain?: boolean;
}

/**
 * @throws ConfigurationError if a port cannot be opened or a certificate not used (field: the endpoint's setting); nothing
 * is left open then
 */
export async function startBroker(options: BrokerOptions): Promise<Broker> {
  const { logger } = options;
  const limits = { ...defaultLimits, ...options.limits };
  const hook = hookRunner(options.onPublish);
  const refusals = new Refusals(logger);
  const logins = new Logins(limits);
  const access = new Access(options.access ?? {});
  const clients = new ClientAccess(access, logins, logger, refusals, options.onDenied);
  const store = messageStore(limits, logger, clients, refusals);
  const present = new PresentClients((client) => store.gone(client));

  const aedes = await openAedes({ limits, clients, store, present, hook, refusals, logger });
  countErrors(aedes, refusals, logger);
  store.follow(aedes);
  aedes.on('clientReady', (client) => streamOf(client).ready());

  const listeners = new Listeners(limits, logger, refusals, (stream) => void aedes.handle(stream));

  async function shutDown(deadlineMs: number): Promise<void> {
    const end = Date.now() + deadlineMs;
    listeners.stop();
    await within(end - Date.now() - deadlineMs / 3, hook.stop());
    // Acknowledgements are flushed on the next tick.
    await tick();
    await within(end - Date.now(), new Promise<void>((resolve) => aedes.close(resolve)));
    store.close();
    refusals.close();
    await within(end - Date.now(), listeners.close());
  }
  let closing: Promise<void> | null = null;
  const close = (deadlineMs = 3000): Promise<void> => {
    closing ??= shutDown(deadlineMs);
    return closing;
  };

  let certificates = options.tls?.tls ?? options.webSocketTls?.tls;
  function setAccess(next: AccessOptions, tls?: TlsCredentials): void {
    const rules = new Access(next);
    if (tls) listeners.setTls(tls);
    clients.replace(rules, present.all(), store.filtersOf);
    if (!tls) return;
    if (tls.clientCa !== certificates?.clientCa || tls.crl !== certificates?.crl)
      clients.dropCertified(present.all());
    certificates = tls;
  }

  try {
    const { tcp, tls, webSocket, webSocketTls } = options;
    return {
      mqttPort: tcp ? await listeners.openMqtt(tcp) : null,
      ...(tls && { tlsPort: await listeners.openMqtt(tls) }),
      ...(webSocket && { webSocketPort: await listeners.openWebSocket(webSocket) }),
      ...(webSocketTls && { webSocketTlsPort: await listeners.openWebSocket(webSocketTls) }),
      connections: () => listeners.connections,
      statistics: () => ({
        ...store.statistics(),
        clients: present.size,
        passwordHashes: logins.hashes,
      }),
      clients: () => store.clients(present.all()),
      refused: (reason) => refusals.total(reason),
      setAccess,
      publish: publisher(aedes, limits),
      close,
    };
  } catch (error) {
    await close(0);
    throw error;
  }
}

function publisher(aedes: Aedes, limits: BrokerLimits): Broker['publish'] {
  return async (topic, payload, { qos = 0, retain = false } = {}) => {
    const problem = topicProblem(topic, limits);
    if (problem !== null) throw new InvalidInput('topic', `cannot publish: ${problem}`);
    await new Promise<void>((resolve, reject) =>
      aedes.publish({ cmd: 'publish', topic, payload, qos, retain, dup: false }, (error) =>
        error ? reject(error) : resolve(),
      ),
    );
  };
}

/** Resolves with the promise, or after `ms`. */
async function within(ms: number, promise: Promise<unknown>): Promise<void> {
  const done = new AbortController();
  await Promise.race([
    promise,
    pause(Math.max(0, ms), undefined, { signal: done.signal }).catch(() => undefined),
  ]);
  done.abort();
}
