/**
 * Messages between replicas by Redis pub/sub, on a connection of their own. A replica that listens says so every few
 * seconds on the channel `wanted`, which all subscribe to; while none does, nothing is sent, and who does not listen is
 * not sent to. On a Cluster any node will do: PUBLISH reaches the subscribers of all.
 */
import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import type { Logger } from 'pino';
import type { Peers } from '../store.ts';
import type { Server } from './server.ts';

const WANTED_EVERY_MS = 4_000;
/** Two announcements may be lost. */
const WANTED_FOR_MS = 13_000;
const RECONNECT_MS = [50, 200, 1_000, 5_000] as const;

export class RedisPeers implements Peers {
  private readonly id = randomBytes(8).toString('hex');
  private readonly abort = new AbortController();
  private listener: ((message: string) => void) | null = null;
  private running: Promise<void> | null = null;
  private redis: Redis | null = null;
  /** Of the last announcement by another replica, by the monotonic clock. */
  private heard = Number.NEGATIVE_INFINITY;
  private readonly channels: { readonly wanted: string; readonly messages: string };

  constructor(
    private readonly server: Server,
    private readonly logger: Logger,
    db: number,
  ) {
    // Pub/sub knows no databases; replicas on another one share nothing with these.
    this.channels = { wanted: `vigia:live:wanted:${db}`, messages: `vigia:live:${db}` };
  }

  get wanted(): boolean {
    return performance.now() - this.heard < WANTED_FOR_MS;
  }

  send(message: string): void {
    this.publish(this.channels.messages, `${this.id}${message}`);
  }

  listen(listener: ((message: string) => void) | null): void {
    const began = !this.listener && listener !== null;
    const ended = this.listener !== null && listener === null;
    this.listener = listener;
    this.running ??= this.run();
    if (!this.redis) return;
    if (began) {
      this.redis.subscribe(this.channels.messages).catch(() => undefined);
      this.announce();
    } else if (ended) this.redis.unsubscribe(this.channels.messages).catch(() => undefined);
  }

  async close(): Promise<void> {
    this.abort.abort();
    this.redis?.disconnect();
    await this.running;
  }

  private announce(): void {
    if (this.listener) this.publish(this.channels.wanted, this.id);
  }

  /** By way of the connection for queries, so that a commit never waits for it. */
  private publish(channel: string, message: string): void {
    this.server.run([{ key: channel, args: ['PUBLISH', channel, message] }]).catch(() => undefined);
  }

  /** Stays subscribed, for ever, at whichever node is there. */
  private async run(): Promise<void> {
    const { signal } = this.abort;
    let attempt = 0;
    while (!signal.aborted) {
      try {
        await this.subscribed(() => {
          attempt = 0;
        });
      } catch (error) {
        if (signal.aborted) return;
        if (attempt === 0)
          this.logger.warn({ err: error }, 'no live readings of other replicas; trying again');
      }
      const pause = RECONNECT_MS[Math.min(attempt++, RECONNECT_MS.length - 1)];
      await delay(pause, undefined, { signal, ref: false }).catch(() => undefined);
    }
  }

  /** One connection from its beginning to its end, which is an error. */
  private async subscribed(began: () => void): Promise<never> {
    const [primary] = await this.server.primaries();
    if (!primary) throw new Error('no primary is known');
    const redis = primary.node.subscriber();
    let problem: Error | null = null;
    redis.on('error', (error) => {
      problem = error;
    });
    redis.on('message', (channel, message) => this.take(channel, message));
    try {
      await redis.connect();
      const { wanted, messages } = this.channels;
      this.redis = redis;
      await redis.subscribe(wanted, ...(this.listener ? [messages] : []));
      began();
      for (;;) {
        this.announce();
        await delay(WANTED_EVERY_MS, undefined, { signal: this.abort.signal, ref: false });
        // A connection that is gone without a word would stay silent for ever.
        await redis.ping();
      }
    } catch (error) {
      throw problem ?? error;
    } finally {
      this.redis = null;
      redis.disconnect();
    }
  }

  private take(channel: string, message: string): void {
    if (message.startsWith(this.id)) return;
    if (channel === this.channels.wanted) this.heard = performance.now();
    else this.listener?.(message.slice(this.id.length));
  }
}
