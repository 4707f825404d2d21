/**
 * Takes batches from the queue. A batch forms while the previous commit is in flight, and gathers for a moment (gathering.ts), so
 * an idle system answers at once and a busy one commits many readings together. Where a full batch waits already, it is scored while the store works on the batch
 * before it.
 */
import { setTimeout as delay, setImmediate as turn } from 'node:timers/promises';
import { Gathering } from './gathering.ts';
import type { Batch, ReadingQueue } from './reading-queue.ts';
import type { Shutdown } from './shutdown.ts';
import type { PendingReading } from './ticket.ts';

export interface BatchLoopOptions {
  readonly queue: ReadingQueue;
  /** Readings per batch at most. */
  readonly batchMax: number;
  /** ms */
  readonly lingerMs: number;
  /** See `Gathering`, ms. */
  readonly gatherMs: number;
  /** Series per batch at most, at present. */
  readonly seriesMax: () => number;
  /** Stores or sets aside everything in the batch; never rejects. */
  readonly process: (batch: Batch) => Promise<void>;
  /** Batches that the store has at the moment. */
  readonly atStore: () => number;
  /** Which readings may be taken now, null: all. Asked while more than a batch waits. */
  readonly readyNow: () => ((pending: PendingReading) => boolean) | null;
  /** Whether something may still come back to the queue after `stop`. */
  readonly mayReturn: () => boolean;
  readonly shutdown: Shutdown;
}

/** Batches under way at the same time: one is scored while the store has the other. */
const BATCHES = 2;
/** Until the queue is asked again when no reading in it is ready, ms. */
const NOT_READY_MS = 5;

export class BatchLoop {
  private wake: (() => void) | null = null;
  /** Batches taken from the queue and not ended yet, each with the queue's `waitingSince` before. */
  private readonly underway = new Map<Promise<void>, number>();
  /** Series with a batch under way. */
  private readonly busy = new Set<string>();

  private readonly gathering: Gathering;

  constructor(private readonly options: BatchLoopOptions) {
    this.gathering = new Gathering(options.gatherMs);
  }

  /** When the oldest reading in the queue or in a batch came, on the clock of `performance.now()`, ms; infinite without any. */
  get waitingSince(): number {
    return Math.min(this.options.queue.waitingSince, ...this.underway.values());
  }

  /** Runs until the pipeline stops and nothing is left, or until it gives up. */
  async run(): Promise<void> {
    const { queue, batchMax, lingerMs, shutdown } = this.options;
    while (!this.ended) {
      if (shutdown.signal.aborted) return;
      if (!this.mayBegin) {
        await new Promise<void>((resolve) => {
          this.wake = resolve;
        });
        this.wake = null;
        continue;
      }
      // Lets the sockets that are readable now add to this batch, and keeps a busy pipeline from starving them.
      await turn();
      if (lingerMs > 0 && queue.size < batchMax && !shutdown.begun) await delay(lingerMs);
      const gather = this.gathering.wait(queue.size, queue.waitingSince, performance.now());
      if (gather >= 1 && !shutdown.begun) await delay(gather);
      const { waitingSince } = queue;
      const batch = queue.nextBatch(batchMax, this.options.seriesMax(), this.readyNow(), this.busy);
      if (batch.size === 0) {
        await Promise.race([delay(NOT_READY_MS), ...this.underway.keys()]);
        continue;
      }
      this.begin(batch, waitingSince);
    }
  }

  /** To be called when readings were added to the queue, a batch went to the store, or the pipeline stops. */
  wakeIfReady(): void {
    if (this.wake && (this.mayBegin || this.options.shutdown.begun)) this.wake();
  }

  /** Whether nothing is left to do before the end. */
  private get ended(): boolean {
    const { queue, shutdown, mayReturn } = this.options;
    return queue.size === 0 && this.underway.size === 0 && shutdown.begun && !mayReturn();
  }

  /** One batch after the other, so that batches grow with the load. A full batch need not wait for the store. */
  private get mayBegin(): boolean {
    const { queue, batchMax, atStore } = this.options;
    const { size } = this.underway;
    if (size === 0) return queue.size > 0;
    return size < BATCHES && atStore() === size && queue.size >= batchMax;
  }

  private readyNow(): ((pending: PendingReading) => boolean) | null {
    const { queue, batchMax, shutdown, readyNow } = this.options;
    return queue.size <= batchMax || shutdown.begun ? null : readyNow();
  }

  private begin(batch: Batch, waitingSince: number): void {
    const keys = batch.groups.map(({ key }) => key);
    for (const key of keys) this.busy.add(key);
    this.gathering.begun(batch.size, performance.now());
    const done = this.options.process(batch).finally(() => {
      this.underway.delete(done);
      for (const key of keys) this.busy.delete(key);
      this.wakeIfReady();
    });
    this.underway.set(done, waitingSince);
  }
}
