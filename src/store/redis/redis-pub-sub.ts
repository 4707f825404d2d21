/**
 * Messages between processes by Redis pub/sub: one connection of its own to hear, the connection for queries to send, so
 * that a commit never waits for either. On a Cluster any node will do: PUBLISH reaches the subscribers of all.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import type { Logger } from 'pino';
import type { PubSub } from '../store.ts';
import { checked } from './reply.ts';
import type { Server } from './server.ts';

const PING_EVERY_MS = 4_000;
const RECONNECT_MS = [50, 200, 1_000, 5_000] as const;

export class RedisPubSub implements PubSub {
  private readonly abort = new AbortController();
  private readonly listeners = new Map<string, (message: string) => void>();
  /** Who is to be told, and what each was told last. */
  private readonly hearing = new Map<(hears: boolean) => void, boolean>();
  private running: Promise<void> | null = null;
  private redis: Redis | null = null;
  /** Whether the channels of the time when the connection was made are subscribed to. */
  private hearsNow = false;
  /** Later subscriptions that the server has not confirmed yet. */
  private unconfirmed = 0;

  constructor(
    private readonly server: Server,
    private readonly logger: Logger,
    /** Pub/sub knows no databases; processes on another one share nothing with these. */
    private readonly db: number,
  ) {}

  async publish(name: string, message: string): Promise<number | null> {
    const channel = this.channel(name);
    const [reply] = await this.server.run([{ key: channel, args: ['PUBLISH', channel, message] }]);
    const receivers = Number(checked(reply, channel));
    return this.server.countsReceivers ? receivers : null;
  }

  subscribe(name: string, listener: (message: string) => void): () => void {
    const channel = this.channel(name);
    this.listeners.set(channel, listener);
    this.running ??= this.run();
    if (this.redis) void this.confirm(this.redis, channel);
    return () => {
      this.listeners.delete(channel);
      this.redis?.unsubscribe(channel).catch(() => undefined);
    };
  }

  onHearing(listener: (hears: boolean) => void): () => void {
    this.hearing.set(listener, false);
    this.tell();
    return () => this.hearing.delete(listener);
  }

  private async confirm(redis: Redis, channel: string): Promise<void> {
    this.unconfirmed++;
    try {
      await redis.subscribe(channel);
    } catch {
      // The next connection begins with all channels.
      redis.disconnect();
      return;
    }
    if (this.redis !== redis) return;
    this.unconfirmed--;
    this.tell();
  }

  /** What is sent in answer to one who has begun to hear must not come before the server knows that it does. */
  private tell(): void {
    const hears = this.hearsNow;
    for (const [listener, told] of this.hearing) {
      if (told === hears || (hears && this.unconfirmed > 0)) continue;
      this.hearing.set(listener, hears);
      listener(hears);
    }
  }

  private channel(name: string): string {
    return `vigia:${name}:${this.db}`;
  }

  async close(): Promise<void> {
    this.abort.abort();
    this.redis?.disconnect();
    await this.running;
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
        if (attempt === 0) this.logger.warn({ err: error }, 'other replicas cannot be heard; trying again');
      }
      const pause = RECONNECT_MS[Math.min(attempt++, RECONNECT_MS.length - 1)];
      await delay(pause, undefined, { signal, ref: false }).catch(() => undefined);
    }
  }

  /**
   * One connection from its beginning to its end, which is an error.
   * @param held told when it has lasted, so that a server that cuts it off at once is not called ever faster
   */
  private async subscribed(held: () => void): Promise<never> {
    const [primary] = await this.server.primaries();
    if (!primary) throw new Error('no primary is known');
    const redis = primary.node.subscriber();
    const ended = new AbortController();
    const signal = AbortSignal.any([this.abort.signal, ended.signal]);
    let problem: Error | null = null;
    redis.on('error', (error) => {
      problem = error;
    });
    redis.on('message', (channel, message) => this.listeners.get(channel)?.(message));
    // At once, and not at the next ping: who is not heard from must not be waited for.
    redis.on('close', () => {
      problem ??= new Error('connection closed by the server');
      this.hears(redis, false);
      ended.abort();
    });
    try {
      await redis.connect();
      this.redis = redis;
      this.unconfirmed = 0;
      if (this.listeners.size > 0) await redis.subscribe(...this.listeners.keys());
      this.hears(redis, true);
      for (;;) {
        await delay(PING_EVERY_MS, undefined, { signal, ref: false });
        // A connection that is gone without a word would stay silent for ever.
        await redis.ping();
        held();
      }
    } catch (error) {
      throw problem ?? error;
    } finally {
      this.hears(redis, false);
      redis.disconnect();
    }
  }

  private hears(redis: Redis, hears: boolean): void {
    if (this.redis !== redis) return;
    if (!hears) this.redis = null;
    this.hearsNow = hears;
    this.tell();
  }
}
