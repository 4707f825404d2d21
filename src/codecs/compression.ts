/** Compressed payloads: gzip and deflate (with or without the header of zlib), with a bound on what comes out. */
import { gunzipSync, inflateRawSync, inflateSync } from 'node:zlib';
import type { Problem } from '../domain/decoded.ts';
import { bad, why } from './codec.ts';

export type Compression = 'none' | 'gzip' | 'deflate' | 'auto';

/**
 * @param maxBytes most bytes that may come out
 * @returns the bytes as they were before compression
 */
export function decompress(
  bytes: Uint8Array,
  compression: Compression,
  maxBytes: number,
): Uint8Array | { readonly problem: Problem } {
  const kind = compression === 'auto' ? compressionOf(bytes) : compression;
  if (kind === 'none' || bytes.length === 0) return bytes;
  const options = { maxOutputLength: maxBytes };
  try {
    if (kind === 'gzip') return gunzipSync(bytes, options);
    return hasZlibHeader(bytes) ? inflateSync(bytes, options) : inflateRawSync(bytes, options);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') {
      return bad('too-large', `the payload is larger than ${maxBytes} bytes when it is decompressed`);
    }
    return bad(`not-${kind}`, `the payload is not ${kind}: ${why(error)}`);
  }
}

/** By the first bytes. No text begins like that, and no message of CBOR or MessagePack that is a map or a list. */
export function compressionOf(bytes: Uint8Array): 'none' | 'gzip' | 'deflate' {
  if (bytes[0] === 0x1f && bytes[1] === 0x8b && bytes[2] === 8) return 'gzip';
  return hasZlibHeader(bytes) && (bytes[1]! < 0x20 || bytes[1]! > 0x7e) ? 'deflate' : 'none';
}

/** RFC 1950: deflate with a window of 32 kB, and a check on both bytes. */
function hasZlibHeader(bytes: Uint8Array): boolean {
  return bytes.length > 2 && bytes[0] === 0x78 && (0x7800 + bytes[1]!) % 31 === 0;
}
