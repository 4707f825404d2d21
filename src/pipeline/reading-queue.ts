/**
 * What waits for its batch, by series. A batch takes all that waits of some series, in the order in which each series
 * began to wait: a commit of a series costs much the same for one reading as for ten, and the fewer series a batch touches
 * the shorter is the time in which another replica can commit one of them first.
 */
import { type SeriesId, seriesKey } from '../domain/series.ts';
import type { Pending } from './ticket.ts';

export interface Group {
  readonly series: SeriesId;
  readonly key: string;
  pendings: Pending[];
}

export interface Batch {
  readonly groups: Group[];
  /** Messages and elements that are no reading. */
  readonly problems: Pending[];
  /** Everything in it. */
  readonly size: number;
}

export class ReadingQueue {
  private groups = new Map<string, Group>();
  private problems: Pending[] = [];
  private waiting = 0;

  get size(): number {
    return this.waiting;
  }

  push(pendings: readonly Pending[]): void {
    for (const pending of pendings) {
      const { reading } = pending;
      if (!reading) {
        this.problems.push(pending);
        continue;
      }
      const key = seriesKey(reading);
      const group = this.groups.get(key);
      if (group) group.pendings.push(pending);
      else
        this.groups.set(key, {
          series: { sensor: reading.sensor, metric: reading.metric },
          key,
          pendings: [pending],
        });
    }
    this.waiting += pendings.length;
  }

  /** Takes out the next batch: at least one series, and no further one once either bound is reached. */
  take(maxReadings: number, maxSeries: number): Batch {
    const { problems } = this;
    this.problems = [];
    const groups: Group[] = [];
    let size = problems.length;
    for (const [key, group] of this.groups) {
      if (groups.length >= maxSeries || size >= maxReadings) break;
      const room = Math.max(1, maxReadings - size);
      if (group.pendings.length > room) {
        groups.push({ ...group, pendings: group.pendings.slice(0, room) });
        group.pendings = group.pendings.slice(room);
        size += room;
        break;
      }
      groups.push(group);
      this.groups.delete(key);
      size += group.pendings.length;
    }
    this.waiting -= size;
    return { groups, problems, size };
  }

  /** Everything that waits, which goes on waiting. */
  *[Symbol.iterator](): Iterator<Pending> {
    yield* this.problems;
    for (const { pendings } of this.groups.values()) yield* pendings;
  }

  /** Drops what no longer has anybody waiting for it. */
  dropFailed(): void {
    const rest = [...this].filter(({ ticket }) => !ticket.failed);
    this.groups = new Map();
    this.problems = [];
    this.waiting = 0;
    this.push(rest);
  }
}
