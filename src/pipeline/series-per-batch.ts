/**
 * How many series a batch may have. The longer a batch takes, the more of its series other replicas commit meanwhile. While
 * that happens, batches are small.
 */
import type { CommitResult } from '../store/store.ts';

/** Share of a batch's series that other replicas may have committed first before batches get smaller. */
const CONFLICTS_TOLERATED = 0.1;
/** Series per batch when batches are smallest, and by how many they grow again. */
const SERIES_MIN = 8;

export class SeriesPerBatch {
  private now: number;

  /** @param most series per batch at most, and at first */
  constructor(private readonly most: number) {
    this.now = most;
  }

  get max(): number {
    return this.now;
  }

  /** Adapts to the results of one batch. */
  adapt(results: readonly CommitResult[]): void {
    if (results.length < SERIES_MIN) return;
    const conflicts = results.filter(({ status }) => status === 'conflict').length;
    this.now =
      conflicts > results.length * CONFLICTS_TOLERATED
        ? Math.max(Math.min(SERIES_MIN, this.most), Math.floor(this.now / 2))
        : Math.min(this.most, this.now + SERIES_MIN);
  }
}
