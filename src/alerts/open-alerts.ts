/**
 * What a target is told besides the changes of the stream: open alerts that were muted and are no longer, and all open alerts
 * again and again where the target forgets them.
 */
import { type Alert, heardOf } from '../domain/alert.ts';
import type { KeptAlert } from '../store/alert-store.ts';
import type { DeliveryOptions } from './delivery-options.ts';
import { notification } from './notification.ts';
import type { Attempt, Target } from './target.ts';

/** How often a target that forgets open alerts is told of them again, ms. */
const REPEAT_MS = 60_000;
/** How often open alerts are looked at whose mute may have ended, ms. */
const UNMUTE_MS = 5000;
/** Open alerts that are looked at, at most. */
const MOST = 10_000;

export interface Telling {
  /** Whether the target wants to hear of the alert, and nobody has muted the alert. */
  wants(alert: Alert): boolean;
  /** @returns whether this change is done with */
  tell(change: Pick<KeptAlert, 'alert' | 'at'>): Promise<boolean>;
  failed(attempt: Attempt): void;
  readonly signal: AbortSignal;
}

export class OpenAlerts {
  /** On the clock of `performance.now()`, ms. */
  private repeatAt = 0;
  private unmuteAt = 0;

  constructor(
    private readonly target: Target,
    private readonly options: DeliveryOptions,
    private readonly telling: Telling,
  ) {}

  /** To be called by the process that delivers to the target, when no change of the stream waits. */
  async look(): Promise<void> {
    await this.tellUnmuted();
    await this.repeat();
  }

  private async tellUnmuted(): Promise<void> {
    const { store, mayUnmute, now } = this.options;
    if (!mayUnmute() || performance.now() < this.unmuteAt) return;
    this.unmuteAt = performance.now() + UNMUTE_MS;
    const { open, heard } = await this.read();
    for (const [i, alert] of open.entries()) {
      if (heard[i] !== '' || !this.telling.wants(alert)) continue;
      if (!(await this.telling.tell({ alert, at: now() }))) return;
      await store.keptAlerts.remove(this.target.name, [`${alert.id}/${alert.revision}`], told(alert));
    }
  }

  /** Of the alerts that the target was told of by this release, or may have been told of by a release before it. */
  private async repeat(): Promise<void> {
    const { target, options, telling } = this;
    if (!target.repeats || !target.repeat || performance.now() < this.repeatAt) return;
    const { open, heard } = await this.read();
    const known = open.filter((alert, i) => heard[i]?.startsWith('open') ?? telling.wants(alert));
    const units = options.units();
    const notifications = known.map((alert) => notification({ alert, at: options.now() }, units));
    const attempt = await target.repeat(notifications, telling.signal);
    if (attempt.result === 'delivered') this.repeatAt = performance.now() + REPEAT_MS;
    else if (!telling.signal.aborted) {
      telling.failed(attempt);
      const { reason } = attempt;
      options.logger.warn({ target: target.name, reason }, 'open alerts not repeated; trying again');
    }
  }

  /** The open alerts, and what the target was told of each. */
  private async read() {
    const { alerts, alertStream } = this.options.store;
    const open = await alerts.list({ state: 'open', limit: MOST });
    const ids = open.map(({ id }) => id);
    return { open, heard: await alertStream.told(this.target.name, ids) };
  }
}

/** What a target was told of an alert by one change. */
export function told(alert: Alert): ReadonlyMap<string, string> {
  return new Map([[alert.id, heardOf(alert)]]);
}
