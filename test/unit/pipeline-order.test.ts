/**
 * Promise 3: what is stored about a series is a function of its readings, not of the order or number of their arrivals.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DEFAULT_RULES } from '../../src/domain/alert-rule.ts';
import type { Reading, Sample } from '../../src/domain/reading.ts';
import { RuleBook } from '../../src/planning/rule-book.ts';
import type { Store } from '../../src/store/store.ts';
import { disorder, openStore, stored, wave } from '../helpers/one-series.ts';
import { runningPipeline } from '../helpers/running-pipeline.ts';

/** The wave passes each of these limits now and then. */
const rules = (interval: number) => [
  { sensor: '*', metric: 'temperature', max: 72, min: 70.2, hysteresis: 0.3 },
  { sensor: 's', metric: '*', rate: { change: 2, per: 10 * interval } },
];

async function feed(
  store: Store,
  readings: readonly Reading[],
  sizes: readonly number[],
  interval = 1000,
): Promise<void> {
  const { pipeline } = runningPipeline(store, {
    rules: new RuleBook(rules(interval), DEFAULT_RULES, { minimum: 5000, maxClockSkew: 0 }, 10),
  });
  for (let at = 0, i = 0; at < readings.length; i++) {
    const size = sizes[i % sizes.length]!;
    await pipeline.submit(readings.slice(at, at + size));
    at += size;
  }
}

describe('the order of arrival', () => {
  it('does not matter within the horizon', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 1e6 }),
        fc.integer({ min: 2, max: 250 }),
        fc.integer({ min: 0, max: 200 }),
        fc.array(fc.integer({ min: 1, max: 120 }), { minLength: 1, maxLength: 8 }),
        // At ten minutes every reading closes a slot of the season.
        fc.constantFrom(1000, 600_000),
        async (seed, reach, repeats, sizes, interval) => {
          const readings = wave(500, seed, interval);
          const sorted = openStore();
          await feed(sorted, readings, [37], interval);
          const shuffled = openStore();
          await feed(shuffled, disorder(readings, reach, repeats, seed), sizes, interval);
          const want = await stored(sorted);
          expect(want.samples).toHaveLength(500);
          const raised = new Set(want.alerts.map(({ rule }) => rule));
          expect([...raised].sort()).toEqual(['anomaly', 'max', 'min', 'rate']);
          expect(await stored(shuffled)).toEqual(want);
        },
      ),
      { numRuns: 12, seed: 20261123, endOnFailure: true },
    );
  }, 120_000);

  it('does not matter for two values at one timestamp: the greater stays', async () => {
    const readings = wave(300, 3);
    const rivals = readings
      .filter((_, i) => i % 7 === 0)
      .map((reading) => ({ ...reading, value: reading.value + 3 }));
    const want = readings.map((reading, i) =>
      i % 7 === 0 ? { ...reading, value: reading.value + 3 } : reading,
    );
    const sorted = openStore();
    await feed(sorted, want, [50]);
    for (const arrivals of [
      [...rivals, ...readings],
      [...readings, ...rivals],
    ]) {
      const store = openStore();
      await feed(
        store,
        arrivals.sort((a, b) => Math.floor(a.ts / 60_000) - Math.floor(b.ts / 60_000)),
        [11],
      );
      expect(await stored(store)).toEqual(await stored(sorted));
    }
  });

  it('matters beyond the horizon: such a reading is stored and counted, not scored', async () => {
    const readings = wave(800, 5);
    const store = openStore();
    await feed(
      store,
      readings.filter((_, i) => i !== 100),
      [100],
    );
    const before = await stored(store);
    const { pipeline, metric } = runningPipeline(store);
    expect(await pipeline.submit([readings[100]!])).toMatchObject([{ status: 'committed', verdict: null }]);
    const after = await stored(store);
    const point = after.samples.find(({ ts }: Sample) => ts === readings[100]!.ts);
    expect(point).toMatchObject({ value: readings[100]!.value, expected: null, score: null });
    expect(after.samples.filter((sample) => sample !== point)).toEqual(before.samples);
    expect(after.state).toEqual(before.state);
    expect(await metric('vigia_readings_late_total', 'scored="no"')).toBe(1);
    expect(await pipeline.submit([readings[100]!])).toMatchObject([{ status: 'duplicate' }]);
  });

  it('with the horizon: every one of the last 256 readings may come last', async () => {
    for (const [count, missing] of [
      [704, 704 - 257],
      [640, 640 - 257],
      [767, 767 - 257],
      [384, 127],
      [383, 0],
    ] as const) {
      const readings = wave(count, 9);
      const sorted = openStore();
      await feed(sorted, readings, [64]);
      const store = openStore();
      await feed(store, [...readings.filter((_, i) => i !== missing), readings[missing]!], [64]);
      expect(await stored(store)).toEqual(await stored(sorted));
    }
  });
});
