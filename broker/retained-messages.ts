/** The last retained message of each topic, bounded: beyond the limits new topics get none, logged and counted. */
import type { PublishPacket } from 'aedes';
import type { Logger } from 'pino';
import type { RetainedLimits } from './limits.ts';
import { type Message, messageOf } from './message.ts';
import { matchesFilter } from './topic-filter.ts';

const LOG_EVERY_MS = 10_000;

export class RetainedMessages {
  private readonly messages = new Map<string, Message>();
  private bytes = 0;
  private refusedSince = 0;
  private reportedAt = Number.NEGATIVE_INFINITY;
  private refusals = 0;

  constructor(
    private readonly limits: RetainedLimits,
    private readonly logger: Logger,
  ) {}

  get size(): number {
    return this.messages.size;
  }

  /** Messages not kept since the start. */
  get refused(): number {
    return this.refusals;
  }

  /** An empty payload removes. What cannot be kept leaves nothing: an older value would pass for the current one. */
  set(packet: PublishPacket): void {
    this.bytes -= this.messages.get(packet.topic)?.bytes ?? 0;
    this.messages.delete(packet.topic);
    if (packet.payload.length === 0) return;
    const message = messageOf(packet);
    const { maxRetainedMessages, maxRetainedBytes } = this.limits;
    if (this.messages.size >= maxRetainedMessages || this.bytes + message.bytes > maxRetainedBytes) {
      this.refuse();
      return;
    }
    this.messages.set(packet.topic, message);
    this.bytes += message.bytes;
  }

  *match(filters: readonly string[]): Generator<Message> {
    for (const filter of filters) {
      const exact = !/[+#]/.test(filter);
      if (exact) {
        const message = this.messages.get(filter);
        if (message) yield message;
        continue;
      }
      for (const message of this.messages.values()) if (matchesFilter(filter, message.topic)) yield message;
    }
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
