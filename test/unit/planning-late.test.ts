/** Late readings whose past the store no longer has in full. */
import { expect, it } from 'vitest';
import { alteredStore } from '../helpers/altered-store.ts';
import { openStore, SERIES, stored, wave } from '../helpers/one-series.ts';
import { runningPipeline } from '../helpers/running-pipeline.ts';

it('are stored and not scored, because a fold over a part of the readings would give other verdicts', async () => {
  const readings = wave(300, 4);
  const late = readings[250]!;
  const store = openStore();
  // As where the server's own retention has dropped a reading after the snapshot.
  const gone = readings[200]!.ts;
  const incomplete = alteredStore(store, 'series', {
    range: async (...asked) => (await store.series.range(...asked)).filter(({ ts }) => ts !== gone),
  });
  const { pipeline, metric } = runningPipeline(incomplete);
  await pipeline.submit(readings.filter((reading) => reading !== late));
  const before = await stored(store);
  expect(await pipeline.submit([late])).toMatchObject([{ status: 'committed', verdict: null }]);
  expect(await metric('vigia_readings_late_total', 'scored="no"')).toBe(1);
  expect(await metric('vigia_readings_late_total', 'scored="yes"')).toBe(0);
  const after = await stored(store);
  expect(after.state).toEqual(before.state);
  expect(after.samples.filter(({ ts }) => ts !== late.ts)).toEqual(before.samples);
  expect(after.samples).toHaveLength(300);
  expect(await store.series.range(SERIES, late.ts, late.ts)).toMatchObject([
    { value: late.value, expected: null, score: null },
  ]);
});
