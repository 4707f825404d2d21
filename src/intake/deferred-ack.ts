/**
 * Acknowledges messages after their commit. MQTT.js has no option for this. This file alone rests on behaviour of MQTT.js that
 * is not documented, so package.json pins the version, and test/contract/deferred-ack.test.ts fails when the behaviour changes:
 * `handleMessage` is a documented override point with a callback. In the QoS 1 handler, an error given to that callback skips
 * the automatic PUBACK, and the pump that reads packets ignores the error. So this file calls the callback at once and keeps
 * the packet id. Later it writes the PUBACKs of a whole batch to the stream as one buffer, in the order of arrival: MQTT demands
 * that order, and it is cheap for the broker (docs/decisions.md).
 */
import type { IPublishPacket, MqttClient } from 'mqtt';
import { READING_BYTES } from '../pipeline/in-flight.ts';

const DEFERRED = new Error('acknowledged after the commit');
/** For how long acknowledgements wait for that of one older message, twice at most, ms. */
const PATIENCE_MS = 2000;

export interface InFlightLimits {
  readonly maxMessages: number;
  /** Of payloads, topics and the readings made of them. */
  readonly maxBytes: number;
}

/**
 * A message in flight. There are thousands at a time, and each lives long enough for V8 to move it into its old generation
 * with everything that it refers to. So a message is one object. A closure would also hold the packet and the callback of MQTT.js.
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
    readonly stream: MqttClient['stream'],
    { topic, payload, retain, qos, messageId }: IPublishPacket,
  ) {
    this.topic = topic;
    this.bytes = typeof payload === 'string' ? Buffer.from(payload) : payload;
    this.retained = retain;
    this.packetId = qos === 1 ? messageId : undefined;
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
  /** Resumes reading from the socket; null while it is being read. */
  private held: (() => void) | null = null;
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
  private stream: MqttClient['stream'] | null = null;
  /** Packet ids to acknowledge on `stream` now. */
  private ids: number[] = [];
  /** The oldest message when last looked at. */
  private oldest: DeferredMessage | null = null;
  private readonly timer: NodeJS.Timeout;

  /**
   * @param onMessage gets each message, and returns how many readings it has turned out to have
   * @param limits while they are reached the socket is not read: TCP back-pressure, the last resort
   */
  constructor(
    private readonly client: MqttClient,
    private readonly limits: InFlightLimits,
    private readonly onMessage: (message: DeferredMessage) => number,
  ) {
    client.handleMessage = (packet, callback) => this.receive(packet, callback);
    // What was held belongs to a connection that is gone; its pump must not be resumed.
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

  private receive(packet: IPublishPacket, callback: (error?: Error) => void): void {
    const { stream } = this.client;
    const message = new DeferredMessage(this, stream, packet);
    this.inFlight++;
    this.inFlightBytes += message.size;
    if (stream !== this.stream) {
      // What came before belongs to a connection that is gone: the broker sends it again.
      this.clear();
      this.ids = [];
      this.stream = stream;
    }
    if (packet.qos === 1) message.place = this.start + this.line.push(message) - 1;
    const readings = this.onMessage(message);
    if (!message.acked) {
      message.size += readings * READING_BYTES;
      this.inFlightBytes += readings * READING_BYTES;
    }
    const error = packet.qos === 1 ? DEFERRED : undefined;
    if (this.full) this.held = () => callback(error);
    else callback(error);
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
    const resume = this.held;
    this.held = null;
    resume();
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
