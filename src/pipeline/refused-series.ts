/**
 * Whether the store refuses every series. If only some series cannot be written, the process goes on accepting readings. If none
 * can be written, the process reports the store as not ready.
 */

/** How long the store must have refused all series, ms: for a while, the one bad series may be the only one with readings. */
const PATIENCE_MS = 15_000;

export class RefusedSeries {
  /** When the first series was refused after the last one that was committed. */
  private since: number | null = null;
  private readonly keys = new Set<string>();
  private why = '';

  /** @param now a monotonic clock, ms */
  constructor(private readonly now = () => performance.now()) {}

  committed(): void {
    if (this.since === null) return;
    this.since = null;
    this.keys.clear();
  }

  refused(key: string, why: string): void {
    this.since ??= this.now();
    this.keys.add(key);
    this.why = why;
  }

  /** Why no series can be written; null while some can. */
  problem(): string | null {
    if (this.since === null || this.now() - this.since < PATIENCE_MS) return null;
    return `no series can be written, ${this.keys.size} were tried: ${this.why}`;
  }
}
