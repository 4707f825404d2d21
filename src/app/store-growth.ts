/**
 * Says days ahead when the store will be full. How much it holds is written into the store every ten minutes, so that a
 * process knows the growth of the last day at its start. All replicas add to one list; who comes second leaves it as it is.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import { Gauge, type Registry } from 'prom-client';
import { spokenDuration } from '../domain/duration.ts';
import type { Store, StoreMemory } from '../store/store.ts';

export interface StoreGrowthOptions {
  readonly store: Pick<Store, 'documents' | 'memory' | 'disk'>;
  readonly registry: Registry;
  readonly logger: Logger;
  /** ms UTC */
  readonly now: () => number;
}

const DOCUMENT = 'store-growth';
const EVERY_MS = 600_000;
const HOUR_MS = 3_600_000;
const RETRY_MS = 60_000;
/** The growth is that of this time, ms. */
const WINDOW_MS = 86_400_000;
/** The log says it so long before the store is full, ms. */
const WARN_MS = 14 * 86_400_000;
const WARN_EVERY_MS = 86_400_000;

/** When, ms UTC, and how many bytes the store held. */
type Measured = readonly [at: number, used: number];

export class StoreGrowth {
  /** Until the store is full, ms: infinite where it does not grow; null: not known. */
  private left: number | null = null;
  private warnedAt = Number.NEGATIVE_INFINITY;

  constructor(private readonly options: StoreGrowthOptions) {
    const left = () => this.left;
    new Gauge({
      name: 'vigia_store_full_in_seconds',
      help: 'When the store is full if it goes on to grow as in the last day, +Inf where it does not grow.',
      registers: [options.registry],
      collect() {
        const ms = left();
        if (ms === null) this.remove();
        else this.set(ms / 1000);
      },
    });
  }

  async follow(signal: AbortSignal): Promise<void> {
    const { store, logger } = this.options;
    if (!store.memory && !store.disk) return;
    while (!signal.aborted) {
      let pause = EVERY_MS;
      try {
        await this.look();
      } catch (error) {
        pause = RETRY_MS;
        logger.debug({ err: error }, 'how much the store holds is not known');
      }
      await delay(pause, undefined, { signal, ref: false }).catch(() => {});
    }
  }

  /** Measures, and forecasts. @throws StoreUnavailable, or VigiaError where the user of the store may not ask */
  async look(): Promise<void> {
    const { store, now } = this.options;
    const room = await (store.memory?.() ?? store.disk?.());
    if (!room) return;
    const at = now();
    const stored = await store.documents.get(DOCUMENT);
    const recent = parsed(stored?.content).filter(([time]) => time > at - WINDOW_MS && time <= at);
    const newest = recent.at(-1)?.[0] ?? Number.NEGATIVE_INFINITY;
    if (at - newest >= EVERY_MS / 2) {
      const revision = (stored?.revision ?? 0) + 1;
      const content = JSON.stringify([...recent, [at, room.used]]);
      await store.documents.put(DOCUMENT, { revision, content }, stored?.revision ?? 0);
    }
    this.left = timeLeft(recent, at, room);
    this.warn(at, room);
  }

  private warn(at: number, { used, max }: StoreMemory): void {
    if (this.left === null || this.left > WARN_MS || at - this.warnedAt < WARN_EVERY_MS) return;
    this.warnedAt = at;
    const time = spokenDuration(this.left);
    this.options.logger.warn(
      { usedBytes: used, maxBytes: max },
      `the store is full in ${time} if it goes on to grow as in the last day: give it more room, or shorten RETENTION, RETENTION_1M or RETENTION_1H (vigia doctor --size)`,
    );
  }
}

/**
 * The lesser growth of the last day and of the last hour counts: neither new series, which take most at their first reading, nor
 * a busy hour raises an alarm.
 * @returns ms; infinite where the store does not grow or has no limit; null where less than an hour is known
 */
function timeLeft(recent: readonly Measured[], at: number, { used, max }: StoreMemory): number | null {
  if (max === 0) return Number.POSITIVE_INFINITY;
  const hourAgo = recent.findLast(([time]) => time <= at - HOUR_MS);
  if (!hourAgo) return null;
  // Of a store that was emptied, the least that it has held.
  const least = recent.reduce((found, one) => (one[1] < found[1] ? one : found));
  const growth = [hourAgo, least].map(([time, held]) => (used - held) / (at - time));
  const slowest = Math.min(...growth);
  return slowest > 0 ? Math.max(0, max - used) / slowest : Number.POSITIVE_INFINITY;
}

function parsed(content: string | undefined): Measured[] {
  if (content === undefined) return [];
  try {
    return JSON.parse(content) as Measured[];
  } catch {
    return [];
  }
}
