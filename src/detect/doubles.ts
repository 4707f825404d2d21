/**
 * `n` doubles to be written over, whatever is in them, out of Node's pool of small buffers: a Float64Array of its own beyond
 * 64 bytes is an allocation outside of V8's heap, zeroed and released by a finaliser, which costs twice as much as filling it.
 */
export function doubles(n: number): Float64Array {
  const { buffer, byteOffset } = Buffer.allocUnsafe(8 * n);
  // The pool is aligned, though nothing promises it.
  return byteOffset % 8 === 0 ? new Float64Array(buffer, byteOffset, n) : new Float64Array(n);
}

/** A copy. */
export function copyOf(from: Float64Array): Float64Array {
  const copy = doubles(from.length);
  copy.set(from);
  return copy;
}
