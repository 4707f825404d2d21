/** One series with everything in it, and all that a store holds of it. */
import { onTestFinished } from 'vitest';
import { random } from '../../devices/random.ts';
import type { Reading } from '../../src/domain/reading.ts';
import { entryOf } from '../../src/planning/series-entry.ts';
import { openEmbeddedStore } from '../../src/store/embedded-store.ts';
import type { Store } from '../../src/store/store.ts';
import { temporaryDirectory } from './temporary-directory.ts';

export const SERIES = { sensor: 's', metric: 'temperature' };
const DAY = 86_400_000;
export const START = Math.floor(Date.now() / 3_600_000) * 3_600_000 - 5 * DAY;

export function openStore(): Store {
  const store = openEmbeddedStore({
    directory: temporaryDirectory(),
    retention: 30 * 86_400_000,
    deadLetterMax: 10,
  });
  onTestFinished(() => store.close());
  return store;
}

/** A noisy wave with spikes, a frozen stretch and a jump, so that alerts open, clear and are retracted. */
export function wave(count: number, seed: number, interval = 1000): Reading[] {
  const source = random('order', seed);
  return Array.from({ length: count }, (_, i) => {
    const spike = i > 120 && source.next() < 0.02 ? 8 * (source.next() - 0.5) : 0;
    const jump = i > 380 ? 6 : 0;
    const value = i > 250 && i < 280 ? 70 : 71 + Math.sin(i / 30) + 0.4 * source.gaussian() + spike + jump;
    return { ...SERIES, ts: START + i * interval, value: Math.round(value * 100) / 100 };
  });
}

/** Everything stored about the series that must not depend on the order; without version and counters. */
export async function stored(store: Store) {
  const [record] = await store.series.load([SERIES]);
  const { state, snapshots } = entryOf(record!);
  return {
    samples: await store.series.range(SERIES, 0, START + 5 * DAY),
    state,
    season: Buffer.from(record!.season).toString('hex'),
    snapshots: await Promise.all(
      record!.snapshots.map(async ({ n, ts }) => ({
        n,
        ts,
        bytes: Buffer.from((await store.series.snapshot(SERIES, n))!).toString('hex'),
      })),
    ),
    horizon: snapshots[0],
    assignments: record!.assignments,
    alerts: (await store.alerts.list({ limit: 10_000 })).map(({ revision, acknowledged, ...alert }) => alert),
    minutes: await store.series.buckets(SERIES, 0, START + 5 * DAY, 60_000, 'avg'),
    hours: await store.series.buckets(SERIES, 0, START + 5 * DAY, 3_600_000, 'min'),
    status: (await store.series.list())[0]!.status,
  };
}

/** Moves every reading by less than `reach` places, and repeats some. */
export function disorder(
  readings: readonly Reading[],
  reach: number,
  repeats: number,
  seed: number,
): Reading[] {
  const source = random('disorder', seed);
  const arrivals = readings.map((reading, i) => ({ reading, at: i + source.next() * reach }));
  for (let i = 0; i < repeats; i++) {
    const at = Math.floor(source.next() * readings.length);
    arrivals.push({ reading: readings[at]!, at: at + source.next() * reach });
  }
  return arrivals.sort((a, b) => a.at - b.at).map(({ reading }) => reading);
}
