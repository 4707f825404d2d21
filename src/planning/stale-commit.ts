import type { SeriesId } from '../domain/series.ts';
import { missingAlert } from '../staleness/staleness.ts';
import type { SeriesCommit, SeriesRecord } from '../store/store.ts';
import { entryOf, horizonOf, oldestSnapshot } from './series-entry.ts';

/**
 * The commit that raises the alert `missing`, and changes nothing else of the record.
 * @param limit how long the series may be without a reading, ms
 * @returns null for a series whose newest reading is not known
 * @throws VigiaError `state_format`
 */
export function staleCommit(series: SeriesId, record: SeriesRecord, limit: number): SeriesCommit | null {
  const { state, snapshots } = entryOf(record);
  if (state.lastTs < 0 || record.watch === null) return null;
  const missing = { ts: state.lastTs + limit, value: state.values.at(-1)!, limit };
  return {
    series,
    expectedVersion: record.version,
    samples: [],
    verdicts: [],
    next: {
      state: record.state,
      snapshots: [],
      oldestSnapshot: oldestSnapshot(state.count),
      horizon: horizonOf(state.count, snapshots),
      status: 'silent',
      watch: { ...record.watch, missing },
    },
    alerts: [missingAlert(missing, null)],
    duplicates: 0,
  };
}
