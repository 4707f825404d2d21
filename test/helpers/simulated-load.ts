/** Readings of simulated sensors, faults and all, as a load for the fault suite: known before they are published. */
import { faultKinds } from '../../devices/faults.ts';
import { simulatedSensor } from '../../devices/simulated-sensor.ts';
import type { Sample } from '../../src/domain/reading.ts';
import type { SeriesId } from '../../src/domain/series.ts';

export interface LoadedSeries extends SeriesId {
  /** Ascending by ts. */
  readonly samples: readonly Sample[];
}

const MINUTE = 60_000;

/**
 * `readings` readings of each of `series` sensors, one a minute, the newest some hours old. Minutes make the time that
 * they span long enough for all rollups to close buckets, and short enough for RETENTION.
 */
export function simulatedLoad(series: number, readings: number, seed = 1): LoadedSeries[] {
  const newest = Math.floor(Date.now() / MINUTE - 180) * MINUTE;
  // Dropouts leave gaps, so the time spanned is a little longer than the number of readings.
  const start = newest - Math.ceil(readings * 1.2) * MINUTE;
  return Array.from({ length: series }, (_, sensor) => {
    const samples: Sample[] = [];
    for (const { ts, value } of simulatedSensor({
      seed,
      sensor,
      faults: faultKinds,
      start,
      intervalMs: MINUTE,
    })) {
      if (value !== null) samples.push({ ts, value });
      if (samples.length === readings) break;
    }
    return { sensor: `load-${sensor + 1}`, metric: 'temperature', samples };
  });
}

/** How many readings there are in all. */
export function sizeOf(load: readonly LoadedSeries[]): number {
  return load.reduce((sum, { samples }) => sum + samples.length, 0);
}
