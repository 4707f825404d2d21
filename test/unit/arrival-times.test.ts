/** Which times readings without a time get, and what becomes of those for which the clock has none left. */
import { expect, it } from 'vitest';
import type { Outcome } from '../../src/domain/outcome.ts';
import { openStore, SERIES } from '../helpers/one-series.ts';
import { type RunningPipeline, runningPipeline } from '../helpers/running-pipeline.ts';
import { waitFor } from '../helpers/wait-for.ts';

const NOW = Date.now();
const MINUTE = 60_000;
const TOPIC = `sensors/${SERIES.sensor}/${SERIES.metric}`;

const untimed = (count: number) => Array.from({ length: count }, (_, i) => ({ ...SERIES, value: i % 17 }));
const times = (outcomes: readonly Outcome[]) =>
  outcomes.map((outcome) => (outcome.status === 'committed' ? outcome.reading.ts : outcome.status));

/** Publishes an array of readings without a time. */
function publish({ intake }: RunningPipeline, count: number, topic = TOPIC): { acked: boolean } {
  const state = { acked: false };
  const bytes = Buffer.from(JSON.stringify(untimed(count).map(({ value }) => ({ value }))));
  intake.receive({
    topic,
    bytes,
    ack: () => {
      state.acked = true;
    },
  });
  return state;
}

it('a reading far ahead of the clock does not hold up those without a time', async () => {
  const { pipeline, metric } = runningPipeline(openStore(), { now: () => NOW });
  await pipeline.submit([{ ...SERIES, ts: NOW - 5, value: 1 }]);
  await pipeline.submit([{ ...SERIES, ts: NOW + 4 * MINUTE, value: 2 }]);
  expect(times(await pipeline.submit(untimed(3)))).toEqual([NOW, NOW + 1, NOW + 2]);
  expect(times(await pipeline.submit(untimed(1)))).toEqual([NOW + 3]);
  expect(await metric('vigia_readings_late_total', 'scored="yes"')).toBe(4);
});

it('what a fast clock has stored leaves room for the right one', async () => {
  const store = openStore();
  const fast = runningPipeline(store, { now: () => NOW + 60 * MINUTE });
  await fast.pipeline.submit(untimed(100));
  const right = runningPipeline(store, { now: () => NOW });
  for (let i = 0; i < 3; i++) {
    expect(times(await right.pipeline.submit(untimed(2)))).toEqual([NOW + 2 * i, NOW + 2 * i + 1]);
  }
  expect(await store.series.range(SERIES, 0, NOW + 1000)).toHaveLength(6);
});

it('never gives a time that the series has already', async () => {
  const store = openStore();
  const { pipeline } = runningPipeline(store, { now: () => NOW });
  await pipeline.submit([2, 5, 600, 70_000].map((ms) => ({ ...SERIES, ts: NOW + ms, value: 50 })));
  const outcomes = await pipeline.submit([
    ...untimed(2),
    { ...SERIES, ts: NOW + 700, value: 60 },
    ...untimed(2),
  ]);
  expect(times(outcomes)).toEqual([701, 702, 700, 703, 704].map((ms) => NOW + ms));
  expect(await store.series.range(SERIES, 0, NOW + 2 * MINUTE)).toHaveLength(9);
});

it('a burst of messages runs ahead by ARRIVAL_LEAD; the rest waits, not for long and not all of it', async () => {
  const store = openStore();
  let now = NOW;
  const running = runningPipeline(store, {
    ...{ arrivalLead: 3000, arrivalWaitMs: 1500, maxWaiting: 50 },
    now: () => now,
  });
  const burst = publish(running, 3100);
  const other = publish(running, 1, 'sensors/other/temperature');
  await waitFor('the other series', () => other.acked);
  await waitFor('what may not wait', async () => (await store.deadLetters.count()) > 0);
  expect(burst.acked).toBe(false);
  expect(running.pipeline.waiting.clock).toBeLessThanOrEqual(50);
  await waitFor('what waits', () => running.pipeline.waiting.clock > 0);
  now += 40;
  await waitFor('the acknowledgement', () => burst.acked);
  // 3,001 at first, 40 when the clock went on: 50 of the others were allowed to wait.
  expect(await store.series.range(SERIES, 0, NOW + MINUTE)).toHaveLength(3041);
  expect(await running.metric('vigia_dead_lettered_total', 'reason="too-many-without-time"')).toBe(59);
  expect(await running.metric('vigia_readings_in_flight')).toBe(0);
});
