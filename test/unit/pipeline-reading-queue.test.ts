/** The queue of readings: what a batch takes, and in which order. */
import { describe, expect, it } from 'vitest';
import { ReadingQueue } from '../../src/pipeline/reading-queue.ts';
import type { PendingReading } from '../../src/pipeline/ticket.ts';
import { cpuTime } from '../helpers/cpu-time.ts';

const pending = (sensor: string, index = 0): PendingReading => ({
  ticket: {
    arrived: 0,
    message: null,
    counted: true,
    requestId: undefined,
    elements: 1,
    remaining: 1,
    done: () => {},
    fail: () => {},
    failed: false,
    older: null,
    newer: null,
  },
  index,
  reading: { sensor, metric: 'temperature', value: index },
  problem: null,
  mayRunAhead: false,
  outcome: null,
});
const names = Array.from({ length: 100 }, (_, i) => `s${i}`);
const take = (queue: ReadingQueue, series: number) =>
  queue.nextBatch(1000, series).groups.map(({ series: { sensor } }) => sensor);

describe('ReadingQueue', () => {
  it('takes everything that waits of a series, in the order of arrival', () => {
    const queue = new ReadingQueue();
    queue.push([pending('a', 1), pending('b', 2), pending('a', 3)]);
    const { groups, size } = queue.nextBatch(1000, 10);
    expect(size).toBe(3);
    expect(queue.size).toBe(0);
    const indices = new Map(
      groups.map(({ series, pendings }) => [series.sensor, pendings.map((p) => p.index)]),
    );
    expect(indices).toEqual(
      new Map([
        ['a', [1, 3]],
        ['b', [2]],
      ]),
    );
  });

  it('goes round: a series that keeps coming does not come before one that has waited', () => {
    const queue = new ReadingQueue();
    queue.push(names.map((name) => pending(name)));
    const seen = new Set<string>();
    for (let i = 0; i < 10; i++) {
      for (const name of take(queue, 10)) {
        expect(seen).not.toContain(name);
        seen.add(name);
        queue.push([pending(name)]);
      }
    }
    expect(seen.size).toBe(100);
    expect(take(queue, 1000)).toHaveLength(100);
  });

  it('takes the series in another order in another process', () => {
    const order = (seed: number) => {
      const queue = new ReadingQueue(seed);
      queue.push(names.map((name) => pending(name)));
      return take(queue, 100);
    };
    expect(order(1)).toEqual(order(1));
    const first = new Set(order(1).slice(0, 20));
    const shared = order(2)
      .slice(0, 20)
      .filter((name) => first.has(name));
    expect(shared.length).toBeLessThan(12);
  });

  it('leaves the rest of a series for the next batch when the batch is full', () => {
    const queue = new ReadingQueue();
    queue.push(Array.from({ length: 25 }, (_, i) => pending('a', i)));
    const sizes = [];
    while (queue.size > 0) sizes.push(queue.nextBatch(10, 10).size);
    expect(sizes).toEqual([10, 10, 5]);
  });

  it('takes as long for the last readings of a long line as for the first', async () => {
    const queue = new ReadingQueue();
    const one = pending('a');
    queue.push(Array.from({ length: 1_000_000 }, () => one));
    const work = await cpuTime(() => {
      while (queue.size > 0) queue.nextBatch(1000, 10);
    });
    // Some 50 ms; 30 s where each look goes over all that waits.
    expect(work).toBeLessThan(3000);
  });

  it('keeps the order of those that are not ready among those that come later', () => {
    const queue = new ReadingQueue();
    queue.push(Array.from({ length: 10 }, (_, i) => pending('a', i)));
    const indices = (ready: (index: number) => boolean) =>
      queue
        .nextBatch(3, 10, ({ index }) => ready(index))
        .groups.flatMap((g) => g.pendings.map((p) => p.index));
    expect(indices((i) => i % 3 === 2)).toEqual([2, 5, 8]);
    queue.push([pending('a', 10)]);
    expect(indices((i) => i !== 0)).toEqual([1, 3, 4]);
    expect([...queue].map(({ index }) => index)).toEqual([0, 6, 7, 9, 10]);
    expect(indices(() => true)).toEqual([0, 6, 7]);
    expect(indices(() => true)).toEqual([9, 10]);
    expect(queue.size).toBe(0);
  });

  it('leaves what is not ready, and series of which nothing is', () => {
    const queue = new ReadingQueue();
    queue.push([pending('a', 1), pending('b', 2), pending('a', 3), pending('a', 4)]);
    const odd = ({ index }: PendingReading) => index % 2 === 1;
    const indices = ({ groups }: { groups: { pendings: PendingReading[] }[] }) =>
      groups.map(({ pendings }) => pendings.map((p) => p.index));
    expect(indices(queue.nextBatch(1000, 10, odd))).toEqual([[1, 3]]);
    expect(queue.size).toBe(2);
    expect(queue.nextBatch(1000, 10, () => false)).toMatchObject({ groups: [], size: 0 });
    expect(indices(queue.nextBatch(1000, 10)).sort()).toEqual([[2], [4]]);
    expect(queue.size).toBe(0);
  });

  it('passes over busy series, whose turn comes first next time', () => {
    const queue = new ReadingQueue();
    queue.push(names.map((name) => pending(name)));
    const busy = new Set(names.slice(50).map((name) => `${name}/temperature`));
    const free = queue.nextBatch(1000, 100, null, busy);
    expect(free.groups.map(({ series }) => series.sensor).sort()).toEqual(names.slice(0, 50).sort());
    expect(queue.size).toBe(50);
    queue.push(names.slice(0, 50).map((name) => pending(name)));
    expect(take(queue, 50).sort()).toEqual(names.slice(50).sort());
    expect(queue.size).toBe(50);
    queue.push([pending('s50')]);
    expect(take(queue, 100)).toHaveLength(51);
  });

  it('does not let those that came later wait for busy ones', () => {
    const queue = new ReadingQueue();
    const busy = new Set(['a/temperature']);
    queue.push([pending('a'), pending('b')]);
    queue.nextBatch(1000, 10, null, busy);
    queue.push([pending('c')]);
    expect(queue.nextBatch(1000, 10, null, busy).groups.map(({ key }) => key)).toEqual(['c/temperature']);
    expect(take(queue, 10)).toEqual(['a']);
    expect(queue.size).toBe(0);
  });
});
