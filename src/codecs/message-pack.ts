/** The MessagePack codec. */
import { Decoder } from '@msgpack/msgpack';
import { bad, type Codec, why } from './codec.ts';
import { plainTree } from './plain-tree.ts';

/** @throws what the library throws */
export function parseMessagePack(bytes: Uint8Array): unknown {
  // Limits so that a length in the message is not believed beyond the message itself.
  const most = bytes.length;
  return new Decoder({
    maxArrayLength: most,
    maxMapLength: most,
    maxStrLength: most,
    maxBinLength: most,
    maxExtLength: most,
    mapKeyConverter: (key) => (typeof key === 'number' || typeof key === 'string' ? key : String(key)),
  }).decode(bytes);
}

export const messagePackCodec: Codec = {
  decode(bytes) {
    if (bytes.length === 0) return { document: null };
    try {
      return { document: plainTree(parseMessagePack(bytes)) };
    } catch (error) {
      return bad('not-msgpack', `the payload is not MessagePack: ${why(error)}`);
    }
  },
};
