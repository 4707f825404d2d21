/**
 * How far a value lies outside everything the series has shown, in widths of what it has shown. It needs no forecast and
 * never forgets. `RANGE_SLOTS` doubles at `base` of a state.
 */
const LOW = 0;
const HIGH = 1;
const SEEN = 2;
export const RANGE_SLOTS = 3;

/**
 * Takes one value, finite.
 * @returns 0 inside, else the distance as a share of the width before this value; Infinity after a constant past
 */
export function stepRange(s: Float64Array, base: number, value: number): number {
  const low = s[base + LOW]!;
  const high = s[base + HIGH]!;
  const first = s[base + SEEN] === 0;
  s[base + SEEN] = 1;
  if (!first && value >= low && value <= high) return 0;
  s[base + LOW] = first ? value : Math.min(low, value);
  s[base + HIGH] = first ? value : Math.max(high, value);
  if (first) return 0;
  // Halved, so that a range of the whole of the doubles does not overflow.
  return (Math.max(low - value, value - high) / 2 || Number.MIN_VALUE) / (high / 2 - low / 2);
}
