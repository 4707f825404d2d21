import { expect, it } from 'vitest';
import { RefusedSeries } from '../../src/pipeline/refused-series.ts';

it('is a problem once nothing but refusals came for a while', () => {
  let now = 1000;
  const series = new RefusedSeries(() => now);
  expect(series.problem()).toBeNull();
  series.refused('a', 'damaged');
  now += 14_000;
  series.refused('b', 'later version');
  series.refused('a', 'damaged');
  expect(series.problem()).toBeNull();
  now += 1000;
  expect(series.problem()).toBe('no series can be written, 2 were tried: damaged');
  series.committed();
  expect(series.problem()).toBeNull();
  series.refused('a', 'damaged');
  now += 14_999;
  expect(series.problem()).toBeNull();
  now += 1;
  expect(series.problem()).toBe('no series can be written, 1 were tried: damaged');
});
