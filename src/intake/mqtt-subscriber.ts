/**
 * Intake from an external broker: a persistent session with a stable client id and QoS 1, shared with the other replicas
 * of MQTT_GROUP. MQTT 5 where the broker speaks it, else 3.1.1. Acknowledges what the pipeline has stored.
 */

import { setTimeout as delay } from 'node:timers/promises';
import type { MqttClient } from 'mqtt';
import mqtt from 'mqtt';
import type { Logger } from 'pino';
import { spokenDuration } from '../domain/duration.ts';
import { isOwnTopic } from '../domain/own-topic.ts';
import { redact } from '../domain/url.ts';
import { VigiaError } from '../errors.ts';
import type { Message } from '../pipeline/message.ts';
import { type BrokerConnection, clientOptions } from './client-options.ts';
import { DeferredAcks, type DeferredMessage, type InFlightLimits } from './deferred-ack.ts';
import { leaveGroup } from './leave-group.ts';
import { Reconnect, type ReconnectLimits } from './reconnect.ts';
import { ALL_STATUSES, isStatus, ReplicaStatus, type StatusDetails } from './replica-status.ts';

export interface SubscriberOptions extends BrokerConnection {
  /** Empty: a subscription of its own instead of a shared one. */
  readonly group: string;
  /** Topic filters, of which no two overlap. */
  readonly filters: readonly string[];
  readonly limits: InFlightLimits;
  readonly reconnect: ReconnectLimits;
  readonly logger: Logger;
  /** Gets each message. @returns how many readings are in it */
  readonly receive: (message: Message) => number;
  /** Told to whoever reads `bridge/<client id>`. */
  readonly status: StatusDetails;
}

/** Refusals of CONNECT that mean `speak an older version`, in MQTT 3.1.1 and 5. */
const UNSUPPORTED_VERSION = new Set([1, 132]);
const NOT_AUTHORIZED = new Set([4, 5, 134, 135]);
const SESSION_TAKEN_OVER = 0x8e;
/** Pauses before a refused subscription is tried again: the rights of its user may be mended meanwhile. */
const REFUSED_MS = 1000;
const REFUSED_MAX_MS = 30_000;
const CLOSE_MS = 2000;
/** A problem that lasts is logged again this often, ms. */
const SAID_EVERY_MS = 5000;
/** How long an answer of the broker may take. */
const ANSWER_MS = 5000;

export class MqttSubscriber {
  private client: MqttClient | null = null;
  private acks: DeferredAcks | null = null;
  private problem: string | null = 'not connected yet';
  private version: 4 | 5 = 5;
  private closing = false;
  /** Why another client has the session of this one; null while this one has it, or while nobody knows. */
  private displaced: string | null = null;
  private readonly reconnect: Reconnect;
  /** As the broker is asked for them. */
  private readonly filters: string[];
  private readonly status: ReplicaStatus;
  /** Until a refused subscription is tried again. */
  private refused: NodeJS.Timeout | undefined;
  /** On the clock of `performance.now()`, ms. */
  private subscribedAt: number | null = null;
  private received = 0;
  /** When a failure was last logged; monotonic, ms. */
  private saidAt = Number.NEGATIVE_INFINITY;
  /** Statuses of replicas as they come in, while somebody asks. */
  private statuses: Map<string, string> | null = null;
  private left = false;

  constructor(private readonly options: SubscriberOptions) {
    const { clientId, group, filters, reconnect, status } = options;
    this.reconnect = new Reconnect(reconnect);
    this.filters = filters.map((filter) => (group === '' ? filter : `$share/${group}/${filter}`));
    this.status = new ReplicaStatus(clientId, this.filters, status);
  }

  /** Connects and goes on trying for ever; does not wait for the connection. */
  start(): void {
    const { options } = this;
    const client = mqtt.connect(options.url, clientOptions(options, this.version, this.status));
    this.client = client;
    this.acks = new DeferredAcks(client, options.limits, (message) => this.receive(message));
    client.on('connect', (packet) => {
      this.reconnect.connected();
      this.displaced = null;
      // Before anything else: see reconnect.ts.
      this.subscribe(client, packet.sessionPresent);
      options.logger.info(
        {
          url: redact(options.url),
          clientId: options.clientId,
          mqtt: this.version === 5 ? '5' : '3.1.1',
          resumed: packet.sessionPresent,
        },
        'connected to the broker',
      );
    });
    // Before that of MQTT.js, which reads the pause.
    client.prependListener('close', () => this.closed(client));
    client.on('disconnect', (packet) => {
      if (packet.reasonCode !== SESSION_TAKEN_OVER) return;
      this.displaced = `another client took over the session of MQTT_CLIENT_ID '${options.clientId}': this replica tries again with growing pauses`;
      this.problem = this.displaced;
      this.reconnect.displaced();
      options.logger.error(this.problem);
    });
    client.on('error', (error) => this.failed(client, error));
    client.connect();
  }

