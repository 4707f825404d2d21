/**
 * Tells one target of alert changes, in the order of the stream, at least once: the cursor in the store moves on when
 * the target has taken a change or it is given up. Whichever replica holds the lease does it. Nothing else waits for it,
 * and a target that is down delays only itself.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import { StoreUnavailable } from '../errors.ts';
import type { AlertStreamStore, StreamedAlert } from '../store/store.ts';
import type { DeliveryMetrics } from './delivery-metrics.ts';
import { notification } from './notification.ts';
import type { Target } from './target.ts';

export interface DeliveryLimits {
  /** How long one try may take, ms. */
  readonly timeout: number;
  /** After so many refusals a change is given up. */
  readonly maxAttempts: number;
  /** A change older than this is not told any more, ms. */
  readonly maxAge: number;
  /** Longest pause between tries, ms. */
  readonly longestPause: number;
}

export interface DeliveryOptions {
  readonly store: AlertStreamStore;
  /** Unique per process. */
  readonly holder: string;
  readonly limits: DeliveryLimits;
  /** Unit per metric; asked for at each try, because it may change. */
  readonly units: () => Readonly<Record<string, string>>;
  readonly metrics: DeliveryMetrics;
  readonly logger: Logger;
  /** ms UTC */
  readonly now: () => number;
}

/** How soon changes that other processes have committed are seen, ms. */
const POLL_MS = 500;
const PAGE = 100;
/** Most time between a change being told and its confirmation, if the next one is told in time, ms. */
const CONFIRM_MS = 200;
const FIRST_PAUSE_MS = 1000;
/** The lease outlives the longest try by this, ms. */
const LEASE_MARGIN_MS = 5000;
const CLOSE_MS = 200;

export class Delivery {
  private readonly logger: Logger;
  private readonly abort = new AbortController();
  private running: Promise<void> | null = null;
  private stopping = false;
  private endPause: (() => void) | null = null;
  private woken = false;
  /** Monotonic, ms; no try before. */
  private retryAt = 0;
  private failures = 0;
  private refusals = 0;
  private lastReason = '';
  private storeProblem = '';

  constructor(
    private readonly target: Target,
    private readonly options: DeliveryOptions,
  ) {
    this.logger = options.logger.child({ target: target.name });
    options.metrics.add(target.name);
  }

  /** Changes from now on are told. To be called, and awaited, before anything is committed. @throws StoreUnavailable */
  register(): Promise<void> {
    return this.options.store.addTarget(this.target.name);
  }

  start(): void {
    this.running ??= this.run();
  }

  /** There may be something to tell. */
  wake(): void {
    this.woken = true;
    this.endPause?.();
  }

  /** A try under way has `graceMs` to end; what is not told is told by another replica or after the next start. */
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
        // That the store is away is logged by whoever waits for it to take readings.
        const level = error instanceof StoreUnavailable || message === this.storeProblem ? 'debug' : 'error';
        this.logger[level]({ err: error }, 'alert changes cannot be read; trying again');
        this.storeProblem = message;
      }
      if (!more) await this.pause();
    }
    await store.release(this.target.name, holder).catch(() => {});
  }

  private pause(): Promise<void> {
    if (this.woken && this.storeProblem === '') return Promise.resolve();
    return new Promise((resolve) => {
      const untilRetry = this.retryAt - performance.now();
      const timer = setTimeout(resolve, untilRetry > 0 ? Math.min(untilRetry, POLL_MS) : POLL_MS);
      this.endPause = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  /** @returns whether there is more to tell at once */
  private async round(): Promise<boolean> {
    const { store, holder, metrics, limits } = this.options;
    const { name } = this.target;
    const limit = performance.now() < this.retryAt ? 0 : PAGE;
    const lease = limits.timeout + LEASE_MARGIN_MS;
    const { entries, pending, oldest, lost } = await store.backlog(name, holder, lease, limit);
    metrics.waiting(name, pending, oldest);
    if (lost > 0) {
      metrics.ended(name, 'expired', lost);
      this.logger.error(
        { changes: lost },
        'alert changes were older than RETENTION before they could be told',
      );
    }
    if (!entries || entries.length === 0) return false;

    let told: StreamedAlert | null = null;
    let confirmedAt = performance.now();
    const confirm = async () => {
      confirmedAt = performance.now();
      return !told || (await store.confirm(name, holder, lease, told.position));
    };
    const expired: StreamedAlert[] = [];
    for (const entry of entries) {
      if (this.stopping || (performance.now() - confirmedAt > CONFIRM_MS && !(await confirm()))) break;
      if (entry.news && this.options.now() - entry.at > limits.maxAge) expired.push(entry);
      else if (entry.news && !(await this.tell(entry))) break;
      told = entry;
      this.refusals = 0;
    }
    this.countExpired(expired);
    await confirm();
    return told === entries.at(-1) && entries.length === PAGE;
  }

  /** @returns whether this change is done with: told, or given up */
  private async tell(entry: StreamedAlert): Promise<boolean> {
    const { metrics, limits, units } = this.options;
    const { name } = this.target;
    const { id, revision } = entry.alert;
    const attempt = await this.target.send(notification(entry, units()), this.abort.signal);
    if (attempt.result === 'delivered') {
      metrics.ended(name, 'delivered');
      if (this.failures > 0)
        this.logger.info({ id, revision, failures: this.failures }, 'alert changes get through again');
      this.failures = 0;
      this.lastReason = '';
      return true;
    }
    if (this.stopping) return false;
    const { reason } = attempt;
    if (attempt.result === 'refused' && ++this.refusals >= limits.maxAttempts) {
      metrics.ended(name, 'refused');
      this.logger.error(
        { id, revision, attempts: this.refusals, reason },
        'alert change given up: the receiver refuses it',
      );
      this.failures = 0;
      return true;
    }
    metrics.ended(name, 'failed');
    this.failures++;
    const pause = Math.max(
      Math.min(FIRST_PAUSE_MS * 2 ** Math.min(this.failures - 1, 20), limits.longestPause) *
        (0.5 + Math.random() / 2),
      Math.min((attempt.result === 'failed' && attempt.retryAfter) || 0, limits.longestPause),
    );
    this.retryAt = performance.now() + pause;
    const level = reason === this.lastReason ? 'debug' : 'warn';
    this.logger[level](
      { id, revision, reason, retryMs: Math.round(pause) },
      'alert change not delivered; trying again',
    );
    this.lastReason = reason;
    return false;
  }

  private countExpired(expired: readonly StreamedAlert[]): void {
    if (expired.length === 0) return;
    const { metrics, limits } = this.options;
    metrics.ended(this.target.name, 'expired', expired.length);
    const { id, revision } = expired[0]!.alert;
    this.logger.error(
      { changes: expired.length, id, revision, maxAgeMs: limits.maxAge },
      'alert changes given up: older than ALERT_MAX_AGE',
    );
  }
}

async function within(ms: number, promise: Promise<void> | null): Promise<void> {
  const finished = new AbortController();
  await Promise.race([promise, delay(ms, undefined, { signal: finished.signal }).catch(() => {})]);
  finished.abort();
}
