/** Reads the fields of a packet's body one after the other (MQTT 3.1.1, chapter 1.5). */
import { isUtf8 } from 'node:buffer';

/** What is wrong with a packet, in words for the log. */
export class MalformedPacket extends Error {}

export class PacketFields {
  constructor(
    private readonly bytes: Buffer,
    private at: number,
    private readonly end: number,
  ) {}

  get left(): number {
    return this.end - this.at;
  }

  byte(): number {
    if (this.at >= this.end) throw new MalformedPacket('the packet is too short');
    return this.bytes[this.at++] as number;
  }

  number(): number {
    return this.byte() * 256 + this.byte();
  }

  /** A packet identifier. @throws MalformedPacket for 0 [MQTT-2.3.1-1] */
  identifier(): number {
    const id = this.number();
    if (id === 0) throw new MalformedPacket('packet identifier 0');
    return id;
  }

  /** Bytes after their length. @returns where they begin */
  binary(): number {
    const length = this.number();
    const start = this.at;
    if (length > this.left) throw new MalformedPacket('a field is longer than the packet');
    this.at += length;
    return start;
  }

  /** A string, checked and not read: well-formed UTF-8 without U+0000 [MQTT-1.5.3-1, 1.5.3-2]. */
  skipText(): void {
    const start = this.binary();
    let ascii = true;
    for (let i = start; i < this.at; i++) {
      const byte = this.bytes[i] as number;
      if (byte === 0) throw new MalformedPacket('a text with U+0000');
      if (byte > 127) ascii = false;
    }
    if (!ascii && !isUtf8(this.bytes.subarray(start, this.at)))
      throw new MalformedPacket('a text that is no well-formed UTF-8');
  }

  text(): string {
    const start = this.at + 2;
    this.skipText();
    return this.bytes.toString('utf8', start, this.at);
  }

  skip(length: number): void {
    if (length > this.left) throw new MalformedPacket('the packet is too short');
    this.at += length;
  }
}
