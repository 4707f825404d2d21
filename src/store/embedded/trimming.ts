/**
 * Drops what RETENTION and the rollups' own limits no longer cover, series by series along the keys of the tables: a scan
 * of all readings would hold up the event loop, and with it every commit, for seconds.
 */
import { setImmediate as turn } from 'node:timers/promises';
import type { VigiaError } from '../../errors.ts';
import { ROLLUPS, type RollupRetention } from '../rollup.ts';
import { type Database, tolerant, transaction } from './database.ts';

/** How long it holds up the event loop at a time, ms; one series is always done whole. */
const SLICE_MS = 5;

/** The readings and alerts after a series' horizon stay whatever their age: a late reading re-folds them. */
const OLD = 'series = :series AND ts < min(:before, (SELECT horizon + 1 FROM series WHERE id = :series))';

export const TRIM_SERIES = {
  samples: `DELETE FROM samples WHERE ${OLD}`,
  alerts: `DELETE FROM alerts WHERE ${OLD} AND state <> 'open'`,
  rollups: 'DELETE FROM rollups WHERE series = :series AND width = :width AND start < :before',
} as const;

/** Before the alerts, which name what goes. */
const TRIM_TOLD = `DELETE FROM alert_told WHERE id IN (SELECT id FROM alerts WHERE ${OLD} AND state <> 'open')`;

/** ms. */
export interface Kept {
  readonly retention: number;
  readonly rollups: RollupRetention;
}

/**
 * @throws VigiaError of the first series that could not be trimmed, after all the others
 */
export async function trimTables(database: Database, now: number, kept: Kept): Promise<void> {
  const before = now - kept.retention;
  const { samples, told, alerts, rollups, ids } = transaction(database, () => {
    database.prepare('DELETE FROM alert_stream WHERE at < ?').run(before);
    return {
      samples: database.prepare(TRIM_SERIES.samples),
      told: database.prepare(TRIM_TOLD),
      alerts: database.prepare(TRIM_SERIES.alerts),
      rollups: database.prepare(TRIM_SERIES.rollups),
      ids: database.prepare('SELECT id FROM series').raw().all() as [number][],
    };
  });
  const trimSeries = (series: number) => {
    samples.run({ series, before });
    told.run({ series, before });
    alerts.run({ series, before });
    for (const { name, width } of ROLLUPS) rollups.run({ series, width, before: now - kept.rollups[name] });
  };
  let problem: VigiaError | null = null;
  for (let next = 0; next < ids.length; ) {
    await turn();
    const first = next;
    const slice = () => {
      const end = performance.now() + SLICE_MS;
      do trimSeries(ids[next++]![0]);
      while (next < ids.length && performance.now() < end);
    };
    tolerant(
      () => transaction(database, slice),
      (error) => {
        // A series that is damaged does not keep the others from being trimmed.
        problem ??= error;
        const damaged = next;
        for (next = first; next < damaged; next++) {
          const [id] = ids[next]!;
          tolerant(
            () => transaction(database, () => trimSeries(id)),
            () => undefined,
          );
        }
      },
    );
  }
  if (problem) throw problem;
}
