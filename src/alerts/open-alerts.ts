/**
 * What is sent to a target besides the changes of the stream: open alerts whose mute has ended, and, to a target that forgets
 * open alerts, all open alerts at regular times.
 */
import { type Alert, toldBy } from '../domain/alert.ts';
import type { KeptAlert } from '../store/alert-store.ts';
import { notification } from './notification.ts';
import type { NotifierOptions } from './notifier-options.ts';
import type { Attempt, Target } from './target.ts';

/** Time between two sendings of all open alerts to a target that forgets them, ms. */
const REPEAT_MS = 60_000;
/** Time between two searches for open alerts whose mute has ended, ms. */
const UNMUTE_MS = 5000;
/** Open alerts that are read at most. */
const MOST = 10_000;

export interface Sender {
  /** Whether the alert passes the target's filter and is not muted. */
  wants(alert: Alert): boolean;
  /** Tries once. @returns whether the change was sent or given up */
  send(change: Pick<KeptAlert, 'alert' | 'at'>): Promise<boolean>;
  /** Delays the next try. */
  failed(attempt: Attempt): void;
  readonly signal: AbortSignal;
}

export class OpenAlerts {
  /** On the clock of `performance.now()`, ms. */
  private repeatAt = 0;
  private unmuteAt = 0;

  constructor(
    private readonly target: Target,
    private readonly options: NotifierOptions,
    private readonly sender: Sender,
  ) {}

  /** Only the replica that holds the target's lease calls this, and only when no change of the stream waits. */
  async check(): Promise<void> {
    await this.sendUnmuted();
    await this.repeat();
  }

  private async sendUnmuted(): Promise<void> {
    const { store, mayUnmute, now } = this.options;
    if (!mayUnmute() || performance.now() < this.unmuteAt) return;
    this.unmuteAt = performance.now() + UNMUTE_MS;
    const { open, heard } = await this.read();
    for (const [i, alert] of open.entries()) {
      if (heard[i] !== '' || !this.sender.wants(alert)) continue;
      if (!(await this.sender.send({ alert, at: now() }))) return;
      await store.keptAlerts.remove(this.target.name, [`${alert.id}/${alert.revision}`], toldMap(alert));
    }
  }

  /** Sends the open alerts that the target was told of. What a release before this one has sent is not known: the filter decides. */
  private async repeat(): Promise<void> {
    const { target, options, sender } = this;
    if (!target.repeats || !target.repeat || performance.now() < this.repeatAt) return;
    const { open, heard } = await this.read();
    const known = open.filter((alert, i) => heard[i]?.startsWith('open') ?? sender.wants(alert));
    const notifications = known.map((alert) =>
      notification({ alert, at: options.now() }, options.unitOf(alert)),
    );
    const attempt = await target.repeat(notifications, sender.signal);
    if (attempt.result === 'delivered') this.repeatAt = performance.now() + REPEAT_MS;
    else if (!sender.signal.aborted) {
      sender.failed(attempt);
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

/** What a target has been told once this change of the alert was sent, by id. */
export function toldMap(alert: Alert): ReadonlyMap<string, string> {
  return new Map([[alert.id, toldBy(alert)]]);
}
