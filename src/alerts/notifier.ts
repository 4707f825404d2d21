/**
 * Sends alert changes to one target, in the order of the stream, each at least once. The target's cursor in the store moves
 * past a change when the target has received the change, or when the change is given up. The replica that holds the target's
 * lease sends. A target that is down delays no other target. A change that is given up is kept, so that it can be sent again.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Alert } from '../domain/alert.ts';
import { StoreUnavailable } from '../errors.ts';
import { type KeptAlert, keptKey, type StreamedAlert } from '../store/alert-store.ts';
import { decide } from './decision.ts';
import { passes } from './filter.ts';
import { notification } from './notification.ts';
import type { NotifierOptions } from './notifier-options.ts';
import { OpenAlerts, toldMap } from './open-alerts.ts';
import { EVERYTHING, type Filter } from './receiver.ts';
import { Retries } from './retries.ts';
import { settlingTime } from './settling.ts';
import type { Target } from './target.ts';

export interface NotifierStatus {
  /** Changes that wait. */
  readonly pending: number;
  /** Since when the oldest of them waits, ms UTC. */
  readonly oldest: number | null;
  /** Changes that were given up and are kept. */
  readonly kept: number;
  /** Why the last attempt of this process failed; null after one that succeeded. */
  readonly problem: string | null;
}

/** How soon changes that other processes have committed are seen, ms. */
const POLL_MS = 500;
/** The same while changes wait to settle: all of them are read again each time, so not at every commit, ms. */
const UNSETTLED_POLL_MS = 200;
const PAGE = 500;
/** This position is before every entry, so that confirming it moves no cursor. */
const BEFORE_ALL = '0';
/** Time after which changes that were sent are confirmed in the store, although more of the page are to be sent, ms. */
const CONFIRM_MS = 200;
/** The lease is longer than the longest try by this, ms. */
const LEASE_MARGIN_MS = 5000;
const CLOSE_MS = 200;

export class Notifier {
  private readonly logger: Logger;
  private readonly abort = new AbortController();
  private running: Promise<void> | null = null;
  private stopping = false;
  private endPause: (() => void) | null = null;
  private woken = false;
  private readonly retries: Retries;
  private readonly open: OpenAlerts;
  private refusals = 0;
  private lastReason = '';
  private storeProblem = '';
  private seen: Omit<NotifierStatus, 'problem'> = { pending: 0, oldest: null, kept: 0 };
  /** When the oldest change that waits is settled; monotonic, ms. */
  private settledAt = 0;

  constructor(
    private readonly target: Target,
    private readonly options: NotifierOptions,
    private readonly filter: Filter = EVERYTHING,
  ) {
    this.logger = options.logger.child({ target: target.name });
    this.retries = new Retries(options.limits.longestPause);
    this.open = new OpenAlerts(target, options, {
      wants: (alert) => this.wants(alert),
      send: async (change) => !this.stopping && (await this.send(change)) !== null,
      failed: (attempt) => this.retries.failed(attempt),
      signal: this.abort.signal,
    });
    options.metrics.add(target.name);
  }

  /** From now on changes are sent to the target. Call this, and wait for it, before anything is committed. @throws StoreUnavailable */
  register(): Promise<void> {
    return this.options.store.alertStream.addTarget(this.target.name);
  }

  /** As the store said at the last round. */
  get status(): NotifierStatus {
    return { ...this.seen, problem: this.lastReason || null };
  }

  start(): void {
    this.running ??= this.run();
  }

  /** There may be a change to send. */
  wake(): void {
    this.woken = true;
    if (!this.settling || this.stopping) this.endPause?.();
  }

  private get settling(): boolean {
    return this.settledAt > performance.now();
  }

  /** A try under way has `graceMs` to end. Another replica sends the changes that are left, or this one after its next start. */
  async close(graceMs: number): Promise<void> {
    this.stopping = true;
    this.wake();
    await within(graceMs, this.running);
    this.abort.abort();
    await within(CLOSE_MS, this.running);
    await this.target.close();
  }

