/** Makes what the libraries of binary formats give into the tree that `Content` promises. */

/** Deeper than any device nests; a message cannot make the stack overflow. */
const MAX_DEPTH = 64;

/**
 * Maps become objects, whole numbers of 64 bits become doubles, `undefined` becomes null. Bytes and what has no place in a
 * tree become a text that says what it was.
 */
export function plainTree(value: unknown, depth = 0): unknown {
  if (value === null || value === undefined) return null;
  if (typeof value === 'bigint') return Number(value);
  if (typeof value !== 'object')
    return typeof value === 'function' || typeof value === 'symbol' ? null : value;
  if (value instanceof Date) return value;
  if (ArrayBuffer.isView(value)) return `(${value.byteLength} bytes)`;
  if (depth >= MAX_DEPTH) return '(nested too deep)';
  if (Array.isArray(value)) return value.map((each) => plainTree(each, depth + 1));
  if (value instanceof Map) {
    return objectOf([...value].map(([key, each]) => [String(key), plainTree(each, depth + 1)]));
  }
  // A tagged value of CBOR, or an extension of MessagePack.
  if ('contents' in value && 'tag' in value) return plainTree(value.contents, depth + 1);
  const prototype = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) {
    const primitive = typeof value.valueOf === 'function' ? value.valueOf() : null;
    return typeof primitive === 'object' ? '(extension)' : plainTree(primitive, depth + 1);
  }
  return objectOf(Object.entries(value).map(([key, each]) => [key, plainTree(each, depth + 1)]));
}

/** An own property for each entry, `__proto__` too. */
function objectOf(entries: readonly (readonly [string, unknown])[]): object {
  return Object.fromEntries(entries);
}
