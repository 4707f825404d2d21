/**
 * Series of which the store has less than this process has stored: a failover has lost what its primary had acknowledged, a
 * backup was restored, all was deleted, or somebody has deleted the series. One line a minute, and a metric.
 */
import type { Logger } from 'pino';
import { Counter, type Registry } from 'prom-client';

const LOG_EVERY_MS = 60_000;

/** `gone`: the store does not have the series any more; `older`: its newest reading is older than the one of before. */
export type SetBackKind = 'gone' | 'older';

export class SetBack {
  private readonly counts: Record<SetBackKind, number> = { gone: 0, older: 0 };
  /** Since the last line. */
  private readonly untold: Record<SetBackKind, number> = { gone: 0, older: 0 };
  private readonly told: Record<SetBackKind, number>;

  /** @param now a monotonic clock, ms */
  constructor(
    registry: Registry,
    private readonly now = () => performance.now(),
  ) {
    this.told = { gone: Number.NEGATIVE_INFINITY, older: Number.NEGATIVE_INFINITY };
    const { counts } = this;
    new Counter({
      name: 'vigia_series_set_back_total',
      help: 'Series of which the store had less than this process has stored: gone, or older.',
      labelNames: ['what'],
      registers: [registry],
      collect() {
        this.reset();
        for (const [what, count] of Object.entries(counts)) this.inc({ what }, count);
      },
    });
  }

  note(what: SetBackKind, series: string, logger: Logger): void {
    this.counts[what]++;
    this.untold[what]++;
    const now = this.now();
    if (now - this.told[what] < LOG_EVERY_MS) return;
    this.told[what] = now;
    const fields = { series, count: this.untold[what], total: this.counts[what] };
    this.untold[what] = 0;
    if (what === 'gone')
      logger.warn(fields, 'the store no longer has a series: it was deleted, or the store has lost it');
    else logger.error(fields, 'the store has lost readings of a series that it had acknowledged');
  }
}
