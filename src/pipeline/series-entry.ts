/** What the pipeline remembers of a series between two commits: the decoded record, without the snapshots' bytes. */
import { SNAPSHOT_EVERY } from '../detect/fold.ts';
import { SeasonalRing } from '../detect/seasonal-ring.ts';
import { decodeState, emptyState, type SeriesState } from '../detect/state.ts';
import type { ModelAssignment, SeriesRecord, Snapshot } from '../store/store.ts';

/**
 * Snapshots kept per series. The oldest is then at least 256 readings behind the newest whatever the count is, which
 * four would not give: right after a snapshot, the fourth last is only 192 behind.
 */
export const SNAPSHOTS_KEPT = 5;

export interface SeriesEntry {
  /** null: the store does not have the series. */
  readonly version: string | null;
  readonly state: SeriesState;
  readonly season: SeasonalRing;
  readonly snapshots: readonly { readonly n: number; readonly ts: number }[];
  readonly assignments: readonly ModelAssignment[];
}

const NEW_SERIES: SeriesEntry = {
  version: null,
  state: emptyState(),
  season: SeasonalRing.empty(),
  snapshots: [],
  assignments: [],
};

/** @throws VigiaError `state_format` */
export function entryOf(record: SeriesRecord | null): SeriesEntry {
  if (!record) return NEW_SERIES;
  const { version, assignments } = record;
  // A series that has only readings beyond a horizon, or none folded yet, has no state.
  const state = record.state.length === 0 ? emptyState() : stateOf(record.state);
  return {
    version,
    assignments,
    state,
    season: SeasonalRing.from(record.season),
    snapshots: record.snapshots.map(({ n, ts }) => ({ n, ts })),
  };
}

/** Number of the oldest snapshot that is kept once `count` readings are folded. */
export function oldestSnapshot(count: number): number {
  return (Math.floor(count / SNAPSHOT_EVERY) - SNAPSHOTS_KEPT + 1) * SNAPSHOT_EVERY;
}

/** Whether no snapshot was dropped yet, so that a fold may still begin at the first reading. */
export function reachesStart(count: number): boolean {
  return oldestSnapshot(count) <= SNAPSHOT_EVERY;
}

/**
 * Where a fold that has to take in a reading at `ts` begins.
 * @returns the state before it, or null when `ts` is beyond the horizon
 */
export function foldBase(
  snapshots: readonly Snapshot[],
  count: number,
  ts: number,
): { state: SeriesState; n: number; ts: number } | null {
  const snapshot = snapshots.findLast((candidate) => candidate.ts < ts);
  if (snapshot) return { state: stateOf(snapshot.bytes), n: snapshot.n, ts: snapshot.ts };
  return reachesStart(count) ? { state: emptyState(), n: 0, ts: -1 } : null;
}

/**
 * Decodes a copy: what a store returns may be a Buffer, whose `slice` is a view of memory it shares, at an offset that
 * doubles cannot be read at.
 */
function stateOf(bytes: Uint8Array): SeriesState {
  return decodeState(new Uint8Array(bytes));
}
