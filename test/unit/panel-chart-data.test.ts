/** What the panel's chart draws of what the server answers. */
import { describe, expect, it } from 'vitest';
import {
  addReading,
  catchUp,
  chartOf,
  emptyChart,
  firstFrom,
  forget,
  usualInterval,
  withGaps,
} from '../../src/http/panel/chart-data.js';

type Point = [number, number, number | null, number | null];

/** Readings every second, `value` each, that were forecast one too low. */
const steady = (count: number, from = 0): Point[] =>
  Array.from({ length: count }, (_, i) => [from + i * 1000, 20 + (i % 2), 19 + (i % 2), 0.5]);

describe('the data of a chart', () => {
  it('has the readings with their forecast, and marks those beyond the boundary', () => {
    const data = chartOf({ width: null, points: [...steady(2), [2000, 50, 20, 1], [3000, 20, null, null]] });
    expect(data).toMatchObject({
      t: [0, 1000, 2000, 3000],
      value: [20, 21, 50, 20],
      expected: [19, 20, 20, null],
      score: [0.5, 0.5, 1, null],
      anomaly: [null, null, 50, null],
      width: null,
    });
  });

  it('has a band once 10 errors are known, as wide as 95 of 100 of them, anomalies left out', () => {
    const data = chartOf({ width: null, points: steady(12) });
    expect(data.low.slice(0, 10)).toEqual(Array(10).fill(null));
    expect([data.low[10], data.high[10]]).toEqual([18, 20]);
    // The 40 off is one anomaly; the 5 off are more than 5 of 100.
    addReading(data, 20_000, 60, 20, 3);
    for (let i = 0; i < 10; i++) addReading(data, 21_000 + i, 25, 20, 0.9);
    addReading(data, 22_000, 20, 20, 0.1);
    expect([data.low.at(-1), data.high.at(-1)]).toEqual([15, 25]);
    addReading(data, 23_000, 20, null, null);
    expect(data.low.at(-1)).toBeNull();
  });

  it('has averages between their extremes', () => {
    const data = chartOf({ width: 60_000, points: [[30_000, 5, 1, 9]] });
    expect(data).toMatchObject({
      t: [30_000],
      value: [5],
      low: [1],
      high: [9],
      anomaly: [null],
      width: 60_000,
    });
    addReading(data, 90_000, 7, null, null);
    expect(data.t).toEqual([30_000]);
  });

  it('takes no older reading than its newest', () => {
    const data = chartOf({ width: null, points: steady(3) });
    addReading(data, 2000, 1, null, null);
    addReading(data, 1500, 1, null, null);
    expect(data.t).toEqual([0, 1000, 2000]);
  });

  it('catches up with readings that came meanwhile, but never mixes them with averages', () => {
    const live = chartOf({ width: null, points: steady(5) });
    const read = chartOf({ width: null, points: steady(3) });
    catchUp(read, live);
    expect(read.t).toEqual([0, 1000, 2000, 3000, 4000]);
    const averages = chartOf({ width: 1000, points: [[500, 5, 1, 9]] });
    catchUp(averages, live);
    expect(averages.t).toEqual([500]);
    const fresh = chartOf({ width: null, points: steady(1) });
    catchUp(fresh, chartOf({ width: 1000, points: [[9500, 5, 1, 9]] }));
    expect(fresh.t).toEqual([0]);
  });

  it('forgets what has gone by, but for the 100 before', () => {
    const data = chartOf({ width: null, points: steady(300) });
    forget(data, 250_000);
    expect(data.t[0]).toBe(150_000);
    for (const column of [data.value, data.expected, data.low, data.high, data.anomaly, data.score])
      expect(column).toHaveLength(150);
    forget(data, 200_000);
    expect(data.t).toHaveLength(150);
    expect(firstFrom(data, 250_000)).toBe(100);
    expect(firstFrom(data, 900_000)).toBe(150);
  });

  it('has an empty point in a gap of more than five usual intervals', () => {
    const data = chartOf({ width: null, points: [...steady(20), ...steady(20, 25_000)] });
    expect(usualInterval(data)).toBe(1000);
    const drawn = withGaps(data);
    expect(drawn.t.slice(18, 23)).toEqual([18_000, 19_000, 19_001, 25_000, 26_000]);
    expect([drawn.value[20], drawn.low[20], drawn.high[20], drawn.expected[20]]).toEqual(Array(4).fill(null));
    expect(drawn.value[21]).toBe(data.value[20]);
    // Five intervals are none yet, and a few readings say nothing of what is usual.
    expect(withGaps(chartOf({ width: null, points: [...steady(20), ...steady(5, 24_000)] })).t).toHaveLength(
      25,
    );
    expect(withGaps(chartOf({ width: null, points: [...steady(5), [9e9, 1, null, null]] })).t).toHaveLength(
      6,
    );
    expect(withGaps(emptyChart()).t).toEqual([]);
  });
});
