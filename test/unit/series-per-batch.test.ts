import { expect, it } from 'vitest';
import { SeriesPerBatch } from '../../src/pipeline/series-per-batch.ts';
import type { CommitResult } from '../../src/store/store.ts';

const results = (series: number, conflicts: number): CommitResult[] =>
  Array.from({ length: series }, (_, i) =>
    i < conflicts ? { status: 'conflict', current: null } : { status: 'committed', version: 'v', alerts: [] },
  );

it('a batch gets smaller while other replicas commit its series first, and grows again', () => {
  const series = new SeriesPerBatch(100);
  expect(series.max).toBe(100);
  series.adapt(results(100, 10));
  expect(series.max).toBe(100);
  series.adapt(results(100, 11));
  expect(series.max).toBe(50);
  for (let i = 0; i < 10; i++) series.adapt(results(20, 20));
  expect(series.max).toBe(8);
  // A batch of few series says too little.
  series.adapt(results(7, 0));
  expect(series.max).toBe(8);
  series.adapt(results(8, 0));
  expect(series.max).toBe(16);
  for (let i = 0; i < 20; i++) series.adapt(results(20, 0));
  expect(series.max).toBe(100);
});

it('a bound below the smallest batch holds', () => {
  const series = new SeriesPerBatch(3);
  for (let i = 0; i < 5; i++) series.adapt(results(10, 10));
  expect(series.max).toBe(3);
});
