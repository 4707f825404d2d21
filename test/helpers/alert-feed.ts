/** Alerts put into a store as a commit would, without the readings behind them. */
import type { AlertChange } from '../../src/domain/alert.ts';
import type { SeriesId } from '../../src/domain/series.ts';
import type { Store } from '../../src/store/store.ts';

const NEXT = {
  state: Uint8Array.of(1),
  snapshots: [],
  oldestSnapshot: 0,
  horizon: -1,
  assignments: [],
  status: 'normal',
} as const;

/** Commits changes of alerts of one series. @returns `<id>/<revision>` of each */
export async function commitAlerts(
  store: Store,
  series: SeriesId,
  changes: readonly (Partial<AlertChange> & { readonly ts: number })[],
): Promise<string[]> {
  const [record] = await store.series.load([series]);
  const [result] = await store.series.commit([
    {
      series,
      expectedVersion: record?.version ?? null,
      samples: [],
      verdicts: [],
      next: NEXT,
      alerts: changes.map((change) => ({
        rule: 'anomaly',
        value: 9,
        expected: 5,
        score: 1.5,
        limit: null,
        state: 'open',
        clearedTs: null,
        ...change,
      })),
      duplicates: 0,
    },
  ]);
  if (result?.status !== 'committed') throw new Error(JSON.stringify(result));
  return result.alerts.map(({ id, revision }) => `${id}/${revision}`);
}
