/** The notifiers of all targets. Each target has its own filter, cursor and retries. */
import { Notifier } from './notifier.ts';
import type { NotifierOptions } from './notifier-options.ts';
import type { Filter } from './receiver.ts';
import type { Attempt, Target } from './target.ts';
import { testNotification } from './test-notification.ts';

export interface Addressee {
  readonly target: Target;
  /** Of ALERT_RECEIVERS; `mqtt` for ALERT_MQTT. */
  readonly type: string;
  readonly filter: Filter;
}

export class Notifiers {
  private readonly notifiers: readonly Notifier[];

  constructor(
    private readonly addressees: readonly Addressee[],
    private readonly options: NotifierOptions,
  ) {
    this.notifiers = addressees.map(({ target, filter }) => new Notifier(target, options, filter));
  }

  /** See `Notifier.register`. */
  async register(): Promise<void> {
    for (const notifier of this.notifiers) await notifier.register();
  }

  start(): void {
    for (const notifier of this.notifiers) notifier.start();
  }

  wake(): void {
    for (const notifier of this.notifiers) notifier.wake();
  }

  /** What waits for each target, as this process last saw it. */
  list() {
    return this.addressees.map(({ target, type, filter }, i) => ({
      name: target.name,
      type,
      filter,
      ...this.notifiers[i]!.status,
    }));
  }

  /** Sends a test notification to a target, once, before all changes that wait. @returns null where there is no such target */
  async test(name: string): Promise<Attempt | null> {
    const addressee = this.addressees.find(({ target }) => target.name === name);
    if (!addressee) return null;
    const { timeout } = this.options.limits;
    return addressee.target.send(testNotification(this.options.now()), AbortSignal.timeout(timeout));
  }

  async close(graceMs: number): Promise<void> {
    await Promise.all(this.notifiers.map((notifier) => notifier.close(graceMs)));
  }
}