  /** Whether readings can come from the broker now. */
  get connected(): boolean {
    return this.problem === null;
  }

  /** For how long readings have come from the broker, ms; null while they cannot. */
  get subscribedFor(): number | null {
    return this.connected && this.subscribedAt !== null ? performance.now() - this.subscribedAt : null;
  }

  /** Whether the broker acknowledges something now: a connection may look alive long after the other side is gone. */
  async answers(): Promise<boolean> {
    const { client } = this;
    if (!this.connected || !client?.connected) return false;
    const finished = new AbortController();
    const published = client
      .publishAsync(this.status.topic, this.status.text('online'), { qos: 1, retain: true })
      .then(() => true)
      .catch(() => false);
    const late = delay(ANSWER_MS, false, { signal: finished.signal, ref: false }).catch(() => false);
    const answered = await Promise.race([published, late]);
    finished.abort();
    return answered;
  }

  /** @throws VigiaError that says why no readings can come from the broker now */
  ready(): void {
    if (this.problem) throw new VigiaError('broker_unavailable', this.problem);
  }

  /** @throws VigiaError where only a person, or a restart under another client id, can help */
  alive(): void {
    if (this.displaced) throw new VigiaError('broker_unavailable', this.displaced);
  }

  /** Publishes a command to a device at QoS 0. @throws Error where the connection is lost */
  async publish(topic: string, payload: Uint8Array): Promise<void> {
    if (!this.connected || !this.client) throw new Error('not connected');
    await this.client.publishAsync(topic, Buffer.from(payload), { qos: 0 });
  }

  /** Takes no more messages; those in flight can still be acknowledged until `close`. */
  hold(): void {
    this.closing = true;
    this.acks?.hold();
  }

  /**
   * Leaves the group, unless this is its last member, so that no session is left behind with its share of the readings.
   * Takes what the broker has for it first, for `timeoutMs` at most. Never throws; `close` comes next.
   */
  async leave(timeoutMs: number): Promise<void> {
    const { client, acks, filters, problem } = this;
    const { clientId, group, logger } = this.options;
    if (!client?.connected || !acks || problem !== null || group === '') return;
    this.problem = 'leaving the shared subscription';
    const over = new AbortController();
    const lost = () => over.abort(new Error('the connection to the broker is lost'));
    const timer = setTimeout(
      () => over.abort(new Error(`not empty after ${spokenDuration(timeoutMs)}`)),
      timeoutMs,
    );
    client.once('close', lost);
    const aborted = new Promise<never>((_, reject) =>
      over.signal.addEventListener('abort', () => reject(over.signal.reason)),
    );
    const attempt = leaveGroup(
      {
        announce: async (state) => {
          await client.publishAsync(this.status.topic, this.status.text(state), { qos: 1, retain: true });
        },
        othersOnline: () => this.othersOnline(client),
        unsubscribe: async () => {
          await client.unsubscribeAsync(filters);
        },
        counts: () => ({ received: this.received, inFlight: acks.inFlight }),
      },
      over.signal,
    );
    try {
      this.left = await Promise.race([attempt, aborted]);
      logger.info(
        this.left
          ? 'left the shared subscription'
          : 'the last replica: its session stays and collects readings',
      );
    } catch (error) {
      logger.warn(
        { err: error },
        `could not leave the shared subscription: what the broker has queued waits for MQTT_CLIENT_ID '${clientId}'`,
      );
    } finally {
      attempt.catch(() => {});
      aborted.catch(() => {});
      clearTimeout(timer);
      client.off('close', lost);
    }
  }

  /** Replicas that have these subscriptions too and are at work. */
  private async othersOnline(client: MqttClient): Promise<number> {
    // A status that gets lost keeps a session too many.
    return this.status.othersOnline(await this.readStatuses(client, ALL_STATUSES));
  }

  /** Says goodbye and disconnects; within 2 s even if the broker does not answer. */
  async close(): Promise<void> {
    const { client, acks } = this;
    this.hold();
    acks?.end();
    clearTimeout(this.refused);
    if (!client) return;
    // QoS 0, because nothing is read from the socket any more, and so no acknowledgement either.
    if (client.connected && !this.left)
      client.publish(this.status.topic, this.status.text('offline'), { qos: 0, retain: true });
    const finished = new AbortController();
    const goodbye = this.left && this.version === 5 ? { properties: { sessionExpiryInterval: 0 } } : {};
    const ended = client.endAsync(!client.connected, goodbye).catch(() => {});
    await Promise.race([ended, delay(CLOSE_MS, undefined, { signal: finished.signal }).catch(() => {})]);
    finished.abort();
    client.stream.destroy();
  }

