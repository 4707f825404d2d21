import { Registry } from 'prom-client';
import { expect, it } from 'vitest';
import { StoreClock } from '../../src/app/store-clock.ts';
import { StoreUnavailable } from '../../src/errors.ts';
import { collectingLogger } from '../helpers/collecting-logger.ts';

const T0 = 1_700_000_000_000;

function compare(store: { time(): Promise<number> }, now: () => number) {
  const registry = new Registry();
  const { lines, logger } = collectingLogger('info');
  const clock = new StoreClock({ store: { kind: 'redis', ...store }, limit: 300_000, registry, logger, now });
  const metric = async () =>
    (await registry.getSingleMetric('vigia_clock_skew_seconds')!.get()).values[0]!.value;
  return { clock, lines, metric };
}

it('a clock that is off is said, measured, and not gone by', async () => {
  let now = T0 + 40 * 86_400_000;
  const { clock, lines, metric } = compare({ time: async () => T0 }, () => now);
  expect(await clock.agrees()).toBe(false);
  expect(clock.now()).toBe(T0);
  expect(await metric()).toBe(40 * 86_400);
  expect(lines.map(({ msg }) => msg)).toEqual([
    "the clock of this process is 3456000 s ahead of the store's; this process trims nothing",
  ]);
  now = T0 - 400_000;
  expect(await clock.agrees()).toBe(false);
  expect(clock.problem()).toBe("the clock of this process is 400 s behind the store's");
  // One line a minute.
  expect(lines).toHaveLength(1);
  now = T0 + 1000;
  expect(await clock.agrees()).toBe(true);
  expect(lines.at(-1)!.msg).toBe("the clock of this process agrees with the store's again");
});

it('a store that may not be asked is believed to agree, one that is away is not', async () => {
  const denied = compare({ time: () => Promise.reject(new StoreUnavailable('NOPERM … run TIME')) }, () => T0);
  expect(await denied.clock.agrees()).toBe(true);
  expect(await denied.clock.agrees()).toBe(true);
  expect(denied.lines).toHaveLength(1);
  const away = compare({ time: () => Promise.reject(new StoreUnavailable('gone')) }, () => T0);
  await expect(away.clock.agrees()).rejects.toThrow('gone');
});
