/**
 * Rebuilds the detector of a series whose stored state has the numbers of another version of the detector, or of fewer readings
 * than the state: an upgrade of Vigía, or a commit of an older release on the same store. Verdicts and alerts that are stored
 * stay as they are; only what the detector has learned is computed again, from the stored readings.
 */
import { alignAlert } from '../detect/adaptive.ts';
import { Fold, type FoldResult } from '../detect/fold.ts';
import { ForecastBatch } from '../detect/forecast-batch.ts';
import { SeasonalRing } from '../detect/seasonal-ring.ts';
import { emptyState, type SeriesState } from '../detect/state.ts';
import { decodeState, encodeState } from '../detect/state-format.ts';
import type { SeriesId } from '../domain/series.ts';
import type { ScoredSample } from '../domain/verdict.ts';
import type { SeriesCommit, SnapshotMark } from '../store/store.ts';
import { assignmentAt, assignmentsSince, loadedModels, modelIds } from './assignments.ts';
import { type PlanSources, status } from './plan.ts';
import { horizonOf, oldestSnapshot, type SeriesEntry } from './series-entry.ts';

export interface Rebuilt {
  readonly commit: SeriesCommit;
  /** What the series is like once the commit is applied. */
  readonly entry: Omit<SeriesEntry, 'version'>;
}

/** Where the detector begins again, and the stored readings after that, ascending. */
interface Start {
  readonly base: SeriesState;
  readonly ring: SeasonalRing;
  readonly samples: readonly ScoredSample[];
}

/**
 * Computes the commit that replaces an outdated state.
 * @param entry with an outdated state
 * @param most readings from which a detector is rebuilt; the newest ones
 * @throws what the store throws, or VigiaError where a model of the series is missing
 */
export async function rebuild(
  sources: PlanSources,
  series: SeriesId,
  entry: SeriesEntry,
  most: number,
): Promise<Rebuilt> {
  const { models, rules } = sources;
  const start =
    (await startAtSnapshot(sources, series, entry)) ?? (await startAnew(sources, series, entry, most));
  const { base, ring, samples } = start;
  const needed = assignmentsSince(entry.assignments, samples[0]?.ts ?? entry.state.lastTs);
  await models.require(modelIds(needed));
  const batch = new ForecastBatch();
  const at = (ts: number) => loadedModels(assignmentAt(needed, ts), models);
  const fold = new Fold(base, samples, at, batch, ring, rules.of(series));
  await batch.compute();
  return rebuiltBy(series, entry, fold.run());
}

/** From the newest snapshot whose detector is that of this release: an older release has committed only since then. */
async function startAtSnapshot(
  { store }: PlanSources,
  series: SeriesId,
  { state, snapshots, season }: SeriesEntry,
): Promise<Start | null> {
  for (const { n, ts } of snapshots.toReversed()) {
    const bytes = await store.series.snapshot(series, n);
    const base = bytes && decodeState(bytes);
    if (!base || base.outdated) continue;
    const samples = await store.series.range(series, ts + 1, state.lastTs);
    // A late reading of the older release has changed what came before the snapshot, or its retention has dropped some.
    if (samples.length !== state.count - n) continue;
    return { base: { ...base, former: state.former }, ring: season, samples };
  }
  return null;
}

async function startAnew(
  { store }: PlanSources,
  series: SeriesId,
  { state }: SeriesEntry,
  most: number,
): Promise<Start> {
  const { count, lastTs, former } = state;
  const samples = (await store.series.range(series, 0, lastTs, most)).slice(-count);
  const base = { ...emptyState(former), count: count - samples.length };
  return { base, ring: SeasonalRing.empty(), samples };
}

function rebuiltBy(series: SeriesId, entry: SeriesEntry, { state, snapshots, season }: FoldResult): Rebuilt {
  const { state: before, assignments, watch } = entry;
  alignAlert(
    state.adaptive,
    before.open.some(({ rule }) => rule === 'anomaly'),
  );
  const merged: SeriesState = {
    ...before,
    adaptive: state.adaptive,
    warmup: state.warmup,
    model: state.model,
    shadow: state.shadow && { ...state.shadow, comparison: comparisonOf(before, state.shadow) },
    outdated: false,
  };
  const oldest = oldestSnapshot(before.count);
  const taken = snapshots.filter(({ n }) => n >= oldest);
  const marks = new Map<number, SnapshotMark>();
  for (const { n, ts } of [...entry.snapshots, ...taken]) if (n >= oldest) marks.set(n, { n, ts });
  const kept = [...marks.values()].sort((a, b) => a.n - b.n);
  return {
    commit: {
      series,
      expectedVersion: entry.version,
      samples: [],
      verdicts: [],
      next: {
        state: encodeState(merged),
        season: season.bytes,
        snapshots: taken,
        oldestSnapshot: oldest,
        horizon: horizonOf(before.count, kept),
        status: status(merged, watch),
      },
      alerts: [],
      duplicates: 0,
    },
    entry: { state: merged, season, snapshots: kept, assignments, watch },
  };
}

/** The comparison of active and shadow model goes on where it was. */
function comparisonOf({ shadow }: SeriesState, rebuilt: NonNullable<SeriesState['shadow']>) {
  return shadow?.model === rebuilt.model ? shadow.comparison : rebuilt.comparison;
}
