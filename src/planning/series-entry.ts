/** The decoded record of a series, and which snapshots and readings a fold of it needs. */
import { SNAPSHOT_EVERY } from '../detect/fold.ts';
import { SeasonalRing } from '../detect/seasonal-ring.ts';
import { emptyState, type SeriesState } from '../detect/state.ts';
import { decodeState } from '../detect/state-format.ts';
import type { SeriesId } from '../domain/series.ts';
import type { Watch } from '../domain/watch.ts';
import { VigiaError } from '../errors.ts';
import type { ModelAssignment, SeriesRecord, SeriesStore, SnapshotMark } from '../store/store.ts';

/**
 * Snapshots kept per series. With five, the oldest is always at least 256 readings behind the newest reading. With four it is
 * not: right after a snapshot, the fourth last is only 192 readings behind.
 */
export const SNAPSHOTS_KEPT = 5;

export interface SeriesEntry {
  /** null: the store does not have the series. */
  readonly version: string | null;
  readonly state: SeriesState;
  readonly season: SeasonalRing;
  readonly snapshots: readonly SnapshotMark[];
  readonly assignments: readonly ModelAssignment[];
  readonly watch: Watch | null;
}

export const NEW_SERIES: SeriesEntry = {
  version: null,
  state: emptyState(),
  season: SeasonalRing.empty(),
  snapshots: [],
  assignments: [],
  watch: null,
};

/** @throws VigiaError `state_format`, whatever is wrong with the record */
export function entryOf(record: SeriesRecord | null): SeriesEntry {
  if (!record) return NEW_SERIES;
  try {
    return decoded(record);
  } catch (cause) {
    if (cause instanceof VigiaError) throw cause;
    throw new VigiaError('state_format', `series state is damaged: ${(cause as Error).message}`, { cause });
  }
}

function decoded(record: SeriesRecord): SeriesEntry {
  const { version, assignments, watch } = record;
  // A series that has only readings beyond a horizon, or none folded yet, has no state.
  const state = record.state.length === 0 ? emptyState() : decodeState(record.state);
  return {
    version,
    assignments,
    watch,
    state,
    season: SeasonalRing.from(record.season),
    snapshots: record.snapshots,
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

/** The time up to which no late reading is folded any more, -1 while all are. @param snapshots ascending by `n` */
export function horizonOf(count: number, snapshots: SeriesEntry['snapshots']): number {
  const oldest = oldestSnapshot(count);
  return reachesStart(count) ? -1 : snapshots.find(({ n }) => n >= oldest)!.ts;
}

/** Before the first reading. A fold may begin here while the series has dropped no snapshot. */
const START: SnapshotMark = { n: 0, ts: -1 };

/**
 * Where a fold that has to take in a reading at `ts` begins.
 * @returns null when `ts` is beyond the horizon
 */
export function foldBase({ snapshots, state }: SeriesEntry, ts: number): SnapshotMark | null {
  return snapshots.findLast((mark) => mark.ts < ts) ?? (reachesStart(state.count) ? START : null);
}

/** The state at a fold's base; null where the store no longer has it. */
export async function stateAt(
  { n }: SnapshotMark,
  series: SeriesId,
  store: SeriesStore,
): Promise<SeriesState | null> {
  if (n === START.n) return emptyState();
  const bytes = await store.snapshot(series, n);
  return bytes && decodeState(bytes);
}
