/**
 * Acknowledges messages after their commit. MQTT.js has no option for this, so `PublishFilter` takes the messages before MQTT.js
 * sees them. This file alone rests on behaviour of MQTT.js that is not documented, so package.json pins the version, and
 * test/contract/deferred-ack.test.ts fails when the behaviour changes: `streamBuilder` makes the stream of each connection, and
 * what comes from it reaches MQTT.js through its `pipe`. The PUBACKs of a whole batch are written to the stream as one buffer,
 * in the order of arrival: MQTT demands that order, and it is cheap for the broker (docs/decisions.md).
 */
import type { Writable } from 'node:stream';
import type { MqttClient } from 'mqtt';
import { READING_BYTES } from '../pipeline/in-flight.ts';
import { type Publish, PublishFilter } from './publish-filter.ts';

type Stream = MqttClient['stream'];

const REFUSED = new Error('not a message that was asked for: it is not acknowledged');
/** For how long acknowledgements wait for that of one older message, twice at most, ms. */
const PATIENCE_MS = 2000;

export interface InFlightLimits {
  readonly maxMessages: number;
  /** Of payloads, topics and the readings made of them. */
  readonly maxBytes: number;
}

/**
 * A message in flight. There are thousands at a time, and each lives long enough for V8 to move it into its old generation
 * with everything that it refers to. So a message is one object, and no closure.
 */
export class DeferredMessage {
  readonly topic: string;
  readonly bytes: Buffer;
  readonly retained: boolean;
  /** undefined at QoS 0. */
  readonly packetId: number | undefined;
  /** What it takes in memory, bytes. */
  size: number;
  acked = false;
  /** Among all of its client. */
  place = -1;

  constructor(
    private readonly acks: DeferredAcks,
    readonly stream: Stream,
    { topic, payload, retain, packetId }: Publish,
  ) {
    this.topic = topic;
    this.bytes = payload;
    this.retained = retain;
    this.packetId = packetId;
    this.size = payload.length + topic.length;
  }

  /** To be called when everything in the message is stored. A second call does nothing. */
  ack(): void {
    if (this.acked) return;
    this.acked = true;
    this.acks.acknowledged(this);
  }

  /** The message will not be stored soon: acknowledgements of later messages must not wait for its own. */
  leaveAckOrder(): void {
    if (!this.acked) this.acks.passed(this);
  }
}

/** Takes over the acknowledgement of every incoming QoS 1 message of a client. QoS 0 messages are only counted. */
export class DeferredAcks {
  /** Messages given to `onMessage` and not stored yet, of this and of earlier connections. */
  inFlight = 0;
  inFlightBytes = 0;
  private holding = false;
  /** Does not read on until there is room again; null while the socket is being read. */
  private held: PublishFilter | null = null;
  /**
   * The messages of `stream` in the order of arrival: a message that is not stored yet, the packet id of a message that is
   * stored and waits for older ones, null for a message that has left the order. Entries before `first` are gone.
   */
  private line: (DeferredMessage | number | null)[] = [];
  private first = 0;
  /** `place` of the first entry of `line`. */
  private start = 0;
  /** Packet ids in `line`. */
  private waiting = 0;
  private stream: Stream | null = null;
  /** Packet ids to acknowledge on `stream` now. */
  private ids: number[] = [];
  /** The oldest message when last looked at. */
  private oldest: DeferredMessage | null = null;
  private readonly timer: NodeJS.Timeout;

  /**
   * @param client has not connected yet: its option `manualConnect` is set
   * @param onMessage gets each message, and returns how many readings it has turned out to have
   * @param limits while they are reached the socket is not read: TCP back-pressure, the last resort
   */
  constructor(
    private readonly client: MqttClient,
    private readonly limits: InFlightLimits,
    private readonly onMessage: (message: DeferredMessage) => number,
  ) {
    const hidden = client as unknown as { streamBuilder: (client: MqttClient) => Stream };
    const build = hidden.streamBuilder;
    hidden.streamBuilder = (own) => this.filtered(build(own));
    // With this option still set, MQTT.js would connect again after `end`.
    client.options.manualConnect = false;
    // Only what the filter cannot take comes here.
    client.handleMessage = (_packet, callback) => callback(REFUSED);
    // What was held belongs to a connection that is gone, of which nothing more is read.
    client.on('close', () => {
      this.held = null;
    });
    this.timer = setInterval(() => this.check(), PATIENCE_MS).unref();
  }

  /** Acknowledges what is stored, in order or not. */
  end(): void {
    clearInterval(this.timer);
    this.clear();
    this.flush();
  }

