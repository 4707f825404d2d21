/**
 * The bounds on what the queues of the broker hold: all together, and those of one owner. Beyond a bound the largest queue
 * loses its oldest messages, so that a subscriber that has gone for good does not take the memory of those that are here.
 */
import type { Logger } from 'pino';
import type { QueueLimits } from './limits.ts';

export interface BoundedQueue {
  /** For the log, e.g. `session replica-1`. */
  readonly name: string;
  readonly bytes: number;
  /** Whose bound it counts for too; null: nobody's, as that of a shared subscription. */
  readonly owner: string | null;
  /** False if there is nothing left to drop. */
  dropOldest(): boolean;
}

interface Pool {
  readonly queues: Set<BoundedQueue>;
  used: number;
}

/** When the bound is reached, this much is freed at once: finding the largest queue takes a look at each. */
const FREED_AT_ONCE = 1 / 128;
const LOG_EVERY_MS = 10_000;

export class QueueMemory {
  private readonly all: Pool = { queues: new Set(), used: 0 };
  private readonly byOwner = new Map<string, Pool>();
  private readonly unreported = new Map<string, number>();
  private reportedAt = Number.NEGATIVE_INFINITY;
  private lost = 0;

  constructor(
    readonly limits: QueueLimits,
    private readonly logger: Logger,
  ) {}

  /** Bytes in all queues. */
  get bytes(): number {
    return this.all.used;
  }

  /** Messages dropped since the start, by any limit. */
  get dropped(): number {
    return this.lost;
  }

  add(queue: BoundedQueue): void {
    this.all.queues.add(queue);
    if (queue.owner === null) return;
    const pool = this.byOwner.get(queue.owner) ?? { queues: new Set(), used: 0 };
    pool.queues.add(queue);
    this.byOwner.set(queue.owner, pool);
  }

  /** It is empty. */
  remove(queue: BoundedQueue): void {
    this.all.queues.delete(queue);
    const pool = this.ownerOf(queue);
    pool?.queues.delete(queue);
    if (pool?.queues.size === 0) this.byOwner.delete(queue.owner!);
  }

  /** @param bytes by which the queue grows, or shrinks */
  resize(queue: BoundedQueue, bytes: number): void {
    const pool = this.ownerOf(queue);
    this.all.used += bytes;
    if (pool) pool.used += bytes;
    if (bytes <= 0) return;
    const { maxQueuedBytes, maxUserQueuedBytes } = this.limits;
    if (pool && pool.used > maxUserQueuedBytes) shrinkLargest(pool, maxUserQueuedBytes);
    if (this.all.used > maxQueuedBytes) shrinkLargest(this.all, maxQueuedBytes);
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

  private ownerOf({ owner }: BoundedQueue): Pool | undefined {
    return owner === null ? undefined : this.byOwner.get(owner);
  }
}

function shrinkLargest(pool: Pool, maxBytes: number): void {
  const goal = maxBytes * (1 - FREED_AT_ONCE);
  while (pool.used > goal) {
    let largest: BoundedQueue | null = null;
    for (const queue of pool.queues) if (queue.bytes > (largest?.bytes ?? 0)) largest = queue;
    if (!largest) return;
    const left = goal - (pool.used - largest.bytes);
    // Down to the goal, or to nothing; then the next largest.
    while (largest.bytes > Math.max(0, left) && largest.dropOldest());
  }
}
