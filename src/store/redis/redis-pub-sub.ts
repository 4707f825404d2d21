/**
 * Messages between processes by Redis pub/sub. It receives on a connection of its own and sends on the connection for queries,
 * so that a commit never waits for either. On a Cluster any node will do: PUBLISH reaches the subscribers at all nodes.
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
  /** Listeners of `onSubscribed`, and what each was called with last. */
  private readonly watchers = new Map<(subscribed: boolean) => void, boolean>();
  private running: Promise<void> | null = null;
  private redis: Redis | null = null;
  /** Whether the channels that were known when the connection was made are subscribed to. */
  private subscribedNow = false;
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

  onSubscribed(listener: (subscribed: boolean) => void): () => void {
    this.watchers.set(listener, false);
    this.callWatchers();
    return () => this.watchers.delete(listener);
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
    this.callWatchers();
  }

  /**
   * Another process may send as soon as a listener has said that this one is subscribed. So no listener is called with true
   * before the server has confirmed every subscription.
   */
  private callWatchers(): void {
    const subscribed = this.subscribedNow;
    for (const [listener, last] of this.watchers) {
      if (last === subscribed || (subscribed && this.unconfirmed > 0)) continue;
      this.watchers.set(listener, subscribed);
      listener(subscribed);
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
        await this.connection(() => {
          attempt = 0;
        });
      } catch (error) {
        if (signal.aborted) return;
        if (attempt === 0)
          this.logger.warn({ err: error }, 'messages of other replicas cannot be received; trying again');
      }
      const pause = RECONNECT_MS[Math.min(attempt++, RECONNECT_MS.length - 1)];
      await delay(pause, undefined, { signal, ref: false }).catch(() => undefined);
    }
  }

  /**
   * One connection from its beginning to its end, which is an error.
   * @param held called when it has lasted for a while, so that the pauses stay long where the server cuts it off at once
   */
  private async connection(held: () => void): Promise<never> {
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
    // At once, and not at the next ping: nobody must wait for messages that cannot come.
    redis.on('close', () => {
      problem ??= new Error('connection closed by the server');
      this.setSubscribed(redis, false);
      ended.abort();
    });
    try {
      await redis.connect();
      this.redis = redis;
      this.unconfirmed = 0;
      if (this.listeners.size > 0) await redis.subscribe(...this.listeners.keys());
      this.setSubscribed(redis, true);
      for (;;) {
        await delay(PING_EVERY_MS, undefined, { signal, ref: false });
        // A connection that is gone without a word would stay silent for ever.
        await redis.ping();
        held();
      }
    } catch (error) {
      throw problem ?? error;
    } finally {
      this.setSubscribed(redis, false);
      redis.disconnect();
    }
  }

  private setSubscribed(redis: Redis, subscribed: boolean): void {
    if (this.redis !== redis) return;
    if (!subscribed) this.redis = null;
    this.subscribedNow = subscribed;
    this.callWatchers();
  }
}
