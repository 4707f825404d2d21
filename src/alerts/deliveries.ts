/** All targets of alert changes, each with its own cursor and pace. */
import { Delivery, type DeliveryOptions } from './delivery.ts';
import type { Target } from './target.ts';

export class Deliveries {
  private readonly deliveries: readonly Delivery[];

  constructor(targets: readonly Target[], options: DeliveryOptions) {
    this.deliveries = targets.map((target) => new Delivery(target, options));
  }

  /** See `Delivery.register`. */
  async register(): Promise<void> {
    for (const delivery of this.deliveries) await delivery.register();
  }

  start(): void {
    for (const delivery of this.deliveries) delivery.start();
  }

  wake(): void {
    for (const delivery of this.deliveries) delivery.wake();
  }

  async close(graceMs: number): Promise<void> {
    await Promise.all(this.deliveries.map((delivery) => delivery.close(graceMs)));
  }
}
