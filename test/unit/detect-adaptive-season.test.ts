/** The season: what recurs daily or weekly is no anomaly, and the ring that remembers it survives re-folds. */
import { describe, expect, it } from 'vitest';
import { random } from '../../devices/random.ts';
import { type AdaptiveState, createAdaptive, stepAdaptive } from '../../src/detect/adaptive.ts';
import {
  ENTRY_BYTES,
  RING_BYTES,
  RING_DEPTH,
  RING_ENTRIES,
  SeasonalRing,
} from '../../src/detect/seasonal-ring.ts';

const WINDOW = 10;
const MINUTE = 60_000;
const DAY = 1440 * MINUTE;
const START = Date.UTC(2025, 0, 6);

interface Point {
  readonly ts: number;
  readonly value: number;
}

interface Folded {
  readonly state: AdaptiveState;
  readonly ring: SeasonalRing | null;
  readonly raised: number[];
  readonly scores: (number | null)[];
  /** State before reading number n. */
  readonly before: Map<number, AdaptiveState>;
}

function fold(
  points: readonly Point[],
  ring: SeasonalRing | null,
  state: AdaptiveState = createAdaptive(),
  from = 0,
): Folded {
  const raised: number[] = [];
  const scores: (number | null)[] = [];
  const before = new Map<number, AdaptiveState>();
  for (let i = from; i < points.length; i++) {
    if (i % 64 === 0) before.set(i, state.slice());
    let sum = 0;
    for (let k = 1; k <= WINDOW && i >= WINDOW; k++) sum += points[i - k]!.value;
    const { ts, value } = points[i]!;
    const step = stepAdaptive(state, ts, value, i < WINDOW ? null : sum / WINDOW, ring);
    if (step.raised) raised.push(ts);
    scores.push(step.score);
  }
  return { state, ring, raised, scores, before };
}

/** Every 5 minutes: 20 at night, 60 from 9 to 17 o'clock, with some noise. */
function workingDays(days: number, at: (ts: number) => number | null = () => null): Point[] {
  const source = random(1, 'days');
  return Array.from({ length: days * 288 }, (_, i) => {
    const ts = START + i * 5 * MINUTE;
    const hour = Math.floor((ts % DAY) / (60 * MINUTE));
    const usual = (hour >= 9 && hour < 17 ? 60 : 20) + 0.5 * source.gaussian();
    return { ts, value: at(ts) ?? usual };
  });
}

const since = (days: number) => (ts: number) => ts >= START + days * DAY;

describe('a daily pattern', () => {
  it('is not an anomaly any more once it was seen, where without a season its jumps still raise alerts', () => {
    const points = workingDays(10);
    expect(fold(points, SeasonalRing.empty()).raised.filter(since(2))).toEqual([]);
    expect(fold(points, null).raised.filter(since(2)).length).toBeGreaterThan(0);
  });

  it('is an anomaly when it fails to appear, though nothing moves', () => {
    const holiday = START + 8 * DAY;
    const night = random(2, 'night');
    const points = workingDays(9, (ts) => (ts >= holiday ? 20 + 0.5 * night.gaussian() : null));
    const raised = fold(points, SeasonalRing.empty()).raised.filter(since(8));
    expect(raised.length).toBeGreaterThan(0);
    expect(raised[0]).toBeLessThan(holiday + 13 * 60 * MINUTE);
    expect(fold(points, null).raised.filter(since(8)).length).toBe(0);
  });

  it('does not excuse the same level at another time of day', () => {
    const odd = START + 6 * DAY + 2 * 60 * MINUTE;
    const until = odd + 4 * 60 * MINUTE;
    const source = random(5, 'odd');
    const points = workingDays(7, (ts) => (ts >= odd && ts < until ? 60 + 0.5 * source.gaussian() : null));
    const raised = fold(points, SeasonalRing.empty()).raised.filter(since(2));
    expect(raised.length).toBe(1);
    expect(raised[0]).toBeGreaterThanOrEqual(odd);
    expect(raised[0]).toBeLessThan(until);
  });

  it('is remembered for a week', () => {
    // A pump that runs on one day of the week only.
    const pump = (ts: number) =>
      Math.floor((ts - START) / DAY) % 7 === 5 && ts % DAY >= 12 * 60 * MINUTE && ts % DAY < 14 * 60 * MINUTE;
    const source = random(6, 'pump');
    const points = workingDays(15, (ts) => (pump(ts) ? 100 + source.gaussian() : null));
    const raised = fold(points, SeasonalRing.empty()).raised;
    expect(raised.some((ts) => pump(ts))).toBe(true);
    expect(raised.filter(since(12))).toEqual([]);
  });
});

describe('many readings per slot', () => {
  it('do not let a spike of yesterday excuse one of today', () => {
    const source = random(3, 'minutes');
    const values = Array.from({ length: 3 * 1440 }, () => 71 + 0.5 * source.gaussian());
    for (const day of [1, 2]) values[day * 1440 + 700] = 76;
    const points = values.map((value, i) => ({ ts: START + i * MINUTE, value }));
    const raised = fold(points, SeasonalRing.empty()).raised;
    for (const day of [1, 2]) expect(raised).toContain(START + (day * 1440 + 700) * MINUTE);
  });
});

