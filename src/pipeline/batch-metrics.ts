/** How large batches are, and where their time goes. */
import { Histogram, type Registry } from 'prom-client';
import { DURATION_BUCKETS } from './duration-buckets.ts';

/**
 * The time of a batch: `decode` all of its messages, `queue` how long the one that arrived first waited, `plan` (read states),
 * `score` and `commit`.
 */
export type Stage = 'decode' | 'queue' | 'plan' | 'score' | 'commit';

export class BatchMetrics {
  private readonly sizes;
  private readonly stages;
  /** Time spent on decoding since the last batch began, ms. */
  private decoding = 0;

  constructor(registry: Registry) {
    const registers = [registry];
    this.sizes = new Histogram({
      name: 'vigia_batch_readings',
      help: 'Readings per batch.',
      buckets: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000],
      registers,
    });
    this.stages = new Histogram({
      name: 'vigia_stage_duration_seconds',
      help: 'Time per batch and stage.',
      labelNames: ['stage'],
      buckets: [...DURATION_BUCKETS],
      registers,
    });
    for (const stage of ['decode', 'queue', 'plan', 'score', 'commit'] satisfies Stage[]) {
      this.stages.zero({ stage });
    }
  }

  /** A message took so long to decode, ms. */
  decoded(ms: number): void {
    this.decoding += ms;
  }

  /** A batch begins. */
  begin(readings: number): void {
    this.sizes.observe(readings);
    this.stage('decode', this.decoding);
    this.decoding = 0;
  }

  stage(stage: Stage, ms: number): void {
    this.stages.observe({ stage }, ms / 1000);
  }
}
