/** What is stored of a series from a snapshot on: a late reading makes the fold begin there again. */
import type { FoldSample } from '../detect/fold.ts';
import type { SeriesState } from '../detect/state.ts';
import type { AlertChange } from '../domain/alert.ts';
import type { Sample } from '../domain/reading.ts';
import type { SeriesId } from '../domain/series.ts';
import type { ScoredSample } from '../domain/verdict.ts';
import type { SnapshotMark, Store } from '../store/store.ts';
import { stateAt } from './series-entry.ts';

export interface Past {
  readonly mark: SnapshotMark;
  /** The state at the snapshot. */
  readonly base: SeriesState;
  readonly samples: readonly ScoredSample[];
  /** The unretracted alerts that a fold from there may change. */
  readonly alerts: readonly AlertChange[];
}

/**
 * Reads all that a fold from a snapshot on needs.
 * @param now the state as it is
 * @returns null where the snapshot has the detector of another release, or the store no longer has all of it: its own retention may have dropped readings of a slow series. (Or
 *   another replica has committed since. Then the commit that is being planned will be refused, whatever it is.)
 */
export async function pastFrom(
  mark: SnapshotMark,
  series: SeriesId,
  now: SeriesState,
  store: Store,
): Promise<Past | null> {
  const [base, samples, alerts] = await Promise.all([
    stateAt(mark, series, store.series),
    store.series.range(series, mark.ts + 1, now.lastTs),
    store.alerts.since(series, mark.ts),
  ]);
  return base && !base.outdated && samples.length === now.count - mark.n
    ? { mark, base, samples, alerts }
    : null;
}

/**
 * Puts late readings among the stored ones. A stored forecast is, to the bit, what the fold would compute again, unless one of
 * the `window` readings before it has changed. The forecasts that may differ are left out, and computed again.
 */
export function withLate(
  stored: readonly ScoredSample[],
  late: readonly Sample[],
  window: number,
): FoldSample[] {
  const samples = new Map<number, FoldSample>(
    stored.map(({ ts, value, expected }) => [ts, { ts, value, expected }]),
  );
  for (const { ts, value } of late) samples.set(ts, { ts, value });
  const changed = new Set(late.map(({ ts }) => ts));
  let unchanged = Number.POSITIVE_INFINITY;
  return [...samples.values()]
    .sort((a, b) => a.ts - b.ts)
    .map(({ ts, value, expected }) => {
      const known = unchanged >= window && typeof expected === 'number';
      unchanged = changed.has(ts) ? 0 : unchanged + 1;
      return known ? { ts, value, expected } : { ts, value };
    });
}
