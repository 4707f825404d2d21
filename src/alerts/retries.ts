/** When a target is tried again. Each pause is twice the pause before, and at least as long as the receiver asks for. */
import type { Attempt } from './target.ts';

const FIRST_PAUSE_MS = 1000;
/** The longest pause that a receiver may ask for (Retry-After), ms. */
const LONGEST_ASKED_MS = 3_600_000;

export class Retries {
  /** No attempt before this, on the clock of `performance.now()`, ms. */
  at = 0;
  private failures = 0;

  /** @param longestPause that is not asked for, ms */
  constructor(private readonly longestPause: number) {}

  /** @returns the pause, ms */
  failed(attempt: Attempt): number {
    this.failures++;
    const own = Math.min(FIRST_PAUSE_MS * 2 ** Math.min(this.failures - 1, 20), this.longestPause);
    const asked = (attempt.result === 'failed' && attempt.retryAfter) || 0;
    const pause = Math.max(own * (0.5 + Math.random() / 2), Math.min(asked, LONGEST_ASKED_MS));
    this.at = performance.now() + pause;
    return pause;
  }

  /** There is nothing to try again. @returns how many attempts have failed before */
  end(): number {
    const { failures } = this;
    this.failures = 0;
    return failures;
  }
}
