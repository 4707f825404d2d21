/**
 * Publishes at QoS 1 over one MQTT connection with a bounded number of unacknowledged messages, and does not give up: it
 * reconnects for ever, and after every reconnect publishes again, in their order, the messages without an
 * acknowledgement. So every accepted message arrives at least once.
 *
 * MQTT.js can resend by itself, but one message per round trip, and it fails messages that are handed to it meanwhile;
 * therefore each connection gets a client of its own here, with MQTT.js's reconnecting switched off.
 */
import mqtt, { type MqttClient } from 'mqtt';
import type { Logger } from 'pino';
import { redact } from '../src/domain/url.ts';
import { ConfigurationError, InvalidInput } from '../src/errors.ts';

export interface PublisherOptions {
  /** mqtt://, mqtts://, ws:// or wss:// */
  readonly url: string;
  readonly username?: string;
  readonly password?: string;
  /** Unacknowledged messages at most; default 1,000. */
  readonly window?: number;
  /** First wait before reconnecting, ms; doubles up to `reconnectMaxMs`. Defaults 250 and 5,000. */
  readonly reconnectMs?: number;
  readonly reconnectMaxMs?: number;
  readonly logger: Logger;
}

/** A broker that is away is logged no more often than this, ms. */
const SAID_EVERY_MS = 3000;
/** How long a peer that does not answer a DISCONNECT can hold `close`. */
const DISCONNECT_MS = 500;

interface Message {
  readonly topic: string;
  readonly payload: string;
}

export class Publisher {
  /** Messages the broker has acknowledged. */
  acknowledged = 0;

  readonly #options: PublisherOptions;
  readonly #window: number;
  /** Accepted and not acknowledged, in order of acceptance. */
  readonly #pending = new Map<number, Message>();
  #sequence = 0;
  #client: MqttClient | null = null;
  #connected = false;
  #everConnected = false;
  #attempts = 0;
  #reason = '';
  #saidAt = Number.NEGATIVE_INFINITY;
  #timer: NodeJS.Timeout | null = null;
  #closed = false;
  #failure: Error | null = null;
  #released = false;
  #waiters: (() => void)[] = [];

  /** @throws InvalidInput for a window that is no whole number from 1 to 60,000 (packet identifiers have 16 bits) */
  constructor(options: PublisherOptions) {
    this.#options = options;
    this.#window = options.window ?? 1000;
    if (!Number.isInteger(this.#window) || this.#window < 1 || this.#window > 60_000)
      throw new InvalidInput('window', 'window must be a whole number from 1 to 60,000');
  }

  /** @throws ConfigurationError if the URL is none that MQTT.js can connect to (field `url`) */
  start(): void {
    const { url } = this.#options;
    if (!URL.canParse(url) || !/^(mqtts?|wss?):$/.test(new URL(url).protocol))
      throw new ConfigurationError('the broker URL must look like mqtt://host:1883', { field: 'url' });
    this.#connect();
  }

  /**
   * Accepts a message. Returns undefined when there was room for it, otherwise a promise that settles when there is
   * again; a caller that does not wait for it exceeds the window.
   * The promise rejects with ConfigurationError if the broker refused the very first connection.
   */
  publish(topic: string, payload: string): Promise<void> | undefined {
    const id = this.#sequence++;
    const message = { topic, payload };
    this.#pending.set(id, message);
    if (this.#connected && this.#client !== null) this.#send(this.#client, id, message);
    const room = (): boolean => this.#released || this.#pending.size < this.#window;
    return room() && this.#failure === null ? undefined : this.#until(room);
  }

  /** Releases whoever waits for room, for good: the caller is stopping. */
  release(): void {
    this.#released = true;
    this.#wake();
  }

  /** Resolves when everything accepted is acknowledged; rejects like `publish`. Does not reject on `close`. */
  drain(): Promise<void> {
    return this.#until(() => this.#pending.size === 0);
  }

  /** Ends the connection; what is unacknowledged is dropped. Everyone who waits is released. Idempotent. */
  async close(): Promise<void> {
    this.#closed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#wake();
    const client = this.#client;
    const graceful = this.#connected;
    this.#client = null;
    this.#connected = false;
    if (client === null) return;
    const stalled = setTimeout(() => client.stream.destroy(), DISCONNECT_MS);
    await client.endAsync(!graceful || this.#pending.size > 0);
    clearTimeout(stalled);
  }

  #connect(): void {
    const { url, username, password, logger } = this.#options;
    const client = mqtt.connect(url, {
      reconnectPeriod: 0,
      connectTimeout: 10_000,
      ...(username === undefined ? {} : { username }),
      ...(password === undefined ? {} : { password }),
    });
    this.#client = client;
    client.on('connect', () => {
      if (this.#client !== client) return;
      this.#connected = true;
      this.#everConnected = true;
      if (this.#attempts > 0) logger.info({ unacknowledged: this.#pending.size }, 'connected to the broker');
      this.#attempts = 0;
      this.#reason = '';
      for (const [id, message] of this.#pending) this.#send(client, id, message);
    });
    client.on('error', (error) => {
      if (this.#client !== client) return;
      if (!this.#everConnected && isRefusal(error)) {
        this.#failure = new ConfigurationError(`the broker refuses the connection: ${error.message}`, {
          field: 'url',
          cause: error,
        });
        this.#wake();
      }
      this.#reason = error.message || String((error as NodeJS.ErrnoException).code);
      logger.debug({ err: error }, 'publisher connection failed');
    });
    client.on('close', () => {
      client.end(true);
      if (this.#client !== client) return;
      this.#client = null;
      this.#connected = false;
      if (!this.#closed && this.#failure === null) this.#reconnectLater();
    });
  }

  #reconnectLater(): void {
    const { reconnectMs = 250, reconnectMaxMs = 5000, logger } = this.#options;
    const delayMs = Math.min(reconnectMaxMs, reconnectMs * 2 ** Math.min(this.#attempts++, 20));
    const said = performance.now() - this.#saidAt < SAID_EVERY_MS;
    logger[said ? 'debug' : 'warn'](
      { delayMs, unacknowledged: this.#pending.size },
      `not connected to the broker at ${redact(this.#options.url)}, trying again: ${this.#reason || 'the connection is closed'}`,
    );
    if (!said) this.#saidAt = performance.now();
    this.#timer = setTimeout(() => this.#connect(), delayMs);
  }

  #send(client: MqttClient, id: number, { topic, payload }: Message): void {
    client.publish(topic, payload, { qos: 1 }, (error) => {
      // An error means that the connection is going: the message stays pending for the next one.
      if (error || !this.#pending.delete(id)) return;
      this.acknowledged++;
      if (this.#waiters.length > 0) this.#wake();
    });
  }

  async #until(condition: () => boolean): Promise<void> {
    while (this.#failure === null && !this.#closed && !condition())
      await new Promise<void>((resolve) => this.#waiters.push(resolve));
    if (this.#failure !== null) throw this.#failure;
  }

  #wake(): void {
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const wake of waiters) wake();
  }
}

/** CONNACK codes that no retry mends: protocol version, client id, credentials, not authorised. */
function isRefusal(error: Error): boolean {
  return 'code' in error && typeof error.code === 'number' && [1, 2, 4, 5].includes(error.code);
}
