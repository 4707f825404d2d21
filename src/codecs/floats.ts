/** The codecs of raw IEEE 754 numbers: one, or several in a row, without anything around them. */
import { bad, type Codec } from './codec.ts';

/** @param size bytes of one number */
function floatCodec(size: 4 | 8, littleEndian: boolean): Codec {
  return {
    decode(bytes, { maxReadings }) {
      if (bytes.length === 0) return { document: null };
      if (bytes.length % size !== 0 || bytes.length / size > maxReadings) {
        return bad('not-float', `the payload has ${bytes.length} bytes, and each number has ${size}`);
      }
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      const numbers = Array.from({ length: bytes.length / size }, (_, i) =>
        size === 4
          ? shortest(view.getFloat32(i * size, littleEndian))
          : view.getFloat64(i * size, littleEndian),
      ).map((value) => (Number.isNaN(value) ? null : value));
      return { document: numbers.length === 1 ? numbers[0] : numbers };
    },
  };
}

/** The shortest decimal that is the same number in 32 bits: 21.1 and not 21.100000381469727. */
export function shortest(value: number): number {
  for (let digits = 6; digits <= 9; digits++) {
    const rounded = Number(value.toPrecision(digits));
    if (Math.fround(rounded) === value) return rounded;
  }
  return value;
}

export const floatCodecs = {
  float32: floatCodec(4, true),
  'float32-be': floatCodec(4, false),
  float64: floatCodec(8, true),
  'float64-be': floatCodec(8, false),
} as const;
