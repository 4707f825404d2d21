/** A part of the store is away, as one primary of a Redis Cluster: its series wait, and the others go on. */
import type { Logger } from 'pino';
import type { StoreUnavailable } from '../errors.ts';

export class PartialOutage {
  /** Series that were refused for it and not committed since. */
  private readonly waiting = new Set<string>();
  private since = 0;

  constructor(private readonly logger: Logger) {}

  refused(key: string, error: StoreUnavailable): void {
    if (this.waiting.size === 0) {
      this.since = performance.now();
      this.logger.error(
        { series: key, err: error },
        'a part of the store is away; the readings of its series wait',
      );
    }
    this.waiting.add(key);
  }

  committed(key: string): void {
    if (this.waiting.size === 0 || !this.waiting.delete(key) || this.waiting.size > 0) return;
    const awayMs = Math.round(performance.now() - this.since);
    this.logger.info({ awayMs }, 'every part of the store is back');
  }
}
