/** When a series counts as silent, from what is known of how its readings come. */
import { describe, expect, it } from 'vitest';
import type { Watch } from '../../src/domain/watch.ts';
import { staleAfter, staleFrom, watchAfter } from '../../src/staleness/staleness.ts';

const MINUTE = 60_000;

describe('the longest time without a reading', () => {
  it('is a number of usual intervals, at least the minimum', () => {
    expect(staleAfter({ factor: 5 }, MINUTE, 5000)).toBe(5 * MINUTE);
    expect(staleAfter({ factor: 5 }, 100, 5000)).toBe(5000);
    expect(staleAfter({ factor: 2.5 }, 4001, 5000)).toBe(10_003);
    expect(staleAfter({ factor: 5 }, null, 5000)).toBeNull();
  });

  it('is what the rule says, whatever the interval', () => {
    expect(staleAfter({ after: 300 }, null, 5000)).toBe(300);
    expect(staleAfter(null, MINUTE, 5000)).toBeNull();
  });
});

const SKEW = 5 * MINUTE;

/** Commits of `size` readings, a second apart, each committed `late` ms after its newest; 5 s is too long. */
function commits(count: number, size: number, late: number, before: Watch | null = null): Watch {
  let watch = before;
  for (let i = 0; i < count; i++) {
    const last = (i + 1) * size * 1000;
    const appended = Array.from({ length: size }, (_, j) => ({ ts: last - (size - 1 - j) * 1000, value: 1 }));
    watch = watchAfter(last + late, watch, appended, 1000, SKEW);
  }
  return watch!;
}

describe('a stale series', () => {
  it('is counted from when the series was heard last', () => {
    const watch = commits(20, 1, 40);
    expect(watch).toEqual({ interval: 1000, heard: 20_040, lag: 40, missing: null });
    expect(staleFrom(watch, 5000)).toBe(25_040);
    expect(staleFrom(watch, null)).toBeNull();
  });

  it('is not that of a recording, however fast it is replayed', () => {
    expect(staleFrom(commits(20, 50, SKEW), 5000)).toBeNull();
    expect(staleFrom(commits(20, 50, 86_400_000), 5000)).toBeNull();
    expect(staleFrom(commits(20, 50, SKEW - 1), 5000)).not.toBeNull();
    expect(watchAfter(1000, null, [{ ts: 1000, value: 1 }], 1000, null).lag).toBeNull();
  });

  it('is found of a sensor whose clock is late, half as long again after it is', () => {
    const watch = commits(20, 1, 60_000);
    expect(staleFrom(watch, 5000)! - watch.heard).toBe(90_000);
    expect(staleFrom(watch, 2 * MINUTE)! - watch.heard).toBe(2 * MINUTE);
  });

  it('is longer where readings are sent together', () => {
    // 300 seconds at once, every 300 seconds.
    const watch = commits(5, 300, 100);
    expect(staleFrom(watch, 5000)! - watch.heard).toBeGreaterThan(300_000);
  });

  it('is found soon again after a backlog', () => {
    const backlog = commits(1, 3600, 0, commits(20, 1, 40));
    expect(staleFrom(backlog, 5000)! - backlog.heard).toBeGreaterThan(3_600_000);
    const after = commits(40, 1, 40, backlog);
    expect(staleFrom(after, 5000)! - after.heard).toBe(5000);
  });

  it('is known already while its alert is open', () => {
    const watch = { ...commits(20, 1, 40), missing: { ts: 1, value: 1, limit: 5000 } };
    expect(staleFrom(watch, 5000)).toBeNull();
    expect(watchAfter(30_000, watch, [{ ts: 30_000, value: 1 }], 1000, 5000).missing).toBeNull();
  });
});
