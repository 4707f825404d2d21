/** When the pipeline begins a batch, and what it does before it tries one again. */
import { expect, it } from 'vitest';
import { StoreUnavailable, VigiaError } from '../../src/errors.ts';
import type { CommitResult } from '../../src/store/store.ts';
import { alteredStore } from '../helpers/altered-store.ts';
import { openStore } from '../helpers/one-series.ts';
import { type RunningPipeline, runningPipeline } from '../helpers/running-pipeline.ts';
import { waitFor } from '../helpers/wait-for.ts';

const NOW = Math.floor(Date.now() / 1000) * 1000;
const S = { sensor: 's', metric: 'temperature' };

function deliver({ intake }: RunningPipeline, sensor: string, payload: string): { acks: number } {
  const state = { acks: 0 };
  const ack = () => {
    state.acks++;
  };
  intake.receive({ topic: `sensors/${sensor}/temperature`, bytes: Buffer.from(payload), ack });
  return state;
}

const dated = (i = 0) => `{"value":1,"ts":${NOW + i}}`;

it('a full batch begins without the linger', async () => {
  const running = runningPipeline(openStore(), { batchMax: 4, lingerMs: 60_000 });
  const messages = ['a', 'b', 'c', 'd'].map((sensor) => deliver(running, sensor, dated()));
  await waitFor('all', () => messages.every(({ acks }) => acks === 1));
});

it('a batch gathers what comes soon after its first reading, where readings come fast', async () => {
  const running = runningPipeline(openStore(), { gatherMs: 1000 });
  const batches = async () => {
    const text = await running.registry.getSingleMetricAsString('vigia_batch_readings');
    return Number(/_count (\d+)/.exec(text)![1]);
  };
  const stored = async (sensor: string) => {
    const message = deliver(running, sensor, dated());
    await waitFor(sensor, () => message.acks === 1);
  };
  // The first comes alone, and the second says how fast they come.
  await stored('a');
  await stored('b');
  expect(await batches()).toBe(2);
  const third = deliver(running, 'c', dated());
  for (let turns = 0; turns < 3; turns++) await new Promise(setImmediate);
  const fourth = deliver(running, 'd', dated());
  await waitFor('both', () => third.acks + fourth.acks === 2);
  expect(await batches()).toBe(3);
});

it('a second batch begins only once the first one is at the store', async () => {
  const store = openStore();
  const loads: { readonly sensors: string[]; readonly release: () => void }[] = [];
  let commits = 0;
  const release: (() => void)[] = [];
  const running = runningPipeline(
    alteredStore(store, 'series', {
      async load(series) {
        const sensors = series.map(({ sensor }) => sensor).sort();
        await new Promise<void>((resolve) => loads.push({ sensors, release: resolve }));
        return store.series.load(series);
      },
      async commit(asked) {
        commits++;
        await new Promise<void>((resolve) => release.push(resolve));
        return store.series.commit(asked);
      },
    }),
    { batchMax: 2 },
  );
  const messages = ['a', 'b'].map((sensor) => deliver(running, sensor, dated()));
  await waitFor('the first plan', () => loads.length === 1);
  messages.push(...['c', 'd'].map((sensor) => deliver(running, sensor, dated())));
  const until = Date.now() + 50;
  await waitFor('a while', () => Date.now() > until);
  expect(loads).toHaveLength(1);
  loads[0]!.release();
  await waitFor('the second plan', () => loads.length === 2);
  expect([commits, loads[1]!.sensors]).toEqual([1, ['c', 'd']]);
  await waitFor('all', () => {
    for (const { release } of loads) release();
    for (const go of release) go();
    return messages.every(({ acks }) => acks === 1);
  });
});

it.each([
  ['that the store fails', () => new StoreUnavailable('gone')],
  ['that cannot be written', null],
])('a series %s is read again before the next try', async (_why, outage) => {
  const store = openStore();
  const calls: string[] = [];
  let broken = false;
  const running = runningPipeline(
    alteredStore(store, 'series', {
      async load(series) {
        calls.push('load');
        return store.series.load(series);
      },
      async commit(commits) {
        calls.push(broken ? 'refused' : 'commit');
        if (!broken) return store.series.commit(commits);
        broken = false;
        if (outage) throw outage();
        const error = new VigiaError('store_key', 'a key of another type');
        return commits.map((): CommitResult => ({ status: 'failed', error }));
      },
    }),
  );
  await running.pipeline.submit([{ ...S, ts: NOW, value: 1 }]);
  broken = true;
  const message = deliver(running, 's', dated(1));
  await waitFor('the next try', () => message.acks === 1, 20_000);
  // What was stored meanwhile is not known: the answer may have been lost after the commit.
  expect(calls).toEqual(['load', 'commit', 'refused', 'load', 'commit']);
});

it('a request fails at once while the store is away, whatever a try under way does', async () => {
  const store = openStore();
  let tries = 0;
  const running = runningPipeline(
    alteredStore(store, 'series', {
      commit: () => {
        if (++tries === 1) throw new StoreUnavailable('gone');
        return new Promise(() => {});
      },
    }),
    { deadlineMs: 60_000 },
  );
  deliver(running, 's', dated());
  await waitFor('the second try', () => tries === 2);
  await expect(running.pipeline.submit([{ ...S, ts: NOW + 1, value: 1 }])).rejects.toThrow('gone');
});

it('readings that wait for the clock end once, even if a listener fails', async () => {
  const running = runningPipeline(openStore(), { batchMax: 5000 });
  let fails = true;
  running.pipeline.on('committed', () => {
    if (fails) throw new Error('a listener that fails');
  });
  const messages = Array.from({ length: 1200 }, () => deliver(running, 's', '1'));
  await waitFor('the first of them', () => messages.some(({ acks }) => acks > 0));
  fails = false;
  await waitFor('all', () => messages.every(({ acks }) => acks > 0), 30_000);
  expect(messages.filter(({ acks }) => acks !== 1)).toEqual([]);
  expect(await running.metric('vigia_readings_in_flight')).toBe(0);
});
