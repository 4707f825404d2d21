import { describe, expect, test } from 'vitest';
import { PacketReader, PacketSizeError } from '../../broker/packet-reader.ts';
import { random } from '../../devices/random.ts';

/** A packet of `size` bytes in all, its body full of bytes that look like long packets. */
function packet(size: number): Buffer {
  for (let lengthBytes = 1; lengthBytes <= 4; lengthBytes++) {
    let body = size - 1 - lengthBytes;
    if (body < 0 || body >= 128 ** lengthBytes) continue;
    const header = [0x30];
    const bytes = Buffer.alloc(body, 0xff);
    for (let i = 0; i < lengthBytes; i++) {
      header.push((body & 127) | (i < lengthBytes - 1 ? 128 : 0));
      body >>= 7;
    }
    return Buffer.concat([Buffer.from(header), bytes]);
  }
  throw new Error(`no packet has ${size} bytes`);
}

/** Whether a reader that takes packets of so many bytes has met a larger one. */
function packetSizeCheck(maxBytes: number): (chunk: Buffer) => boolean {
  const reader = new PacketReader(maxBytes, () => undefined);
  let exceeded = false;
  return (chunk) => {
    try {
      if (!exceeded) reader.read(chunk);
    } catch (error) {
      if (!(error instanceof PacketSizeError)) throw error;
      exceeded = true;
    }
    return exceeded;
  };
}

describe('packetSizeCheck', () => {
  test('finds the one packet that is too large, however the stream is cut', () => {
    const source = random(1);
    for (let round = 0; round < 200; round++) {
      const sizes = Array.from({ length: 20 }, () => source.pick([2, 3, 50, 129, 130, 200, 16_388, 20_000]));
      const stream = Buffer.concat(sizes.map(packet));
      const exceeds = packetSizeCheck(20_000);
      const tooLarge = packetSizeCheck(19_999);
      let exceeded = false;
      for (let at = 0; at < stream.length; ) {
        const chunk = stream.subarray(at, at + source.integer(1, source.pick([1, 5, 30_000])));
        expect(exceeds(chunk)).toBe(false);
        exceeded ||= tooLarge(chunk);
        at += chunk.length;
      }
      expect(exceeded).toBe(sizes.includes(20_000));
    }
  });

  test('decides at the header, before the body', () => {
    expect(packetSizeCheck(100)(packet(101).subarray(0, 2))).toBe(true);
    expect(packetSizeCheck(100)(packet(100).subarray(0, 2))).toBe(false);
    expect(packetSizeCheck(1000)(packet(1001).subarray(0, 3))).toBe(true);
    expect(packetSizeCheck(1000)(packet(1001).subarray(0, 2))).toBe(false);
  });

  test('refuses a length of more than four bytes', () => {
    expect(packetSizeCheck(Number.MAX_SAFE_INTEGER)(Buffer.from([0x30, 0xff, 0xff, 0xff, 0xff]))).toBe(true);
    expect(packetSizeCheck(Number.MAX_SAFE_INTEGER)(Buffer.from([0x30, 0xff, 0xff, 0xff, 0x7f]))).toBe(false);
  });
});
