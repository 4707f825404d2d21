/** The open bucket of a rollup in the layout `sorted-set`: a field of the state hash until the bucket closes. */
import { ROLLUPS } from '../rollup.ts';

/** The fields of the state hash with the open buckets of ROLLUPS, in their order. */
const FIELDS = ['p', 'q'] as const;

/** @param rollup the name of one of ROLLUPS */
export function openBucketField(rollup: string): string {
  return FIELDS[ROLLUPS.findIndex(({ name }) => name === rollup)]!;
}

/**
 * Start (ms), count, sum, minimum and maximum as doubles, which cost Lua much less than text. The minimum and the maximum
 * follow once more as the text that they came in, because that text becomes the member.
 */
export function decodeOpenBucket(bytes: Buffer): {
  readonly ts: number;
  readonly n: number;
  readonly sum: number;
  readonly min: number;
  readonly max: number;
} {
  const at = (i: number) => bytes.readDoubleLE(8 * i);
  return { ts: at(0), n: at(1), sum: at(2), min: at(3), max: at(4) };
}