  private async run(): Promise<void> {
    const { store, holder } = this.options;
    while (!this.stopping) {
      this.woken = false;
      let more = false;
      try {
        more = await this.round();
        this.storeProblem = '';
      } catch (error) {
        const { message } = error as Error;
        // The pipeline logs that the store is away.
        const level = error instanceof StoreUnavailable || message === this.storeProblem ? 'debug' : 'error';
        this.logger[level]({ err: error }, 'alert changes cannot be read; trying again');
        this.storeProblem = message;
      }
      if (!more) await this.pause();
    }
    await store.alertStream.release(this.target.name, holder).catch(() => {});
  }

  private pause(): Promise<void> {
    const { settling } = this;
    if (this.woken && this.storeProblem === '' && (!settling || this.stopping)) return Promise.resolve();
    return new Promise((resolve) => {
      const waits = [this.retries.at, this.settledAt]
        .map((at) => at - performance.now())
        .filter((ms) => ms > 0);
      const timer = setTimeout(resolve, Math.min(settling ? UNSETTLED_POLL_MS : POLL_MS, ...waits));
      this.endPause = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  /** @returns whether there is more to send at once */
  private async round(): Promise<boolean> {
    const { store, holder, metrics, limits } = this.options;
    const { name } = this.target;
    const limit = performance.now() < this.retries.at ? 0 : PAGE;
    const lease = limits.timeout + LEASE_MARGIN_MS;
    const backlog = await store.alertStream.backlog(name, holder, lease, limit);
    const { entries, pending, oldest, lost, due, kept } = backlog;
    this.seen = { pending, oldest, kept };
    metrics.waiting(name, pending, oldest, kept);
    if (lost > 0) {
      metrics.ended(name, 'expired', lost);
      this.logger.error(
        { changes: lost },
        'alert changes were older than RETENTION before they could be told',
      );
    }
    if (!entries || limit === 0) return false;
    // What the target is told now may decide whether the entries are sent, so the next round reads the entries again.
    if (due > 0) return this.sendDue();
    if (entries.length === 0) {
      await this.open.check();
      return false;
    }
    return (await this.sendEntries(entries, backlog.now)) && entries.length === PAGE;
  }

  /**
   * The cursor stays before a change that is not settled yet. Later changes of other alerts are sent all the same: the store
   * remembers of each alert what the target was told.
   * @param readAt when the entries were read, on the store's clock, ms
   * @returns whether the cursor has passed all of them
   */
  private async sendEntries(entries: readonly StreamedAlert[], readAt: number): Promise<boolean> {
    const { limits, now } = this.options;
    let done: StreamedAlert | null = null;
    let confirmedAt = performance.now();
    /** What the target was told on this page, by alert. */
    const known = new Map<string, string>();
    const unsaved = new Map<string, string>();
    const confirm = async () => {
      confirmedAt = performance.now();
      return this.confirm(done, unsaved);
    };
    const unsettled = new Set<string>();
    const expired: StreamedAlert[] = [];
    for (const entry of entries) {
      if (this.stopping || (performance.now() - confirmedAt > CONFIRM_MS && !(await confirm()))) break;
      const { id } = entry.alert;
      const early = settlingTime(entry, limits.settle) - (readAt - entry.at);
      if (early > 0 || unsettled.has(id)) {
        if (unsettled.size === 0) this.settledAt = Number.POSITIVE_INFINITY;
        this.settledAt = Math.min(this.settledAt, performance.now() + early);
        unsettled.add(id);
        continue;
      }
      const { send, told } = decide(
        { ...entry, told: known.get(id) ?? entry.told },
        { wants: (alert) => this.wants(alert), settled: limits.settle > 0 },
      );
      const late = send && now() - entry.at > limits.maxAge;
      if (late) expired.push(entry);
      else if (send && (await this.send(entry)) === null) break;
      if (told !== undefined && !late) {
        known.set(id, told);
        unsaved.set(id, told);
      }
      if (unsettled.size === 0) done = entry;
      this.refusals = 0;
    }
    await this.keepExpired(expired);
    await confirm();
    return done === entries.at(-1);
  }

  /** @param done the cursor moves to this entry; null: the cursor stays @returns false if the lease is lost */
  private async confirm(done: StreamedAlert | null, told: Map<string, string>): Promise<boolean> {
    if (!done && told.size === 0) return true;
    const { store, holder, limits } = this.options;
    const lease = limits.timeout + LEASE_MARGIN_MS;
    const position = done?.position ?? BEFORE_ALL;
    const held = await store.alertStream.confirm(this.target.name, holder, lease, position, told);
    told.clear();
    return held;
  }

  private wants(alert: Alert): boolean {
    return passes(this.filter, alert) && !this.options.isMuted(alert);
  }

  /** Sends the changes that are due outside the order of the stream. @returns whether all that were read were sent or given up */
  private async sendDue(): Promise<boolean> {
    const { keptAlerts } = this.options.store;
    const { name } = this.target;
    const changes = await keptAlerts.due(name, PAGE);
    for (const change of changes) {
      const end = this.stopping ? null : await this.send(change);
      if (end === null) return false;
      this.refusals = 0;
      const { alert, final } = change;
      if (end === 'sent')
        await keptAlerts.remove(name, [keptKey(change)], final ? undefined : toldMap(alert));
    }
    return true;
  }

  /** Tries once. @returns null: try it again later */
  private async send(change: Pick<KeptAlert, 'alert' | 'at' | 'final'>): Promise<'sent' | 'kept' | null> {
    const { metrics, limits, unitOf } = this.options;
    const { name } = this.target;
    const { id, revision } = change.alert;
    const attempt = await this.target.send(notification(change, unitOf(change.alert)), this.abort.signal);
    if (attempt.result === 'delivered') {
      metrics.ended(name, 'delivered');
      const failures = this.retries.end();
      if (failures > 0) this.logger.info({ id, revision, failures }, 'alert changes get through again');
      this.lastReason = '';
      return 'sent';
    }
    if (this.stopping) return null;
    const { reason } = attempt;
    if (attempt.result === 'refused' && ++this.refusals >= limits.maxAttempts) {
      await this.keep(change, reason);
      metrics.ended(name, 'refused');
      this.logger.error(
        { id, revision, attempts: this.refusals, reason },
        'alert change given up and kept: the receiver refuses it (vigia alert kept)',
      );
      this.retries.end();
      return 'kept';
    }
    metrics.ended(name, 'failed');
    const pause = this.retries.failed(attempt);
    const level = reason === this.lastReason ? 'debug' : 'warn';
    this.logger[level](
      { id, revision, reason, retryMs: Math.round(pause) },
      'alert change not delivered; trying again',
    );
    this.lastReason = reason;
    return null;
  }

  private async keep(change: Pick<KeptAlert, 'alert' | 'at' | 'final'>, reason: string): Promise<void> {
    const { store, metrics, now } = this.options;
    const { name } = this.target;
    const { alert, at, final } = change;
    const kept = { alert, at, reason, keptAt: now(), ...(final && { final }) };
    const dropped = await store.keptAlerts.keep(name, kept);
    if (dropped > 0) {
      metrics.ended(name, 'dropped', dropped);
      this.logger.error({ changes: dropped }, 'kept alert changes dropped: there are too many of them');
    }
  }

  private async keepExpired(expired: readonly StreamedAlert[]): Promise<void> {
    if (expired.length === 0) return;
    const { metrics, limits } = this.options;
    for (const change of expired) await this.keep(change, 'older than ALERT_MAX_AGE');
    metrics.ended(this.target.name, 'expired', expired.length);
    const { id, revision } = expired[0]!.alert;
    this.logger.error(
      { changes: expired.length, id, revision, maxAgeMs: limits.maxAge },
      'alert changes given up and kept: older than ALERT_MAX_AGE',
    );
  }
}

async function within(ms: number, promise: Promise<void> | null): Promise<void> {
  const finished = new AbortController();
  await Promise.race([promise, delay(ms, undefined, { signal: finished.signal }).catch(() => {})]);
  finished.abort();
}
