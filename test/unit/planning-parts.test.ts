/** Parts of planning by themselves: places in time, model assignments, changes of alerts, rules of a series. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AlertChange } from '../../src/domain/alert.ts';
import { DEFAULT_RULES } from '../../src/domain/alert-rule.ts';
import { alertChanges } from '../../src/planning/alert-changes.ts';
import {
  areLoaded,
  assign,
  assignmentAt,
  assignmentsSince,
  keptAssignments,
  loadedModels,
  modelIds,
  sameAssignments,
} from '../../src/planning/assignments.ts';
import { withLate } from '../../src/planning/past.ts';
import { freshOf, notNewer, type Placed } from '../../src/planning/placement.ts';
import { RuleBook } from '../../src/planning/rule-book.ts';

const S = { sensor: 's', metric: 'm' };

const placed = (ts: number, value: number, fate: Placed['fate'] = 'committed'): Placed => ({
  reading: { ...S, ts, value },
  fate,
  position: -1,
});

describe('the readings of a batch that change something', () => {
  it('are new ones and greater values, in the order of time; the rest are duplicates', () => {
    const batch = [
      placed(30, 1),
      placed(10, 5),
      placed(20, 7),
      placed(30, 4),
      placed(30, 2),
      placed(5, 1),
      placed(40, 9, 'busy'),
    ];
    const stored = new Map([
      [10, 5],
      [20, 3],
      [5, 2],
    ]);
    const { items, late, conflicts } = freshOf(batch, stored, 25);
    expect(items).toEqual([batch[2], batch[3]]);
    expect([late, conflicts]).toEqual([1, 4]);
    expect(batch.map(({ fate }) => fate)).toEqual([
      ...['duplicate', 'duplicate', 'committed', 'committed', 'duplicate', 'duplicate'],
      'busy',
    ]);
  });

  it('are the same whether or not they come in order', () => {
    const readings = fc.array(fc.tuple(fc.integer({ min: 1, max: 30 }), fc.integer({ min: 0, max: 3 })));
    fc.assert(
      fc.property(readings, fc.integer({ min: 0, max: 30 }), (pairs, lastTs) => {
        const batch = pairs.map(([ts, value]) => placed(ts, value));
        const { items, late } = freshOf(batch, new Map(), lastTs);
        const greatest = new Map<number, number>();
        for (const [ts, value] of pairs) greatest.set(ts, Math.max(value, greatest.get(ts) ?? 0));
        const times = [...greatest.keys()].sort((a, b) => a - b);
        expect(items.map(({ reading }) => [reading.ts, reading.value])).toEqual(
          times.map((ts) => [ts, greatest.get(ts)]),
        );
        expect(late).toBe(times.filter((ts) => ts <= lastTs).length);
        expect(batch.filter(({ fate }) => fate === 'committed')).toHaveLength(items.length);
      }),
    );
  });

  it('may be stored already where they are not newer than the newest', () => {
    const batch = [placed(10, 1), placed(20, 1), placed(21, 1), placed(5, 1, 'busy')];
    expect([...notNewer(batch, 20)]).toEqual([10, 20]);
  });
});

describe('the forecasts among late readings', () => {
  it('are kept from the window after each late reading on', () => {
    const stored = [1, 3, 4, 5, 6].map((ts) => ({
      ts,
      value: ts,
      expected: ts === 5 ? null : 10 + ts,
      score: 0,
    }));
    expect(withLate(stored, [{ ts: 2, value: 9 }], 2)).toEqual([
      { ts: 1, value: 1, expected: 11 },
      { ts: 2, value: 9 },
      { ts: 3, value: 3 },
      { ts: 4, value: 4 },
      { ts: 5, value: 5 },
      { ts: 6, value: 6, expected: 16 },
    ]);
  });
});

describe('model assignments', () => {
  const [a, b, c] = [
    { from: 0, model: 'a' },
    { from: 100, model: 'b', shadow: 'x', revision: 2 },
    { from: 200, model: 'c', revision: 3 },
  ];
  const all = [a!, b!, c!];

  it('hold from their time on', () => {
    expect([-1, 0, 99, 100, 199, 200].map((ts) => assignmentAt(all, ts).model).join('')).toBe('aaabbc');
    expect([-1, 0, 99, 100, 199, 200, 999].map((ts) => assignmentsSince(all, ts).length)).toEqual([
      3, 3, 3, 2, 2, 1, 1,
    ]);
    expect(assignmentsSince([b!], 5)).toEqual([b]);
  });

  it('are a hundred, and those that a fold after the horizon needs', () => {
    const many = Array.from({ length: 150 }, (_, i) => ({ from: i, model: `m${i}` }));
    expect(keptAssignments(many.slice(0, 100), 1e9)).toHaveLength(100);
    expect(keptAssignments(many, 1e9)).toEqual(many.slice(50));
    expect(keptAssignments(many, 20)).toEqual(many.slice(20));
  });

  it('grow by what the model table says, but not by an older table', () => {
    const table = (revision: number, model: string, shadow: string | null = null) =>
      ({ table: { revision }, choice: () => ({ model, shadow }) }) as never;
    expect(assign([], S, null, table(0, 'a'))).toEqual([a]);
    expect(assign([], S, 7, table(4, 'a', 'x'))).toEqual([{ from: 0, model: 'a', shadow: 'x', revision: 4 }]);
    expect(assign([a!], S, 100, table(2, 'b', 'x'))).toEqual([a, b]);
    for (const [revision, model, shadow, firstNew] of [
      [2, 'b', 'x', 500],
      [1, 'z', null, 500],
      [3, 'z', null, null],
    ] as const) {
      expect(assign([a!, b!], S, firstNew, table(revision, model, shadow))).toEqual([a, b]);
    }
    expect(assign([a!, b!], S, 500, table(2, 'b'))).toHaveLength(3);
    expect(assign([a!, b!], S, 500, table(2, 'z', 'x'))).toHaveLength(3);
  });

  it('are the same while none was added or dropped', () => {
    expect(sameAssignments(all, [...all])).toBe(true);
    expect(sameAssignments(all, [a!, b!])).toBe(false);
    expect(sameAssignments([a!, b!], [a!, { ...b! }])).toBe(false);
    expect(sameAssignments([b!, c!], [a!, b!, c!])).toBe(false);
    expect(sameAssignments([a!, c!], [b!, c!])).toBe(true);
  });

  it('name their models, which may be loaded', () => {
    expect(modelIds(all)).toEqual(['a', 'b', 'x', 'c']);
    const loaded = (...ids: string[]) =>
      ({ get: (id: string) => (ids.includes(id) ? id : undefined) }) as never;
    expect(areLoaded(all, loaded('a', 'b', 'x', 'c'))).toBe(true);
    expect(areLoaded(all, loaded('a', 'b', 'c'))).toBe(false);
    expect(areLoaded(all, loaded('a', 'x', 'c'))).toBe(false);
    expect(loadedModels(b!, loaded('b', 'x'))).toEqual({ model: 'b', shadow: 'x' });
    expect(loadedModels(a!, loaded('a'))).toEqual({ model: 'a', shadow: null });
  });
});

describe('changes of alerts', () => {
  const alert = (over: Partial<AlertChange> = {}): AlertChange => ({
    ...{ rule: 'max', ts: 5, value: 1, expected: 2, score: 3, limit: 4, state: 'open', clearedTs: null },
    ...over,
  });

  it('are what is new, what differs in anything, and what is gone', () => {
    expect(alertChanges([], [])).toEqual([]);
    expect(alertChanges([alert()], [alert()])).toEqual([]);
    expect(alertChanges([], [alert()])).toEqual([alert()]);
    for (const over of [
      { value: 9 },
      { expected: 9 },
      { score: 9 },
      { limit: 9 },
      { state: 'cleared' as const },
      { clearedTs: 9 },
    ]) {
      expect(alertChanges([alert()], [alert(over)])).toEqual([alert(over)]);
    }
    expect(alertChanges([alert({ model: 'm' })], [])).toEqual([alert({ state: 'retracted' })]);
    expect(
      alertChanges([alert({ state: 'cleared', clearedTs: 7 })], [alert({ ts: 6 }), alert({ rule: 'min' })]),
    ).toEqual([alert({ ts: 6 }), alert({ rule: 'min' }), alert({ state: 'retracted' })]);
  });
});

describe('the rules of a series', () => {
  const book = (...rules: object[]) =>
    new RuleBook(rules as never, DEFAULT_RULES, { minimum: 5000, maxClockSkew: 60_000 }, 10);

  it('are those of all entries that match, the later ones first', () => {
    const rules = book(
      { sensor: 's*', metric: '*', max: 1, min: 0 },
      { sensor: '*', metric: 'other', max: 2 },
      { sensor: 'x', metric: 'm', max: 3 },
      { sensor: 's', metric: 'm', max: 4 },
    );
    expect(rules.of(S)).toEqual({ ...DEFAULT_RULES, max: 4, min: 0 });
    expect(rules.of(S)).toBe(rules.of({ ...S }));
    expect(rules.of({ sensor: 'y', metric: 'm' })).toEqual(DEFAULT_RULES);
    rules.replace([{ sensor: 's', metric: 'm', max: 5 }]);
    expect(rules.of(S)).toEqual({ ...DEFAULT_RULES, max: 5 });
    rules.replace([]);
    expect(rules.of(S)).toBe(DEFAULT_RULES);
  });

  it('say how long a series may be without a reading, and how young a reading is that counts', () => {
    const rules = book(
      { sensor: 's', metric: '*', missing: { factor: 3 } },
      { sensor: 't', metric: '*', missing: { after: 100_000 } },
    );
    expect([null, 1000, 4000].map((interval) => rules.staleAfter(S, interval))).toEqual([null, 5000, 12_000]);
    expect([null, 1000, 40_000].map((interval) => rules.inTime(S, interval))).toEqual([
      null,
      60_000,
      120_000,
    ]);
    expect(rules.inTime({ sensor: 't', metric: 'm' }, null)).toBe(100_000);
  });
});
