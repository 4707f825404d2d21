/**
 * The audit log: in the store, for `GET /api/audit` and `vigia audit`, and in the JSON log. An act never waits for its
 * entry. A refusal that repeats is recorded at once and then once a minute with its count, so that a stranger can fill
 * neither the store nor the log.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { AuditEntry } from '../domain/audit.ts';
import type { AuditStore } from '../store/store.ts';

const MINUTE_MS = 60_000;
/** Different refusals that are told apart in one minute. Further ones are counted together. */
const MAX_REFUSALS = 1000;
/** Entries that wait for a store that does not answer. Further entries stand in the JSON log alone. */
const MAX_WAITING = 1000;

export type Act = Omit<AuditEntry, 'ts' | 'count'>;

export interface AuditOptions {
  readonly store: AuditStore;
  readonly logger: Logger;
  /** ms UTC */
  readonly now: () => number;
}

export class AuditLog {
  private waiting: AuditEntry[] = [];
  private writing: Promise<void> | null = null;
  /** By what they have in common: the last refusal, and how many more came since it was recorded. */
  private readonly repeated = new Map<string, { act: Act; more: number }>();
  private readonly timer: NodeJS.Timeout;

  constructor(private readonly options: AuditOptions) {
    this.timer = setInterval(() => this.recordRepeated(), MINUTE_MS);
    this.timer.unref();
  }

  record(act: Act): void {
    if (act.outcome !== 'refused') {
      this.write(act, 1);
      return;
    }
    const own = JSON.stringify([act.address, act.actor, act.action, act.status]);
    const known = this.repeated.get(own);
    if (!known && this.repeated.size < MAX_REFUSALS) {
      this.repeated.set(own, { act, more: 0 });
      this.write(act, 1);
      return;
    }
    const others = {
      act: { ...act, actor: null, address: 'several', action: 'several', target: '' },
      more: 0,
    };
    const one = known ?? this.repeated.get('') ?? others;
    if (!known) this.repeated.set('', one);
    else one.act = act;
    one.more++;
  }

  /** Records what is counted, and waits for the store at most `deadline` ms. */
  async close(deadline: number): Promise<void> {
    clearInterval(this.timer);
    this.recordRepeated();
    await Promise.race([this.writing, delay(deadline, undefined, { ref: false })]);
  }

  private recordRepeated(): void {
    for (const { act, more } of this.repeated.values()) if (more > 0) this.write(act, more);
    this.repeated.clear();
  }

  private write(act: Act, count: number): void {
    const { logger, now } = this.options;
    const { requestId, ...rest } = act;
    const level = act.outcome === 'done' ? 'info' : 'warn';
    logger[level]({ requestId, audit: { ...rest, count } }, `audit: ${act.action} ${act.outcome}`);
    if (this.waiting.length < MAX_WAITING) this.waiting.push({ ts: now(), ...act, count });
    this.writing ??= this.writeWaiting().finally(() => {
      this.writing = null;
    });
  }

  private async writeWaiting(): Promise<void> {
    while (this.waiting.length > 0) {
      const entries = this.waiting;
      this.waiting = [];
      try {
        await this.options.store.add(entries);
      } catch (error) {
        this.options.logger.warn({ err: error, entries: entries.length }, 'audit entries are not stored');
      }
    }
  }
}
