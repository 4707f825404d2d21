/**
 * The readings that wait for their batch, by series. A batch takes all waiting readings of some series, for two reasons. The
 * commit of a series costs much the same for one reading as for ten. And the fewer series a batch has, the shorter is the time
 * in which another replica can commit one of them first.
 *
 * The series take turns. Each round goes once over all series that waited when it began, in an order that differs from process
 * to process. Replicas on one shared subscription get readings of the same series at the same time. In the order of arrival
 * they would all work on the same series, and all but one of them in vain.
 */
import { randomInt } from 'node:crypto';
import { type SeriesId, seriesKey } from '../domain/series.ts';
import type { PendingReading } from './ticket.ts';

export interface Group {
  readonly series: SeriesId;
  readonly key: string;
  pendings: PendingReading[];
}

/** The waiting readings of one series, in the order of arrival. Taking some costs time for those taken, not for all that wait. */
class Line {
  private pendings: PendingReading[] = [];
  /** Index of the first reading that still waits. */
  private start = 0;

  constructor(
    readonly series: SeriesId,
    readonly key: string,
  ) {}

  get empty(): boolean {
    return this.start === this.pendings.length;
  }

  push(pending: PendingReading): void {
    this.pendings.push(pending);
  }

  /** Takes the first `max` readings that are ready. Readings that are not ready keep their place. */
  dequeue(max: number, ready: ((pending: PendingReading) => boolean) | null): PendingReading[] {
    const { pendings } = this;
    const taken: PendingReading[] = [];
    const left: PendingReading[] = [];
    let at = this.start;
    for (; at < pendings.length && taken.length < max; at++) {
      const pending = pendings[at]!;
      (!ready || ready(pending) ? taken : left).push(pending);
    }
    this.start = at - left.length;
    for (const [i, pending] of left.entries()) pendings[this.start + i] = pending;
    if (this.start > pendings.length / 2) {
      pendings.splice(0, this.start);
      this.start = 0;
    }
    return taken;
  }

  *[Symbol.iterator](): Iterator<PendingReading> {
    for (let at = this.start; at < this.pendings.length; at++) yield this.pendings[at]!;
  }
}

export interface Batch {
  readonly groups: Group[];
  /** Messages and elements that are no readings. */
  readonly problems: PendingReading[];
  /** Everything in it. */
  readonly size: number;
}

const NONE: ReadonlySet<string> = new Set();

export class ReadingQueue {
  private lines = new Map<string, Line>();
  /** The series left in this round; the next one is the last of the list. */
  private round: string[] = [];
  private problems: PendingReading[] = [];
  private waiting = 0;
  /** No reading in the queue came earlier, on the clock of `performance.now()`, ms; infinite while the queue is empty. */
  waitingSince = Number.POSITIVE_INFINITY;

  /** @param seed of the order of the rounds; by default every process has another one */
  constructor(private readonly seed = randomInt(2 ** 32 - 1)) {}

  get size(): number {
    return this.waiting;
  }

  push(pendings: readonly PendingReading[]): void {
    for (const pending of pendings) {
      const { reading, problem, ticket } = pending;
      this.waitingSince = Math.min(this.waitingSince, ticket.arrived);
      if (!reading || problem) {
        this.problems.push(pending);
        continue;
      }
      const key = seriesKey(reading);
      let line = this.lines.get(key);
      if (!line) {
        line = new Line({ sensor: reading.sensor, metric: reading.metric }, key);
        this.lines.set(key, line);
      }
      line.push(pending);
    }
    this.waiting += pendings.length;
  }

  /**
   * Takes out the next batch: at least one series, if any has a reading that is `ready`, and no further one once either
   * bound is reached.
   * @param busy series that have to wait; their turn comes first next time
   */
  nextBatch(
    maxReadings: number,
    maxSeries: number,
    ready: ((pending: PendingReading) => boolean) | null = null,
    busy: ReadonlySet<string> = NONE,
  ): Batch {
    const { problems } = this;
    this.problems = [];
    const groups: Group[] = [];
    const passed: string[] = [];
    let size = problems.length;
    const fill = () => {
      while (this.round.length > 0 && groups.length < maxSeries && size < maxReadings) {
        const key = this.round.pop()!;
        const line = this.lines.get(key);
        if (!line) continue;
        if (busy.has(key)) {
          passed.push(key);
          continue;
        }
        const pendings = line.dequeue(maxReadings - size, ready);
        if (line.empty) this.lines.delete(key);
        if (pendings.length === 0) continue;
        groups.push({ series: line.series, key, pendings });
        size += pendings.length;
      }
    };
    if (this.round.length === 0) this.round = this.newRound();
    fill();
    if (groups.length === 0 && passed.length > 0) {
      // The next round begins without those left of this one.
      const left = new Set(passed);
      this.round = this.newRound().filter((key) => !left.has(key));
      fill();
    }
    this.round.push(...passed.reverse());
    this.waiting -= size;
    if (this.waiting === 0) this.waitingSince = Number.POSITIVE_INFINITY;
    return { groups, problems, size };
  }

  private newRound(): string[] {
    return [...this.lines.keys()]
      .map((key) => ({ key, rank: rank(key, this.seed) }))
      .sort((a, b) => b.rank - a.rank)
      .map(({ key }) => key);
  }

  /** Everything that waits, which goes on waiting. */
  *[Symbol.iterator](): Iterator<PendingReading> {
    yield* this.problems;
    for (const line of this.lines.values()) yield* line;
  }

  /** Drops the readings of requests that were given up. */
  dropFailed(): void {
    const rest = [...this].filter(({ ticket }) => !ticket.failed);
    this.lines = new Map();
    this.round = [];
    this.problems = [];
    this.waiting = 0;
    this.waitingSince = Number.POSITIVE_INFINITY;
    this.push(rest);
  }
}

/** FNV-1a over the UTF-16 units of the key, begun at the seed, and one round of mixing, so that each seed has its own order. */
function rank(key: string, seed: number): number {
  let hash = seed;
  for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193);
  return Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d) >>> 0;
}
