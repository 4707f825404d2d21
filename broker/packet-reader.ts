/**
 * Cuts the bytes of a connection into MQTT packets. Whole packets are passed on as they lie in what was read; only a
 * packet that came in pieces is copied. The size stands in the first bytes of a packet, so a packet that is too large is
 * refused when it begins, before anything of it is kept.
 */

/** One whole packet. */
export interface RawPacket {
  /** Packet type, 1 (CONNECT) to 14 (DISCONNECT) in MQTT 3.1.1; the sender decides what stands here. */
  readonly type: number;
  /** The low four bits of the first byte. */
  readonly flags: number;
  /** Where the packet lies. */
  readonly bytes: Buffer;
  readonly start: number;
  /** Where its variable header begins. */
  readonly body: number;
  readonly end: number;
}

/** A packet that is larger than allowed, or whose length is none. */
export class PacketSizeError extends Error {}

const MAX_LENGTH_BYTES = 4;
/** What a packet in pieces takes at first. */
const FIRST_BYTES = 256;

export class PacketReader {
  private part: Buffer | null = null;
  private filled = 0;

  /**
   * @param maxBytes of one packet, its fixed header included
   * @param take gets each packet as soon as it is whole
   * @param begun gets the first byte of a packet that is not whole yet
   */
  constructor(
    private readonly maxBytes: number,
    private readonly take: (packet: RawPacket) => void,
    private readonly begun: (first: number) => void = () => undefined,
  ) {}

  /** Memory that the packet that is not whole yet takes. */
  get held(): number {
    return this.part?.length ?? 0;
  }

  /** @throws PacketSizeError at the first packet that is too large, or has no length; what came before it was taken */
  read(chunk: Buffer): void {
    let at = 0;
    if (this.part) at = this.complete(chunk);
    while (at < chunk.length) {
      const header = headerOf(chunk, at, chunk.length, this.maxBytes);
      if (!header || header.end > chunk.length) {
        this.begin(chunk.subarray(at), header ? header.end - at : this.maxBytes);
        return;
      }
      this.emit(chunk, at, header);
      at = header.end;
    }
  }

  private begin(piece: Buffer, size: number): void {
    this.begun(piece[0] as number);
    this.part = Buffer.allocUnsafeSlow(Math.max(piece.length, Math.min(size, FIRST_BYTES)));
    piece.copy(this.part);
    this.filled = piece.length;
  }

  /** Goes on with the packet in pieces. @returns how much of the chunk belongs to it */
  private complete(chunk: Buffer): number {
    let at = 0;
    let header = headerOf(this.part!, 0, this.filled, this.maxBytes);
    while (!header && at < chunk.length) {
      this.append(chunk.subarray(at, ++at), this.maxBytes);
      header = headerOf(this.part!, 0, this.filled, this.maxBytes);
    }
    if (!header) return at;
    const wanted = Math.min(header.end - this.filled, chunk.length - at);
    this.append(chunk.subarray(at, at + wanted), header.end);
    if (this.filled === header.end) {
      const whole = this.part!;
      this.part = null;
      this.emit(whole, 0, header);
    }
    return at + wanted;
  }

  /** Grows twofold at least, so that a packet that comes byte by byte is not copied as often. */
  private append(piece: Buffer, size: number): void {
    const needed = this.filled + piece.length;
    if (needed > this.part!.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(needed, Math.min(size, this.part!.length * 2)));
      this.part!.copy(larger, 0, 0, this.filled);
      this.part = larger;
    }
    piece.copy(this.part!, this.filled);
    this.filled = needed;
  }

  private emit(bytes: Buffer, start: number, { body, end }: Header): void {
    const first = bytes[start] as number;
    this.take({ type: first >> 4, flags: first & 15, bytes, start, body, end });
  }
}

interface Header {
  readonly body: number;
  readonly end: number;
}

/** null while it is not all there. @throws PacketSizeError */
function headerOf(bytes: Buffer, start: number, limit: number, maxBytes: number): Header | null {
  let length = 0;
  for (let i = 0; i < MAX_LENGTH_BYTES; i++) {
    const at = start + 1 + i;
    if (at >= limit) return null;
    const byte = bytes[at] as number;
    length += (byte & 0x7f) * 128 ** i;
    if (byte & 0x80) continue;
    const body = at + 1;
    if (body - start + length > maxBytes)
      throw new PacketSizeError(`MQTT packet larger than ${maxBytes} bytes`);
    return { body, end: body + length };
  }
  throw new PacketSizeError('MQTT packet with a length of more than four bytes');
}
