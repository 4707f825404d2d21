/** The last retained message of each topic, bounded: beyond the limits new topics get none, logged and counted. */
import type { PublishPacket } from 'aedes';
import type { Logger } from 'pino';
import type { RetainedLimits } from './limits.ts';
import { type Message, messageOf } from './message.ts';
import { RetainedTree } from './retained-tree.ts';

const LOG_EVERY_MS = 10_000;
/** Nodes that all searches together may look at before everything else has its turn. */
const LOOKS_PER_TURN = 2000;

export class RetainedMessages {
  private readonly tree = new RetainedTree();
  private count = 0;
  private bytes = 0;
  private refusedSince = 0;
  private reportedAt = Number.NEGATIVE_INFINITY;
  private refusals = 0;
  private looks = 0;
  private looksEver = 0;
  private turn: Promise<void> | null = null;

  constructor(
    private readonly limits: RetainedLimits,
    private readonly logger: Logger,
  ) {}

  get size(): number {
    return this.count;
  }

  /** Messages not kept since the start. */
  get refused(): number {
    return this.refusals;
  }

  /** Nodes that searches have looked at since the start. */
  get looked(): number {
    return this.looksEver;
  }

  /** An empty payload removes. What cannot be kept leaves nothing: an older value would pass for the current one. */
  set(packet: PublishPacket): void {
    const before = this.tree.get(packet.topic);
    const kept = packet.payload.length === 0 ? null : messageOf(packet);
    const { maxRetainedMessages, maxRetainedBytes } = this.limits;
    const count = this.count - Number(before !== null);
    const bytes = this.bytes - (before?.bytes ?? 0);
    const fits = kept && count < maxRetainedMessages && bytes + kept.bytes <= maxRetainedBytes;
    if (fits) this.tree.set(kept);
    else if (before) this.tree.delete(packet.topic);
    this.count = count + (fits ? 1 : 0);
    this.bytes = bytes + (fits ? kept.bytes : 0);
    if (kept && !fits) this.refuse();
  }

  /** Each message once, also if several filters are for it. @param wanted asked before each message; false ends it */
  async *match(filters: readonly string[], wanted: () => boolean = () => true): AsyncGenerator<Message> {
    const seen = filters.length > 1 ? new Set<string>() : null;
    for (const filter of filters) {
      for (const message of this.tree.find(filter)) {
        this.looksEver++;
        while (++this.looks > LOOKS_PER_TURN) await this.nextTurn();
        if (!wanted()) return;
        if (!message || seen?.has(message.topic)) continue;
        seen?.add(message.topic);
        yield message;
      }
    }
  }

  private nextTurn(): Promise<void> {
    this.turn ??= new Promise((resolve) =>
      setImmediate(() => {
        this.turn = null;
        this.looks = 0;
        resolve();
      }),
    );
    return this.turn;
  }

  private refuse(): void {
    this.refusals++;
    this.refusedSince++;
    if (performance.now() - this.reportedAt < LOG_EVERY_MS) return;
    this.reportedAt = performance.now();
    this.logger.warn(
      { refused: this.refusedSince, kept: this.size },
      'retained MQTT messages not kept: no room',
    );
    this.refusedSince = 0;
  }
}
