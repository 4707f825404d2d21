import { describe, expect, it } from 'vitest';
import { Watermark } from '../../src/replicas/watermark.ts';

/** Brings `times` one by one, a millisecond each from `now` on. */
function bring(watermark: Watermark, source: string, times: readonly number[], now = 0): void {
  for (const [i, ts] of times.entries()) watermark.note(source, ts, now + i);
}

const second = (n: number) => 1_700_000_000_000 + n * 1000;
const seconds = (from: number, n: number) => Array.from({ length: n }, (_, i) => second(from + i));

describe('the watermark', () => {
  it('is where the source is that is furthest behind', () => {
    const watermark = new Watermark();
    bring(watermark, 'ahead', seconds(1000, 150));
    bring(watermark, 'behind', seconds(0, 150));
    const ready = watermark.ready(150);
    expect(ready(second(0), 149)).toBe(true);
    expect(ready(second(1000), 149)).toBe(false);
  });

  it('does not move for one sensor whose clock is wrong', () => {
    const watermark = new Watermark();
    bring(watermark, 'one', seconds(0, 150));
    watermark.note('one', second(86_400), 150);
    bring(watermark, 'other', seconds(3600, 150));
    expect(watermark.ready(150)(second(3600), 149)).toBe(false);
  });

  it('waits for nobody who brings nothing, and for nothing too long', () => {
    const watermark = new Watermark();
    bring(watermark, 'behind', seconds(0, 10));
    bring(watermark, 'ahead', seconds(1000, 10), 190);
    expect(watermark.ready(200)(second(1000), 195)).toBe(false);
    expect(watermark.ready(3000)(second(1000), 195)).toBe(true);
    bring(watermark, 'ahead', seconds(1010, 10), 300);
    expect(watermark.ready(310)(second(1000), 305)).toBe(true);
  });

  it('begins anew with a source that was away', () => {
    const watermark = new Watermark();
    bring(watermark, 'away', seconds(0, 10));
    bring(watermark, 'away', seconds(1000, 1), 5000);
    expect(watermark.ready(5001)(second(1000), 5000)).toBe(true);
  });

  it('is nowhere without sources: everything is ready', () => {
    expect(new Watermark().ready(0)(second(0), 0)).toBe(true);
  });
});
