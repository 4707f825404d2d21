/** A second model beside the active one, and changes of model: what is folded must not depend on how it was batched. */
import { expect, it } from 'vitest';
import { random } from '../../devices/random.ts';
import type { Model } from '../../models/model.ts';
import { Fold, type FoldResult } from '../../src/detect/fold.ts';
import { ForecastBatch } from '../../src/detect/forecast-batch.ts';
import { SeasonalRing } from '../../src/detect/seasonal-ring.ts';
import { emptyState, type SeriesState } from '../../src/detect/state.ts';
import { decodeState, encodeState } from '../../src/detect/state-format.ts';
import type { Sample } from '../../src/domain/reading.ts';
import type { Verdict } from '../../src/domain/verdict.ts';

/** Forecasts the last value plus `bias`. */
function persistence(id: string, window: number, bias = 0): Model {
  return {
    id,
    window,
    backend: 'test',
    cost: 1,
    forecast(windows, n, out) {
      for (let row = 0; row < n; row++) out[row] = windows[(row + 1) * window - 1]! + bias;
    },
    threshold: () => 1,
  };
}

interface Change {
  readonly from: number;
  readonly model: Model;
  readonly shadow?: Model;
}

/** Folds in parts of `size`, through the stored bytes as between two commits. */
async function foldAll(samples: readonly Sample[], changes: readonly Change[], size: number) {
  let state: SeriesState = emptyState();
  let season = SeasonalRing.empty();
  const verdicts: Verdict[] = [];
  const windows: number[][] = [];
  const raised: number[] = [];
  const snapshots: FoldResult['snapshots'][number][] = [];
  const at = (ts: number) => changes.findLast(({ from }) => from <= ts)!;
  for (let from = 0; from < samples.length; from += size) {
    const batch = new ForecastBatch();
    const part = samples.slice(from, from + size);
    const fold = new Fold(
      state,
      part,
      (ts) => ({ model: at(ts).model, shadow: at(ts).shadow ?? null }),
      batch,
      season,
    );
    await batch.compute();
    const result = fold.run();
    state = decodeState(encodeState(result.state));
    season = result.season;
    verdicts.push(...result.verdicts);
    windows.push(...part.map((_, i) => fold.window(i)));
    snapshots.push(...result.snapshots);
    raised.push(...result.alerts.map(({ ts }) => ts));
  }
  return { state, verdicts, windows, snapshots, raised: [...new Set(raised)] };
}

/** Noise around 20 with spikes at the given positions. */
function noise(count: number, spikes: readonly number[] = []): Sample[] {
  const source = random('shadow', 7);
  return Array.from({ length: count }, (_, i) => ({
    ts: 1000 * i,
    value: 20 + source.next() + (spikes.includes(i) ? 30 : 0),
  }));
}

const short = persistence('short', 4);
const long = persistence('long', 40);

it('gives the same verdicts however it is batched, when a longer window takes over and gives way again', async () => {
  const samples = noise(300);
  const changes = [
    { from: 0, model: short },
    { from: 100_000, model: long },
    { from: 180_000, model: short, shadow: long },
    { from: 220_000, model: long },
  ];
  const want = await foldAll(samples, changes, 1);
  // Four values were kept for the shorter model: the longer one waits until it has its 40.
  expect(want.verdicts.flatMap(({ expected }, i) => (expected === null ? [i] : []))).toEqual([
    ...[0, 1, 2, 3],
    ...Array.from({ length: 36 }, (_, i) => 100 + i),
  ]);
  for (const size of [7, 64, 300]) expect(await foldAll(samples, changes, size)).toEqual(want);
});

it('compares the shadow with the active model and sends none of its alerts', async () => {
  const samples = noise(600, [300, 500]);
  const changes = [
    { from: 0, model: short },
    { from: 100_000, model: short, shadow: persistence('biased', 4, 5) },
  ];
  const alone = await foldAll(samples, changes.slice(0, 1), 50);
  const both = await foldAll(samples, changes, 50);
  expect(both.verdicts).toEqual(alone.verdicts);
  expect(both.raised).toEqual(alone.raised);
  expect(both.raised).toEqual([300_000, 500_000]);
  const { comparison, model } = both.state.shadow!;
  expect(model).toBe('biased');
  expect(comparison).toMatchObject({ since: 100_000, readings: 500, activeAlerts: 2, shadowAlerts: 2 });
  const error = (bias: number) =>
    samples
      .slice(100)
      .reduce((sum, { value }, i) => sum + Math.abs(value - samples[99 + i]!.value - bias), 0);
  expect(comparison.activeError).toBeCloseTo(error(0), 6);
  expect(comparison.shadowError).toBeCloseTo(error(5), 6);
});

it('goes on with what the shadow has learned when it is promoted, and with the alert that is open', async () => {
  const samples = noise(500, [310]);
  const biased = persistence('biased', 4, 5);
  const promoted = await foldAll(
    samples,
    [
      { from: 0, model: short },
      { from: 150_000, model: short, shadow: biased },
      { from: 312_000, model: biased },
    ],
    10,
  );
  const unprepared = await foldAll(
    samples,
    [
      { from: 0, model: short },
      { from: 312_000, model: biased },
    ],
    10,
  );
  expect(promoted.verdicts.slice(120).every(({ score }) => score !== null)).toBe(true);
  expect(promoted.state).toMatchObject({ model: 'biased', shadow: null, open: [] });
  expect(promoted.raised).toEqual([310_000]);
  expect(unprepared.verdicts[312]!.score).toBeNull();
});

it('ends with its assignment, and begins anew for another model', async () => {
  const samples = noise(300);
  const changes = (last: Partial<Change>) => [
    { from: 0, model: short, shadow: long },
    { from: 200_000, model: short, ...last },
  ];
  expect((await foldAll(samples, changes({}), 30)).state.shadow).toBeNull();
  const other = (await foldAll(samples, changes({ shadow: persistence('other', 2) }), 30)).state.shadow!;
  expect(other).toMatchObject({
    model: 'other',
    warmup: true,
    comparison: { since: 200_000, readings: 100 },
  });
  const still = (
    await foldAll(
      samples,
      [
        { from: 0, model: short, shadow: long },
        { from: 200_000, model: persistence('new', 4), shadow: long },
      ],
      30,
    )
  ).state.shadow!;
  // Against another active model the comparison begins anew; the detector has learned its errors already.
  expect(still).toMatchObject({ warmup: false, comparison: { since: 200_000, readings: 100 } });
});
