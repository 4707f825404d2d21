/**
 * Stands between the socket and MQTT.js, and takes the PUBLISH packets out of what the broker sends. Everything else goes on to
 * MQTT.js, and each packet keeps its place among the others. MQTT.js makes twenty objects of each packet and hands it through
 * ten functions; that took a quarter of a bridge's time (docs/decisions.md).
 */
import { Writable } from 'node:stream';

export interface Publish {
  readonly topic: string;
  /** A view of the bytes that came from the socket. */
  readonly payload: Buffer;
  readonly retain: boolean;
  /** The packet identifier of QoS 1; undefined at QoS 0. */
  readonly packetId: number | undefined;
}

/** Where a packet begins and ends. */
interface Frame {
  /** Of the first byte after the length. */
  readonly body: number;
  readonly end: number;
}

const PUBLISH = 3;
/** Bytes of the length of a packet at most, after its first byte. */
const LENGTH_BYTES = 4;

export class PublishFilter extends Writable {
  /** What came and is not complete yet. */
  private kept: Buffer[] = [];
  private keptBytes = 0;
  /** Bytes that have to be there before it is worth to look again. */
  private needed = 2;
  /** Goes on where `take` said to wait; null while nothing waits. */
  private paused: (() => void) | null = null;

  /**
   * @param version of MQTT: 4 is 3.1.1
   * @param take gets each PUBLISH of QoS 0 and 1 @returns whether the next packet may be read; else see `resume`
   * @param others gets the bytes of all other packets
   */
  constructor(
    private readonly version: 4 | 5,
    private readonly take: (publish: Publish) => boolean,
    private readonly others: Writable,
  ) {
    super();
  }

  /** Reads on after `take` has returned false. */
  resume(): void {
    const { paused } = this;
    this.paused = null;
    paused?.();
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.kept.push(chunk);
    this.keptBytes += chunk.length;
    if (this.keptBytes < this.needed) {
      done();
      return;
    }
    const bytes = this.kept.length === 1 ? chunk : Buffer.concat(this.kept);
    this.kept = [];
    this.keptBytes = 0;
    this.needed = 2;
    this.read(bytes, 0, done);
  }

  override _final(done: () => void): void {
    this.others.end(done);
  }

  private read(bytes: Buffer, from: number, done: () => void): void {
    let at = from;
    while (at < bytes.length) {
      const frame = frameAt(bytes, at);
      // A length that is none: MQTT.js says so.
      if (frame === null) {
        this.passOn(bytes, at, bytes.length, done);
        return;
      }
      if (frame.end > bytes.length) {
        this.needed = frame.end - at;
        break;
      }
      const publish = publishIn(bytes, at, frame, this.version);
      if (publish === null) {
        this.passOn(bytes, at, frame.end, done);
        return;
      }
      at = frame.end;
      if (this.take(publish)) continue;
      this.paused = () => this.read(bytes, at, done);
      return;
    }
    if (at < bytes.length) {
      this.kept.push(bytes.subarray(at));
      this.keptBytes = bytes.length - at;
    }
    done();
  }

  private passOn(bytes: Buffer, from: number, end: number, done: () => void): void {
    this.others.write(bytes.subarray(from, end), () => this.read(bytes, end, done));
  }
}

/** @returns null where the length is none; an end beyond the bytes where the packet is not complete */
function frameAt(bytes: Buffer, at: number): Frame | null {
  let length = 0;
  for (let i = 0; i < LENGTH_BYTES; i++) {
    const next = at + 1 + i;
    if (next >= bytes.length) return { body: next, end: next + 1 };
    length += (bytes[next]! & 0x7f) * 128 ** i;
    if (bytes[next]! < 0x80) return { body: next + 1, end: next + 1 + length };
  }
  return null;
}

/** @returns null for other packets, and for a PUBLISH that MQTT.js has to refuse */
function publishIn(bytes: Buffer, at: number, { body, end }: Frame, version: 4 | 5): Publish | null {
  const first = bytes[at]!;
  const qos = (first >> 1) & 3;
  if (first >> 4 !== PUBLISH || qos > 1 || body + 2 > end) return null;
  const topicEnd = body + 2 + bytes.readUInt16BE(body);
  // Without a topic there is an alias, which nobody has allowed the broker.
  if (version === 5 && topicEnd === body + 2) return null;
  let payload = topicEnd + 2 * qos;
  if (payload > end) return null;
  if (version === 5) {
    const properties = frameAt(bytes, payload - 1);
    if (properties === null || properties.end > end) return null;
    payload = properties.end;
  }
  return {
    topic: bytes.toString('utf8', body + 2, topicEnd),
    payload: bytes.subarray(payload, end),
    retain: (first & 1) === 1,
    packetId: qos === 1 ? bytes.readUInt16BE(topicEnd) : undefined,
  };
}
