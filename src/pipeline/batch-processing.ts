/** Processes one batch: refuses what can never be stored, and commits the rest. */
import type { Logger } from 'pino';
import type { Accounting } from './accounting.ts';
import type { DeadLetters } from './dead-letters.ts';
import { unfinished } from './endings.ts';
import { clockProblem, type GuardLimits, type Times } from './guard.ts';
import type { Refused } from './letters.ts';
import type { Outage } from './outage.ts';
import type { ParkedReadings } from './parked-readings.ts';
import type { Batch } from './reading-queue.ts';
import type { SeriesCommits } from './series-commits.ts';
import type { Shutdown } from './shutdown.ts';
import { firstArrival, origins } from './ticket.ts';

export interface BatchProcessingOptions {
  readonly guard: GuardLimits;
  readonly accounting: Accounting;
  readonly deadLetters: DeadLetters;
  readonly commits: SeriesCommits;
  readonly parked: ParkedReadings;
  readonly outage: Outage;
  readonly logger: Logger;
  readonly shutdown: Shutdown;
  readonly now: () => number;
  /** Between which times it is. */
  readonly between: () => Times;
}

export class BatchProcessing {
  constructor(private readonly options: BatchProcessingOptions) {}

  /** Ends when everything in the batch is stored, refused or set aside; never rejects. */
  async process(batch: Batch): Promise<void> {
    try {
      const { commits, outage } = this.options;
      this.measure(batch);
      await this.refuse(batch);
      await commits.commit(unfinished(batch.groups));
      outage.end();
    } catch (error) {
      this.abandon(batch, error);
    }
  }

  private measure({ groups, problems, size }: Batch): void {
    const { accounting } = this.options;
    accounting.batches.begin(size);
    const now = performance.now();
    let first = Math.min(now, firstArrival(problems));
    for (const { pendings } of groups) first = Math.min(first, firstArrival(pendings));
    accounting.batches.stage('queue', now - first);
  }

  /** Takes bad elements, and readings that the clock guard stops, out of the batch. */
  private async refuse({ groups, problems }: Batch): Promise<void> {
    const { guard, deadLetters, now, between } = this.options;
    const times = between();
    const refused: Refused[] = problems.map((pending) => ({ pending, problem: pending.problem! }));
    for (const { pendings } of groups) {
      for (const pending of pendings) {
        const { ts } = pending.reading!;
        const problem = ts === undefined ? null : clockProblem(ts, times, guard);
        if (problem) refused.push({ pending, problem });
      }
    }
    if (refused.length === 0) return;
    const bad = new Set(refused.map(({ pending }) => pending));
    for (const group of groups) group.pendings = group.pendings.filter((pending) => !bad.has(pending));
    await deadLetters.refuse(refused, now());
  }

  private abandon({ groups }: Batch, error: unknown): void {
    const { logger, parked, shutdown } = this.options;
    // What a closing pipeline has not stored stays unacknowledged.
    if (shutdown.signal.aborted) return;
    const left = unfinished(groups);
    logger.error(
      { err: error, from: origins(left.flatMap(({ pendings }) => pendings)) },
      'batch failed; its readings are tried again',
    );
    for (const { key, pendings } of left) parked.park(key, pendings, 'series');
  }
}
