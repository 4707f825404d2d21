/** Until when everything of a series is stored: what the watchdog asks before it calls a series stale. */
import { expect, it } from 'vitest';
import { VigiaError } from '../../src/errors.ts';
import { alteredStore } from '../helpers/altered-store.ts';
import { openStore } from '../helpers/one-series.ts';
import { type RunningPipeline, runningPipeline } from '../helpers/running-pipeline.ts';
import { waitFor } from '../helpers/wait-for.ts';

const series = (sensor: string) => ({ sensor, metric: 'temperature' });

function deliver({ intake }: RunningPipeline, sensor: string): { acked: boolean } {
  const state = { acked: false };
  const bytes = Buffer.from(`{"value":1,"ts":${Date.now()}}`);
  intake.receive({
    topic: `sensors/${sensor}/temperature`,
    bytes,
    ack: () => {
      state.acked = true;
    },
  });
  return state;
}

/** After everything that has come in. The clock of the pipeline has fractions of a millisecond, `Date.now()` has not. */
const justNow = () => Date.now() + 1;

const passed = (time: number) => waitFor('a later time', () => Date.now() > time + 20);

it('is before what the store has not answered yet, and before what waits for its batch', async () => {
  const store = openStore();
  const release: (() => void)[] = [];
  const running = runningPipeline(
    alteredStore(store, 'series', {
      async commit(commits) {
        await new Promise<void>((resolve) => release.push(resolve));
        return store.series.commit(commits);
      },
    }),
  );
  const first = deliver(running, 'a');
  await waitFor('its commit', () => release.length === 1);
  const underway = justNow();
  await passed(underway);
  // Nothing waits in the queue: this reading alone, which is in a batch, keeps the time.
  expect(running.pipeline.storedUntil(series('a'))).toBeLessThanOrEqual(underway);
  const second = deliver(running, 'b');
  const queued = justNow();
  release.shift()!();
  await waitFor('the second commit', () => release.length === 1);
  expect(first.acked).toBe(true);
  await passed(queued);
  expect(running.pipeline.storedUntil(series('b'))).toBeLessThanOrEqual(queued);
  release.shift()!();
  await waitFor('the end', () => second.acked);
  await waitFor('all to be stored', () => running.pipeline.storedUntil(series('b')) > queued);
});

it('is before what waits for its batch while nothing else is under way', async () => {
  const running = runningPipeline(openStore(), { lingerMs: 3000 });
  const message = deliver(running, 'a');
  const received = justNow();
  await passed(received);
  const until = running.pipeline.storedUntil(series('a'));
  expect([message.acked, until <= received]).toEqual([false, true]);
  await waitFor('its batch', () => message.acked, 20_000);
});

it('is before what waits apart, but only for its own series', async () => {
  const store = openStore();
  const error = new VigiaError('store_key', 'a key of another type');
  let broken = true;
  const running = runningPipeline(
    alteredStore(store, 'series', {
      async commit(commits) {
        const good = commits.filter(({ series: { sensor } }) => sensor !== 'broken' || !broken);
        const results = await store.series.commit(good);
        return commits.map((one) => (good.includes(one) ? results.shift()! : { status: 'failed', error }));
      },
    }),
  );
  const bad = deliver(running, 'broken');
  const received = justNow();
  await passed(received);
  await waitFor('the other series to be free', () => running.pipeline.storedUntil(series('a')) > received);
  expect(running.pipeline.storedUntil(series('broken'))).toBeLessThanOrEqual(received);
  broken = false;
  await waitFor('its next try', () => bad.acked, 20_000);
  await waitFor('all to be stored', () => running.pipeline.storedUntil(series('broken')) > received);
});