  /** Takes nothing more from the socket; what is in flight may still be acknowledged. */
  hold(): void {
    this.holding = true;
  }

  /** Puts the filter where MQTT.js pipes the stream to its parser. */
  private filtered(stream: Stream): Stream {
    const pipe = stream.pipe.bind(stream) as (to: Writable) => Writable;
    stream.pipe = <T extends NodeJS.WritableStream>(parser: T): T => {
      const version = this.client.options.protocolVersion === 5 ? 5 : 4;
      const filter: PublishFilter = new PublishFilter(
        version,
        (publish) => this.receive(publish, stream, filter),
        parser as unknown as Writable,
      );
      pipe(filter);
      return parser;
    };
    return stream;
  }

  /** @returns whether there is room for more */
  private receive(publish: Publish, stream: Stream, filter: PublishFilter): boolean {
    // What an earlier connection has left unread comes again on this one.
    if (stream !== this.client.stream) return true;
    const message = new DeferredMessage(this, stream, publish);
    this.inFlight++;
    this.inFlightBytes += message.size;
    if (stream !== this.stream) {
      // What came before belongs to a connection that is gone: the broker sends it again.
      this.clear();
      this.ids = [];
      this.stream = stream;
    }
    if (message.packetId !== undefined) message.place = this.start + this.line.push(message) - 1;
    const readings = this.onMessage(message);
    if (!message.acked) {
      message.size += readings * READING_BYTES;
      this.inFlightBytes += readings * READING_BYTES;
    }
    if (!this.full) return true;
    this.held = filter;
    return false;
  }

  private get full(): boolean {
    const { maxMessages, maxBytes } = this.limits;
    return this.holding || this.inFlight >= maxMessages || this.inFlightBytes >= maxBytes;
  }

  /** See `DeferredMessage.ack`. */
  acknowledged(message: DeferredMessage): void {
    this.inFlight--;
    this.inFlightBytes -= message.size;
    if (message.packetId !== undefined && message.stream === this.stream) {
      if (this.replace(message, message.packetId)) this.waiting++;
      else this.send(message.packetId);
      this.advance();
    }
    if (!this.held || this.full) return;
    const filter = this.held;
    this.held = null;
    filter.resume();
  }

  /** See `DeferredMessage.leaveAckOrder`. */
  passed(message: DeferredMessage): void {
    if (this.replace(message, null)) this.advance();
  }

  /** @returns whether the message was in its place */
  private replace(message: DeferredMessage, by: number | null): boolean {
    const at = message.place - this.start;
    if (this.line[at] !== message) return false;
    this.line[at] = by;
    return true;
  }

  /** Acknowledges the messages that no longer wait for an older one. */
  private advance(): void {
    const { line } = this;
    for (; this.first < line.length; this.first++) {
      const next = line[this.first]!;
      if (next instanceof DeferredMessage) break;
      if (next === null) continue;
      this.waiting--;
      this.send(next);
    }
    if (this.first <= line.length / 2) return;
    line.splice(0, this.first);
    this.start += this.first;
    this.first = 0;
  }

  /** If one message has delayed the acknowledgements of others for too long, all of them leave the order. */
  private check(): void {
    const oldest = this.waiting > 0 ? (this.line[this.first] as DeferredMessage) : null;
    if (oldest !== null && oldest === this.oldest) this.clear();
    else this.oldest = oldest;
  }

  /** Acknowledges what waits, and begins a new line. */
  private clear(): void {
    for (const next of this.line.slice(this.first)) if (typeof next === 'number') this.send(next);
    this.start += this.line.length;
    this.line = [];
    this.first = 0;
    this.waiting = 0;
  }

  private send(packetId: number): void {
    if (this.ids.length === 0) queueMicrotask(() => this.flush());
    this.ids.push(packetId);
  }

  private flush(): void {
    const { client, ids, stream } = this;
    this.ids = [];
    // A PUBACK for an earlier connection would name another message there.
    if (!stream || stream !== client.stream || stream.destroyed || !stream.writable || ids.length === 0)
      return;
    // MQTT 3.1.1 and 5 (reason 0, no properties) share this form.
    const bytes = Buffer.allocUnsafe(ids.length * 4);
    for (const [i, id] of ids.entries()) bytes.writeUInt32BE(0x40020000 + id, i * 4);
    stream.write(bytes);
    // PUBACKs tell the broker that this client lives, so no PINGREQ is due. The answer to a PINGREQ comes behind everything
    // that the broker has sent before. On a busy machine that takes longer than MQTT.js waits for the answer.
    client.reschedulePing(true);
  }
}
