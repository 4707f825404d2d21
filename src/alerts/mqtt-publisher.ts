/**
 * Publishes at an external broker, on a connection of its own. The connection that readings come in on is paused when the
 * pipeline is full, and no acknowledgement could be read from it then. Only a replica that sends is connected. After a
 * connection has broken, the next publish connects anew. The publisher repeats no message by itself: its caller does.
 */
import mqtt, { type IClientOptions, type MqttClient } from 'mqtt';
import type { BrokerAccess } from '../domain/broker-access.ts';
import { spokenDuration } from '../domain/duration.ts';
import { VigiaError } from '../errors.ts';
import type { AlertPublisher } from './mqtt-target.ts';

export interface PublisherOptions {
  readonly url: string;
  readonly clientId: string;
  readonly access: BrokerAccess;
  /** For connecting, and for each acknowledgement, ms. */
  readonly timeout: number;
}

/** Refusals of CONNECT that mean `speak an older version`, in MQTT 3.1.1 and 5. */
const UNSUPPORTED_VERSION = new Set([1, 132]);
/** PUBACKs of MQTT 5 that concern the message: not authorized, topic name invalid, payload format invalid. */
const REFUSED = new Set([135, 144, 153]);

export class MqttPublisher implements AlertPublisher {
  private client: Promise<MqttClient> | null = null;
  /** Only with MQTT 5 does a broker say that its access rules drop a message. */
  private version: 4 | 5 = 5;

  constructor(private readonly options: PublisherOptions) {}

  async publish(topic: string, payload: string, signal: AbortSignal): Promise<void> {
    this.client ??= this.connect(signal);
    const opening = this.client;
    try {
      await acknowledged(await opening, topic, payload, this.options.timeout, signal);
    } catch (error) {
      const { code, message } = error as Error & { code?: unknown };
      if (REFUSED.has(Number(code))) {
        throw new VigiaError('publish_refused', `the broker refuses the message: ${message}`, {
          cause: error,
        });
      }
      // Whether the broker has the message is unknown. This connection must not send it again: the caller does.
      if (this.client === opening) this.client = null;
      opening.then((client) => client.end(true)).catch(() => {});
      throw error;
    }
  }

  async close(): Promise<void> {
    const opening = this.client;
    this.client = null;
    await opening?.then((client) => client.endAsync(true)).catch(() => {});
  }

  private async connect(signal: AbortSignal): Promise<MqttClient> {
    try {
      return await connected(mqtt.connect(this.options.url, this.clientOptions()), signal);
    } catch (error) {
      const { code, message } = error as Error & { code?: unknown };
      const older = UNSUPPORTED_VERSION.has(Number(code)) || /protocol version/i.test(message);
      if (this.version === 4 || !older) throw error;
      this.version = 4;
      return connected(mqtt.connect(this.options.url, this.clientOptions()), signal);
    }
  }

  private clientOptions(): IClientOptions {
    const { access, clientId, timeout } = this.options;
    return {
      ...access,
      clientId,
      clean: true,
      protocolVersion: this.version,
      reconnectPeriod: 0,
      connectTimeout: timeout,
      keepalive: 30,
    };
  }
}

function connected(client: MqttClient, signal: AbortSignal): Promise<MqttClient> {
  return new Promise((resolve, reject) => {
    const fail = (error: Error) => {
      client.end(true);
      reject(error);
    };
    const stopped = () => fail(new Error('shutting down'));
    signal.addEventListener('abort', stopped, { once: true });
    client.once('connect', () => {
      signal.removeEventListener('abort', stopped);
      resolve(client);
    });
    client.on('error', fail);
    client.once('close', () => fail(new Error('the broker closed the connection')));
  });
}

function acknowledged(
  client: MqttClient,
  topic: string,
  payload: string,
  timeout: number,
  signal: AbortSignal,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const end = (error?: Error | null) => {
      clearTimeout(timer);
      signal.removeEventListener('abort', stopped);
      client.off('close', closed);
      if (error) reject(error);
      else resolve();
    };
    const timer = setTimeout(
      () => end(new Error(`not acknowledged within ${spokenDuration(timeout)}`)),
      timeout,
    );
    const stopped = () => end(new Error('shutting down'));
    const closed = () => end(new Error('the broker closed the connection'));
    signal.addEventListener('abort', stopped);
    client.once('close', closed);
    if (signal.aborted) stopped();
    else if (!client.connected) closed();
    else client.publish(topic, payload, { qos: 1 }, end);
  });
}
