/** What a store returns becomes the state it was, in whatever kind of bytes it comes. */
import { expect, it } from 'vitest';
import { emptyState } from '../../src/detect/state.ts';
import { encodeState } from '../../src/detect/state-format.ts';
import { entryOf, foldBase, stateAt } from '../../src/planning/series-entry.ts';
import type { SeriesStore } from '../../src/store/store.ts';

const state = { ...emptyState(), count: 64, lastTs: 1000, values: Float64Array.of(1, 2, 3), model: 'm' };

/** As ioredis gives a reply: somewhere within a larger buffer. */
function within(bytes: Uint8Array): Buffer {
  const buffer = Buffer.alloc(bytes.length + 100, 0xff);
  buffer.set(bytes, 13);
  return buffer.subarray(13, 13 + bytes.length);
}

it('reads states and snapshots that are parts of a larger buffer', async () => {
  const bytes = within(encodeState(state));
  const record = {
    version: 'v',
    state: bytes,
    season: new Uint8Array(0),
    snapshots: [{ n: 64, ts: 1000 }],
    assignments: [],
    watch: null,
  };
  const entry = entryOf(record);
  expect(entry.state).toEqual(state);
  const mark = foldBase(entry, 1001)!;
  expect(mark).toEqual({ n: 64, ts: 1000 });
  const store = { snapshot: async () => bytes } as unknown as SeriesStore;
  expect(await stateAt(mark, { sensor: 's', metric: 'm' }, store)).toEqual(state);
});

it('begins at the first reading where no snapshot is older and none was dropped', async () => {
  const entry = entryOf(null);
  const mark = foldBase(entry, 1)!;
  expect(await stateAt(mark, { sensor: 's', metric: 'm' }, null as unknown as SeriesStore)).toEqual(
    emptyState(),
  );
  const long = { ...entry, state: { ...entry.state, count: 1000 }, snapshots: [{ n: 704, ts: 700_000 }] };
  expect(foldBase(long, 700_000)).toBeNull();
});
