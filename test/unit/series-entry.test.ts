/** What a store returns becomes the state it was, in whatever kind of bytes it comes. */
import { expect, it } from 'vitest';
import { emptyState, encodeState } from '../../src/detect/state.ts';
import { entryOf, foldBase } from '../../src/pipeline/series-entry.ts';

const state = { ...emptyState(), count: 64, lastTs: 1000, values: Float64Array.of(1, 2, 3), model: 'm' };

/** As ioredis gives a reply: somewhere within a larger buffer. */
function within(bytes: Uint8Array): Buffer {
  const buffer = Buffer.alloc(bytes.length + 100, 0xff);
  buffer.set(bytes, 13);
  return buffer.subarray(13, 13 + bytes.length);
}

it('reads states and snapshots that are parts of a larger buffer', () => {
  const bytes = within(encodeState(state));
  const record = {
    version: 'v',
    state: bytes,
    season: new Uint8Array(0),
    snapshots: [{ n: 64, ts: 1000, bytes }],
    assignments: [],
  };
  expect(entryOf(record).state).toEqual(state);
  expect(foldBase(record.snapshots, 1000, 1001)).toEqual({ state, n: 64, ts: 1000 });
});
