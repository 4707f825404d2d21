/**
 * Closes connections that announce an MQTT packet larger than allowed. Aedes has no such limit and buffers a packet until
 * it is complete, up to 256 MB. The size stands in the packet's first bytes, so an oversized packet is refused when it
 * begins, before anything of it is kept. The stream's bytes are passed on unchanged.
 */
import type { Duplex } from 'node:stream';

/**
 * Watches what is read from `stream` and destroys the stream, with an error that names the limit, at the first packet of
 * more than `maxBytes` (fixed header included).
 */
export function limitPacketSize(stream: Duplex, maxBytes: number): void {
  const exceeds = packetSizeCheck(maxBytes);
  const read = stream.read;
  // Aedes takes everything through read(); a Transform in between would cost a copy of every chunk.
  stream.read = function limitedRead(size?: number): unknown {
    const chunk: unknown = read.call(stream, size);
    if (Buffer.isBuffer(chunk) && exceeds(chunk)) {
      stream.destroy(new Error(`MQTT packet larger than ${maxBytes} bytes`));
      return null;
    }
    return chunk;
  };
}

/**
 * A function to be called with each chunk of an MQTT byte stream; it returns true when a packet announces more than
 * `maxBytes`, or a length that is no MQTT length. It reads headers only.
 */
export function packetSizeCheck(maxBytes: number): (chunk: Buffer) => boolean {
  let bodyLeft = 0;
  let inLength = false;
  let length = 0;
  let lengthBytes = 0;
  return (chunk) => {
    for (let at = 0; at < chunk.length; ) {
      if (bodyLeft > 0) {
        const skipped = Math.min(bodyLeft, chunk.length - at);
        bodyLeft -= skipped;
        at += skipped;
        continue;
      }
      const byte = chunk[at++] as number;
      if (!inLength) {
        inLength = true;
        length = 0;
        lengthBytes = 0;
        continue;
      }
      length += (byte & 0x7f) * 128 ** lengthBytes++;
      if (byte & 0x80) {
        if (lengthBytes === 4) return true;
        continue;
      }
      inLength = false;
      if (1 + lengthBytes + length > maxBytes) return true;
      bodyLeft = length;
    }
    return false;
  };
}
