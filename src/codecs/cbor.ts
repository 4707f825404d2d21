/** The CBOR codec (RFC 8949). */
import { decode } from 'cbor2';
import { bad, type Codec, why } from './codec.ts';
import { plainTree } from './plain-tree.ts';

const OPTIONS = { preferMap: true, rejectDuplicateKeys: false } as const;

/** @returns a tree in which maps are Maps, so that the numeric keys of SenML stay numbers. @throws what the library throws */
export function parseCbor(bytes: Uint8Array): unknown {
  return decode(bytes, OPTIONS);
}

export const cborCodec: Codec = {
  decode(bytes) {
    if (bytes.length === 0) return { document: null };
    try {
      return { document: plainTree(parseCbor(bytes)) };
    } catch (error) {
      return bad('not-cbor', `the payload is not CBOR: ${why(error)}`);
    }
  },
};