describe('a fold that starts again from a snapshot', () => {
  const irregular = (length: number): Point[] => {
    const source = random(4, 'irregular');
    let ts = START;
    return Array.from({ length }, () => {
      ts += source.next() < 0.01 ? source.integer(1, 20) * 60 * MINUTE : source.integer(1, 9) * MINUTE;
      return { ts, value: 20 + 5 * Math.sin((2 * Math.PI * ts) / DAY) + source.gaussian() };
    });
  };

  it('comes to the same state, scores and ring from the newest ring and a snapshot 320 readings old', () => {
    const points = irregular(6000);
    for (const late of [5700, 5800, 5999]) {
      const expected = fold(points, SeasonalRing.empty());
      const known = points.filter((_, i) => i !== late);
      const first = fold(known, SeasonalRing.empty());
      const at = Math.floor((late - 64) / 64) * 64;
      const again = fold(points, first.ring!.fork(), first.before.get(at)!.slice(), at);
      expect(again.state).toEqual(expected.state);
      expect(again.scores).toEqual(expected.scores.slice(at));
      expect(Buffer.compare(again.ring!.bytes, expected.ring!.bytes)).toBe(0);
    }
  });

  it('can go on from stored bytes', () => {
    const points = irregular(4000);
    const whole = fold(points, SeasonalRing.empty());
    const head = fold(points.slice(0, 3000), SeasonalRing.empty());
    const tail = fold(points, SeasonalRing.from(head.ring!.bytes), head.state.slice(), 3000);
    expect(tail.state).toEqual(whole.state);
    expect(Buffer.compare(tail.ring!.bytes, whole.ring!.bytes)).toBe(0);
  });
});

describe('the ring', () => {
  it('is small, and has room for the readings of four snapshots and more', () => {
    expect(RING_BYTES).toBeLessThanOrEqual(16 * 1024);
    expect(RING_ENTRIES - RING_DEPTH).toBeGreaterThanOrEqual(5 * 64);
    expect(RING_DEPTH).toBeGreaterThan(7 * 288);
  });

  it('finds the nearest value among the slots asked for, across its own end and with gaps', () => {
    const ring = SeasonalRing.empty();
    const count = 3 * RING_ENTRIES + 5;
    for (let i = 0; i < count; i++) ring.write(i, 2 * i, i % 1000);
    const slot = 2 * count;
    expect(ring.distance(count, slot, 2, 2, 0)).toBe((count - 1) % 1000);
    expect(ring.distance(count, slot, 3, 3, 0)).toBe(Number.POSITIVE_INFINITY);
    expect(ring.distance(count, slot, 199, 201, ((count - 100) % 1000) + 0.25)).toBe(0.25);
    expect(ring.distance(count, slot, 2 * RING_DEPTH + 1, 3 * RING_DEPTH, 0)).toBe(Number.POSITIVE_INFINITY);
    expect(ring.distance(0, 7, 0, 100, 0)).toBe(Number.POSITIVE_INFINITY);
  });

  it('shows no entry older than its depth, though it may still be there', () => {
    const ring = SeasonalRing.empty();
    const count = RING_ENTRIES + 100;
    for (let i = 0; i < count; i++) ring.write(i, i, i);
    expect(ring.distance(count, count, RING_DEPTH, RING_DEPTH, count)).toBe(RING_DEPTH);
    expect(ring.distance(count, count, RING_DEPTH + 1, RING_DEPTH + 100, 0)).toBe(Number.POSITIVE_INFINITY);
  });

  it('works across the change of sign of time', () => {
    const ring = SeasonalRing.empty();
    for (let i = 0; i < 100; i++) ring.write(i, i - 50, i);
    expect(ring.distance(100, 50, 60, 60, 0)).toBe(40);
  });

  it('forks without copying until one of the two is written, and they do not see each other', () => {
    const ring = SeasonalRing.empty();
    ring.write(0, 10, 1);
    const fork = ring.fork();
    expect(fork.bytes.buffer).toBe(ring.bytes.buffer);
    fork.write(1, 11, 2);
    ring.write(1, 11, 3);
    expect(fork.distance(2, 12, 1, 1, 0)).toBe(2);
    expect(ring.distance(2, 12, 1, 1, 0)).toBe(3);
    expect(ring.bytes.subarray(0, ENTRY_BYTES)).toEqual(fork.bytes.subarray(0, ENTRY_BYTES));
    const other = ring.fork();
    ring.write(1, 11, 4);
    expect(other.distance(2, 12, 1, 1, 0)).toBe(3);
  });

  it('refuses bytes of another length', () => {
    expect(() => SeasonalRing.from(new Uint8Array(RING_BYTES - 1))).toThrow(RangeError);
  });

  it('keeps huge values from doing harm', () => {
    const points = Array.from({ length: 2000 }, (_, i) => ({
      ts: START + i * 5 * MINUTE,
      value: (i % 3 === 0 ? -1 : 1) * 1e300 * (1 + (i % 7)),
    }));
    const { scores, state } = fold(points, SeasonalRing.empty());
    for (const score of scores) expect(score === null || (Number.isFinite(score) && score >= 0)).toBe(true);
    for (const slot of state) expect(Number.isNaN(slot)).toBe(false);
  });
});
