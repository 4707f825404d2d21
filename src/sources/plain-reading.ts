/**
 * The fast path of the decoder: `21.5`, or `{"value": 21.5, "ts": 1700000000000}` and nothing else. Most sensors send one of
 * these, and they are read byte by byte, without a text in between.
 */
import type { Decoded } from '../domain/decoded.ts';
import { guessedUnit } from './time.ts';

/** Whole numbers of so many digits have an exact double, and so has every power of ten up to 22. */
const MOST_DIGITS = 15;
const POWERS = Array.from({ length: MOST_DIGITS + 1 }, (_, i) => 10 ** i);
const VALUE = Buffer.from('"value":');
const TS = Buffer.from('"ts":');

/** @returns null for anything that takes a closer look, also where it is wrong */
export function plainReading(sensor: string, metric: string, bytes: Uint8Array): Decoded | null {
  const { length } = bytes;
  if (bytes[0] !== 0x7b) {
    const value = plainNumber(bytes, 0, length);
    return value === null ? null : { reading: { sensor, metric, value } };
  }
  if (bytes[length - 1] !== 0x7d) return null;
  const start = valueAfter(bytes, 1, VALUE);
  if (start === -1) return null;
  const end = numberEnd(bytes, start);
  const value = plainNumber(bytes, start, end);
  if (value === null || !isJsonNumber(bytes, start, end)) return null;
  if (end === length - 1) return { reading: { sensor, metric, value } };
  if (bytes[end] !== 0x2c) return null;
  const from = valueAfter(bytes, bytes[end + 1] === 0x20 ? end + 2 : end + 1, TS);
  const ts = from === -1 ? null : plainNumber(bytes, from, length - 1);
  if (ts === null || !Number.isInteger(ts) || guessedUnit(ts) !== 'ms') return null;
  return isJsonNumber(bytes, from, length - 1) ? { reading: { sensor, metric, value, ts } } : null;
}

/** Where the value begins if `name` stands at `at`, else -1. One space may stand before the value. */
function valueAfter(bytes: Uint8Array, at: number, name: Buffer): number {
  for (let i = 0; i < name.length; i++) if (bytes[at + i] !== name[i]) return -1;
  const after = at + name.length;
  return bytes[after] === 0x20 ? after + 1 : after;
}

function numberEnd(bytes: Uint8Array, at: number): number {
  while (at < bytes.length && bytes[at] !== 0x2c && bytes[at] !== 0x7d) at++;
  return at;
}

/** JSON has neither a plus, nor zeros before other digits, nor a point without digits on both sides. */
function isJsonNumber(bytes: Uint8Array, from: number, to: number): boolean {
  const first = bytes[from] === 0x2d ? from + 1 : from;
  if (bytes[from] === 0x2b || bytes[first] === 0x2e || bytes[to - 1] === 0x2e) return false;
  return bytes[first] !== 0x30 || first === to - 1 || bytes[first + 1] === 0x2e;
}

/**
 * `21.5`, `-3`: up to 15 digits. Their digits as a whole number and the power of ten are exact doubles, so their quotient is
 * the double nearest to the decimal, as `Number` would give it (IEEE 754: division is correctly rounded).
 */
function plainNumber(bytes: Uint8Array, from: number, to: number): number | null {
  const negative = bytes[from] === 0x2d;
  const first = negative || bytes[from] === 0x2b ? from + 1 : from;
  if (to - first < 1 || to - first > MOST_DIGITS) return null;
  let digits = 0;
  let point = -1;
  for (let at = first; at < to; at++) {
    const digit = bytes[at]! - 0x30;
    if (digit >= 0 && digit <= 9) digits = digits * 10 + digit;
    else if (digit === -2 && point === -1) point = at;
    else return null;
  }
  if (point !== -1 && to - first === 1) return null;
  const value = point === -1 ? digits : digits / POWERS[to - point - 1]!;
  // -0 is equal to 0 but not the same to every store.
  return negative ? 0 - value : value;
}
