import { Counter, Gauge, type Registry } from 'prom-client';

/**
 * How a try ended. A `failed` try is made again. A change that is `refused` for good or `expired` is kept. A change that is
 * `dropped` was kept and is no longer.
 */
const RESULTS = ['delivered', 'failed', 'refused', 'expired', 'dropped'] as const;
export type NotifierResult = (typeof RESULTS)[number];

export class NotifierMetrics {
  private readonly deliveries;
  private readonly pending;
  private readonly kept;
  /** Since when the oldest change waits, ms, by target. */
  private readonly oldest = new Map<string, number>();

  constructor(registry: Registry, now: () => number) {
    const registers = [registry];
    const { oldest } = this;
    this.deliveries = new Counter({
      name: 'vigia_alert_deliveries_total',
      help: 'Alert changes told to a receiver by this replica, by how it ended; failed tries are made again.',
      labelNames: ['target', 'result'],
      registers,
    });
    this.pending = new Gauge({
      name: 'vigia_alert_deliveries_pending',
      help: 'Alert changes that a receiver has not been told yet; the same at every replica.',
      labelNames: ['target'],
      registers,
    });
    this.kept = new Gauge({
      name: 'vigia_alert_deliveries_kept',
      help: 'Alert changes that a receiver has refused for good or that were too old; they are kept and can be sent again.',
      labelNames: ['target'],
      registers,
    });
    new Gauge({
      name: 'vigia_alert_delivery_oldest_pending_seconds',
      help: 'How long the oldest of those has been waiting, 0 where none is.',
      labelNames: ['target'],
      registers,
      collect() {
        for (const [target, at] of oldest) this.set({ target }, Math.max(0, now() - at) / 1000);
      },
    });
  }

  add(target: string): void {
    for (const result of RESULTS) this.deliveries.inc({ target, result }, 0);
    this.waiting(target, 0, null, 0);
  }

  ended(target: string, result: NotifierResult, n = 1): void {
    this.deliveries.inc({ target, result }, n);
  }

  /** @param oldest since when the oldest change waits, ms UTC */
  waiting(target: string, pending: number, oldest: number | null, kept: number): void {
    this.pending.set({ target }, pending);
    this.kept.set({ target }, kept);
    this.oldest.set(target, oldest ?? Number.POSITIVE_INFINITY);
  }
}
