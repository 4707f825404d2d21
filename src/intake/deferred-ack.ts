/**
 * Acknowledge after the commit with MQTT.js, which has no option for it. This file alone rests on behaviour of MQTT.js
 * that it does not document, which is why package.json pins the version and test/contract/deferred-ack.test.ts fails
 * loudly when it changes: in the QoS 1 handler, an error given to the callback of `handleMessage` (a documented override
 * point) skips the automatic PUBACK, and the pump that reads packets ignores that error. So the callback is called at
 * once, the packet id kept, and the PUBACKs of a whole batch are written to the stream as one buffer later.
 */
import type { IPublishPacket, MqttClient } from 'mqtt';

const DEFERRED = new Error('acknowledged after the commit');
/** What a reading takes in memory on its way, however few bytes it has in its message: 250 to 300 bytes when measured. */
const READING_BYTES = 300;

export interface InFlightLimits {
  readonly maxMessages: number;
  /** Of payloads, topics and the readings made of them. */
  readonly maxBytes: number;
}

export interface DeferredAck {
  /** Messages handed over and not acknowledged yet, of this and of earlier connections. */
  readonly inFlight: number;
  readonly inFlightBytes: number;
  /** Takes nothing more from the socket; what is in flight may still be acknowledged. */
  hold(): void;
}

/**
 * Takes over the acknowledgement of every incoming QoS 1 message of `client`.
 * @param onMessage gets each message with its `ack`, to be called at most once; QoS 0 messages come with an `ack` too. It
 *   returns how many readings the message has turned out to have
 * @param limits while they are reached the socket is not read: TCP back-pressure, the last resort
 */
export function deferAcknowledgements(
  client: MqttClient,
  limits: InFlightLimits,
  onMessage: (packet: IPublishPacket, ack: () => void) => number,
): DeferredAck {
  let inFlight = 0;
  let inFlightBytes = 0;
  let holding = false;
  let held: (() => void) | null = null;
  let acks: number[] = [];
  let acksOf: MqttClient['stream'] | null = null;

  const flush = () => {
    const ids = acks;
    const stream = acksOf;
    acks = [];
    acksOf = null;
    // A PUBACK for an earlier connection would name another message there: the broker redelivers instead.
    if (!stream || stream !== client.stream || stream.destroyed || !stream.writable || ids.length === 0)
      return;
    // MQTT 3.1.1 and 5 (reason 0, no properties) share this form.
    const bytes = Buffer.allocUnsafe(ids.length * 4);
    for (const [i, id] of ids.entries()) bytes.writeUInt32BE(0x40020000 + id, i * 4);
    stream.write(bytes);
    // They tell the broker that this client lives, so no PINGREQ is due: its answer would come behind all that the broker
    // has sent before, which on a busy machine takes longer than MQTT.js waits for it.
    client.reschedulePing(true);
  };

  const full = () => holding || inFlight >= limits.maxMessages || inFlightBytes >= limits.maxBytes;

  client.handleMessage = (packet, callback) => {
    const { stream } = client;
    const { qos, messageId } = packet;
    let size = packet.payload.length + packet.topic.length;
    inFlight++;
    inFlightBytes += size;
    let acked = false;
    const readings = onMessage(packet, () => {
      if (acked) return;
      acked = true;
      inFlight--;
      inFlightBytes -= size;
      if (qos === 1) {
        if (acksOf !== stream) flush();
        if (acks.length === 0) queueMicrotask(flush);
        acksOf = stream;
        acks.push(messageId!);
      }
      if (held && !full()) {
        const resume = held;
        held = null;
        resume();
      }
    });
    if (!acked) {
      size += readings * READING_BYTES;
      inFlightBytes += readings * READING_BYTES;
    }
    const proceed = () => (qos === 1 ? callback(DEFERRED) : callback());
    if (full()) held = proceed;
    else proceed();
  };

  // What was held belongs to a connection that is gone; its pump must not be resumed.
  client.on('close', () => {
    held = null;
  });

  return {
    get inFlight() {
      return inFlight;
    },
    get inFlightBytes() {
      return inFlightBytes;
    },
    hold() {
      holding = true;
    },
  };
}
