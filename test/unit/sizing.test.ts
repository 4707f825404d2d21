/** How much room a load needs: what is kept grows until its retention is over. */
import { describe, expect, it } from 'vitest';
import { parseLoad } from '../../src/commands/size-findings.ts';
import { bytesAfter, fullAfter, SIZES } from '../../src/store/sizing.ts';

const DAY = 86_400_000;
const kept = { readings: 30 * DAY, rollups: { '1m': 365 * DAY, '1h': 3650 * DAY } };

describe('the room that a load needs', () => {
  it('is that of readings and rollups, each for as long as it is kept', () => {
    const load = { series: 2, interval: 1000 };
    const { reading, bucket, series } = SIZES.embedded;
    const of = (readings: number, buckets: number) => 2 * (series + readings * reading + buckets * bucket);
    expect(bytesAfter('embedded', load, kept, 0)).toBe(of(0, 0));
    expect(bytesAfter('embedded', load, kept, DAY)).toBe(of(86_400, 1440 + 24));
    expect(bytesAfter('embedded', load, kept, 60 * DAY)).toBe(of(30 * 86_400, 60 * (1440 + 24)));
    expect(bytesAfter('embedded', load, kept, 9000 * DAY)).toBe(of(30 * 86_400, 365 * 1440 + 3650 * 24));
  });

  it('is one bucket a reading where there are fewer readings than minutes', () => {
    const load = { series: 1, interval: 600_000 };
    const { reading, bucket, series } = SIZES.timeseries;
    expect(bytesAfter('timeseries', load, kept, DAY)).toBe(series + 144 * reading + (144 + 24) * bucket);
  });

  it('is exhausted when the readings so far take it, or never', () => {
    const load = { series: 10_000, interval: 60_000 };
    const full = fullAfter('timeseries', load, kept, 1536 * 2 ** 20);
    expect(bytesAfter('timeseries', load, kept, full)).toBeLessThanOrEqual(1536 * 2 ** 20);
    expect(bytesAfter('timeseries', load, kept, full + 120_000)).toBeGreaterThan(1536 * 2 ** 20);
    expect(fullAfter('timeseries', { series: 10, interval: 60_000 }, kept, 1536 * 2 ** 20)).toBe(
      Number.POSITIVE_INFINITY,
    );
  });

  it('is asked for as series and readings of each in a unit of time', () => {
    expect(parseLoad('10000x1/m')).toEqual({ series: 10_000, interval: 60_000 });
    expect(parseLoad('5x0.5/s')).toEqual({ series: 5, interval: 2000 });
    expect(parseLoad('1x4/h')).toEqual({ series: 1, interval: 900_000 });
    for (const wrong of ['', '10', '10x1', '0x1/m', '1x0/m', 'x1/m', '1x1/w']) {
      expect(() => parseLoad(wrong), wrong).toThrow('10000x1/m');
    }
  });
});
