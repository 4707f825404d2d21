/** Which time the panel's chart shows. */
import { describe, expect, it } from 'vitest';
import { around, moved, newest, resized, settled } from '../../src/http/panel/chart-window.js';

const NOW = 1_000_000_000_000;
const HOUR = 3_600_000;

describe('the time shown', () => {
  it.each([
    ['of a live sensor ends now', NOW - 2000, NOW],
    ['of a series without readings ends now', null, NOW],
    ['of a recording ends with it', NOW - 100 * HOUR, NOW - 100 * HOUR],
    ['of a sensor whose clock is ahead ends with its newest reading', NOW + 5000, NOW + 5000],
  ])('%s', (_, last, end) => {
    expect(newest(HOUR, last, NOW)).toEqual([end - HOUR, end]);
  });

  it('moves by a part of itself, and is resized around its middle', () => {
    expect(moved([1000, 3000], -0.5)).toEqual([0, 2000]);
    expect(resized([1000, 3000], 4000)).toEqual([0, 4000]);
    const [from, to] = around(5000, 1000);
    expect([from, to]).toEqual([4300, 5300]);
  });

  it('stays in the past as it was chosen', () => {
    const time: [number, number] = [NOW - 3 * HOUR, NOW - HOUR];
    expect(settled(time, NOW, NOW)).toEqual({ time, span: 2 * HOUR });
  });

  it('follows the newest readings where it reaches them', () => {
    expect(settled([NOW - HOUR, NOW + 1], NOW, NOW)).toEqual({ time: null, span: HOUR + 1 });
    // Of a recording, too.
    const last = NOW - 100 * HOUR;
    expect(settled([last - HOUR / 2, last + HOUR / 2], last, NOW)).toEqual({ time: null, span: HOUR });
  });

  it('is neither shorter than 2 s nor before 1970', () => {
    const { time, span } = settled([NOW - HOUR, NOW - HOUR + 10], NOW, NOW);
    expect(span).toBe(2000);
    expect(time![1] - time![0]).toBe(2000);
    expect(settled([-500, 4500], NOW, NOW).time).toEqual([0, 5000]);
  });
});
