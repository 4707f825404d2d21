/** When the store is full is said days ahead, by what it has grown in the last day, also right after a start. */
import { Registry } from 'prom-client';
import { expect, it, onTestFinished } from 'vitest';
import { StoreGrowth } from '../../src/app/store-growth.ts';
import { openEmbeddedStore } from '../../src/store/embedded-store.ts';
import { collectingLogger } from '../helpers/collecting-logger.ts';
import { temporaryDirectory } from '../helpers/temporary-directory.ts';

const T0 = 1_700_000_000_000;
const HOUR = 3_600_000;

function start(max: number) {
  const embedded = openEmbeddedStore({ directory: temporaryDirectory(), retention: HOUR, deadLetterMax: 1 });
  onTestFinished(() => embedded.close());
  const state = { now: T0, used: 1000 };
  /** A process that starts on the store. */
  const process = () => {
    const { lines, logger } = collectingLogger('warn');
    const registry = new Registry();
    const store = { documents: embedded.documents, memory: async () => ({ used: state.used, max }) };
    const growth = new StoreGrowth({ store, registry, logger, now: () => state.now });
    const left = async () => {
      const { values } = await registry.getSingleMetric('vigia_store_full_in_seconds')!.get();
      return values[0]?.value;
    };
    return { look: () => growth.look(), left, lines };
  };
  return { state, process };
}

it('a store that grows is forecast, and a process that starts later says so at once', async () => {
  const { state, process } = start(101_000);
  const first = process();
  await first.look();
  expect(await first.left()).toBeUndefined();
  state.now += HOUR;
  state.used += 10_000;
  await first.look();
  expect(await first.left()).toBe(9 * 3600);
  expect(first.lines.map(({ msg }) => msg)).toEqual([expect.stringMatching(/^the store is full in 9 h /)]);
  state.now += HOUR;
  state.used += 10_000;
  const second = process();
  await second.look();
  expect(await second.left()).toBe(8 * 3600);
  expect(second.lines).toHaveLength(1);
  // One line a day.
  await second.look();
  expect(second.lines).toHaveLength(1);
});

it('a store that does not grow, was emptied or has no limit is never full', async () => {
  const { state, process } = start(101_000);
  const { look, left, lines } = process();
  await look();
  state.now += HOUR;
  await look();
  expect(await left()).toBe(Number.POSITIVE_INFINITY);
  state.now += HOUR;
  state.used = 200;
  await look();
  expect(await left()).toBe(Number.POSITIVE_INFINITY);
  state.now += HOUR;
  state.used = 300;
  await look();
  expect(await left()).toBe((100_700 * 3600) / 100);
  const endless = start(0);
  const other = endless.process();
  await other.look();
  expect(await other.left()).toBe(Number.POSITIVE_INFINITY);
  expect(lines).toEqual([]);
});