  /** @returns how many readings are in it */
  private receive(message: DeferredMessage): number {
    const { topic } = message;
    if (this.statuses && isStatus(topic)) {
      this.statuses.set(topic, message.bytes.toString());
      message.ack();
      return 0;
    }
    if (this.closing) return 0;
    if (isOwnTopic(topic)) {
      message.ack();
      return 0;
    }
    this.received++;
    return this.options.receive(message);
  }

  /** Brokers that close the older of two clients with one id without a word (Mosquitto 2.0) would make them fight. */
  private closed(client: MqttClient): void {
    // The client that spoke a version which the broker does not know is gone, and says so later than the next one connects.
    if (client !== this.client) return;
    const { clientId, logger } = this.options;
    clearTimeout(this.refused);
    this.problem ??= 'the connection to the broker is closed';
    if (this.closing) return;
    const { connected } = client;
    client.options.reconnectPeriod = this.reconnect.closed();
    if (!connected || !this.reconnect.rejected) return;
    this.problem = `the broker closes every connection at once: does another client use MQTT_CLIENT_ID '${clientId}'?`;
    logger.error({ nextTryMs: client.options.reconnectPeriod }, this.problem);
  }

  /** @param resumed the session is one of before @param pause before another try if the broker refuses, ms */
  private subscribe(client: MqttClient, resumed: boolean, pause = REFUSED_MS): void {
    const { logger } = this.options;
    const { filters } = this;
    client.subscribe(filters, { qos: 1 }, (error, granted) => {
      if (this.displaced) return;
      const refused = granted?.find(({ qos }) => qos >= 128);
      if (error || refused) {
        const why = `MQTT_TOPICS: the broker refused the subscription ${refused?.topic ?? filters.join(', ')}`;
        if (client.connected && this.problem !== why) logger.error({ err: error }, `${why}; trying again`);
        this.problem = why;
        if (!client.connected || this.closing) return;
        const again = () => this.subscribe(client, resumed, Math.min(2 * pause, REFUSED_MAX_MS));
        this.refused = setTimeout(again, pause);
        return;
      }
      this.problem = null;
      this.subscribedAt = performance.now();
      logger.info({ filters }, 'subscribed');
      // The status of before names the subscriptions of before, so it is read before it is replaced.
      const cleaned = resumed ? this.unsubscribeFormer(client) : Promise.resolve();
      void cleaned.then(() =>
        client.publish(this.status.topic, this.status.text('online'), { qos: 1, retain: true }, (failure) => {
          if (failure) logger.warn({ err: failure }, 'the status could not be published');
        }),
      );
    });
  }

  /**
   * Ends subscriptions that the session has from other settings: their messages would be dead letters, or come twice. What the broker
   * has queued for them still comes. Never rejects.
   */
  private async unsubscribeFormer(client: MqttClient): Promise<void> {
    const { logger } = this.options;
    try {
      const former = this.status.formerFilters(await this.readStatuses(client, this.status.topic));
      if (former.length === 0) return;
      await client.unsubscribeAsync(former);
      logger.info({ filters: former }, 'unsubscribed what the settings no longer name');
    } catch (error) {
      logger.warn({ err: error }, 'the subscriptions of before could not be ended');
    }
  }

  /** At QoS 0: those of QoS 1 would queue behind the readings. */
  private async readStatuses(client: MqttClient, filter: string): Promise<Map<string, string>> {
    const statuses = new Map<string, string>();
    this.statuses = statuses;
    await client.subscribeAsync(filter, { qos: 0 });
    await client.unsubscribeAsync(filter);
    this.statuses = null;
    return statuses;
  }

  private failed(client: MqttClient, error: Error & { code?: number | string }): void {
    const { logger, clientId } = this.options;
    this.reconnect.failed(error.code);
    if (
      this.version === 5 &&
      (UNSUPPORTED_VERSION.has(Number(error.code)) || /protocol version/i.test(error.message))
    ) {
      logger.info('the broker does not speak MQTT 5; connecting with 3.1.1');
      this.version = 4;
      client.removeAllListeners('error').on('error', () => {});
      client.end(true);
      this.acks?.end();
      if (!this.closing) this.start();
      return;
    }
    const why = NOT_AUTHORIZED.has(Number(error.code))
      ? 'MQTT_USERNAME, MQTT_PASSWORD: the broker refused them'
      : `MQTT_URL: ${error.message || error.code}`;
    const now = performance.now();
    const news = this.problem !== why;
    if (!news && now - this.saidAt < SAID_EVERY_MS) return;
    if (news) logger.error({ clientId, err: error }, `${why}; trying again`);
    else logger.warn({ clientId }, `${why}; still trying`);
    this.problem = why;
    this.saidAt = now;
  }
}
