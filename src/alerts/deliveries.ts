/** All targets of alert changes, each with its own filter, cursor and pace. */
import { Delivery } from './delivery.ts';
import type { DeliveryOptions } from './delivery-options.ts';
import type { Filter } from './receiver.ts';
import type { Attempt, Target } from './target.ts';
import { testNotification } from './test-notification.ts';

export interface Addressee {
  readonly target: Target;
  /** Of ALERT_RECEIVERS; `mqtt` for ALERT_MQTT. */
  readonly type: string;
  readonly filter: Filter;
}

export class Deliveries {
  private readonly deliveries: readonly Delivery[];

  constructor(
    private readonly addressees: readonly Addressee[],
    private readonly options: DeliveryOptions,
  ) {
    this.deliveries = addressees.map(({ target, filter }) => new Delivery(target, options, filter));
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

  /** How far each target has been told, as this process last saw it. */
  list() {
    return this.addressees.map(({ target, type, filter }, i) => ({
      name: target.name,
      type,
      filter,
      ...this.deliveries[i]!.status,
    }));
  }

  /** Tells a target of an alert that is none, once, whatever waits for it. @returns null where there is no such target */
  async test(name: string): Promise<Attempt | null> {
    const addressee = this.addressees.find(({ target }) => target.name === name);
    if (!addressee) return null;
    const { timeout } = this.options.limits;
    return addressee.target.send(testNotification(this.options.now()), AbortSignal.timeout(timeout));
  }

  async close(graceMs: number): Promise<void> {
    await Promise.all(this.deliveries.map((delivery) => delivery.close(graceMs)));
  }
}
