/**
 * The bound on what all queues of the broker hold together. Beyond it the largest queue loses its oldest messages, so
 * that a subscriber that has gone for good does not take the memory of those that are here.
 */
import type { Logger } from 'pino';
import type { QueueLimits } from './limits.ts';

export interface BoundedQueue {
  /** For the log, e.g. `session replica-1`. */
  readonly name: string;
  readonly bytes: number;
  /** False if there is nothing left to drop. */
  dropOldest(): boolean;
}

/** When the bound is reached, this much is freed at once: finding the largest queue takes a look at each. */
const FREED_AT_ONCE = 1 / 128;
const LOG_EVERY_MS = 10_000;

export class QueueMemory {
  private readonly queues = new Set<BoundedQueue>();
  private readonly unreported = new Map<string, number>();
  private reportedAt = Number.NEGATIVE_INFINITY;
  private used = 0;
  private lost = 0;

  constructor(
    readonly limits: QueueLimits,
    private readonly logger: Logger,
  ) {}

  /** Bytes in all queues. */
  get bytes(): number {
    return this.used;
  }

  /** Messages dropped since the start, by any limit. */
  get dropped(): number {
    return this.lost;
  }

  add(queue: BoundedQueue): void {
    this.queues.add(queue);
  }

  remove(queue: BoundedQueue): void {
    this.queues.delete(queue);
  }

  grow(bytes: number): void {
    this.used += bytes;
    if (this.used > this.limits.maxQueuedBytes) this.shrinkLargest();
  }

  shrink(bytes: number): void {
    this.used -= bytes;
  }

  /** Counts and logs one message that `queue` has dropped. */
  countDrop(queue: BoundedQueue): void {
    this.lost++;
    this.unreported.set(queue.name, (this.unreported.get(queue.name) ?? 0) + 1);
    if (performance.now() - this.reportedAt < LOG_EVERY_MS) return;
    this.reportedAt = performance.now();
    for (const [name, dropped] of this.unreported)
      this.logger.warn(
        { queue: name, dropped },
        'MQTT messages dropped: the queue is full, the oldest go first',
      );
    this.unreported.clear();
  }

  private shrinkLargest(): void {
    const goal = this.limits.maxQueuedBytes * (1 - FREED_AT_ONCE);
    while (this.used > goal) {
      let largest: BoundedQueue | null = null;
      for (const queue of this.queues) if (queue.bytes > (largest?.bytes ?? 0)) largest = queue;
      const second = goal - (this.used - (largest?.bytes ?? 0));
      if (!largest) return;
      // Down to the goal, or to nothing; then the next largest.
      while (largest.bytes > Math.max(0, second) && largest.dropOldest());
    }
  }
}
