/** Bytes to text, for the codecs of text formats. */
import { isUtf8 } from 'node:buffer';
import type { Problem } from '../domain/decoded.ts';
import { bad } from './codec.ts';

/** @returns the text without a byte order mark and without NULs at its end, trimmed; a problem where it is not UTF-8 */
export function textOf(bytes: Uint8Array): string | { readonly problem: Problem } {
  if (!isUtf8(bytes)) return bad('not-utf8', 'the payload is not UTF-8 text');
  const { buffer, byteOffset, byteLength } = bytes;
  let end = byteLength;
  // What a C program sends with the end of its string.
  while (bytes[end - 1] === 0) end--;
  // trim() takes the byte order mark away too.
  return Buffer.from(buffer, byteOffset, end).toString('utf8').trim();
}
