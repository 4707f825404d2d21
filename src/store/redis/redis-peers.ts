/**
 * Live messages between replicas. A replica that listens says so every few seconds on the channel `wanted`, which all
 * subscribe to; while none does, nothing is sent, and who does not listen is not sent to.
 */
import { randomBytes } from 'node:crypto';
import type { Peers, PubSub } from '../store.ts';

const MESSAGES = 'live';
const WANTED = 'live:wanted';
const WANTED_EVERY_MS = 4_000;
/** Two announcements may be lost. */
const WANTED_FOR_MS = 13_000;

export class RedisPeers implements Peers {
  private readonly id = randomBytes(8).toString('hex');
  private listener: ((message: string) => void) | null = null;
  private begun = false;
  private timer: NodeJS.Timeout | null = null;
  private unsubscribe: (() => void) | null = null;
  /** Of the last announcement by another replica, by the monotonic clock. */
  private heard = Number.NEGATIVE_INFINITY;

  constructor(private readonly pubSub: PubSub) {}

  get wanted(): boolean {
    return performance.now() - this.heard < WANTED_FOR_MS;
  }

  send(message: string): void {
    this.publish(MESSAGES, `${this.id}${message}`);
  }

  listen(listener: ((message: string) => void) | null): void {
    const began = !this.listener && listener !== null;
    const ended = this.listener !== null && listener === null;
    this.listener = listener;
    if (!this.begun) this.begin();
    if (began) {
      this.unsubscribe = this.pubSub.subscribe(MESSAGES, (message) => {
        if (this.isForeign(message)) this.listener?.(message.slice(this.id.length));
      });
      this.announce();
    } else if (ended) this.unsubscribe?.();
  }

  close(): void {
    if (this.timer) clearInterval(this.timer);
  }

  private begin(): void {
    this.begun = true;
    this.pubSub.subscribe(WANTED, (message) => {
      if (this.isForeign(message)) this.heard = performance.now();
    });
    this.pubSub.onSubscribed((subscribed) => {
      if (subscribed) this.announce();
    });
    this.timer = setInterval(() => this.announce(), WANTED_EVERY_MS).unref();
  }

  private isForeign(message: string): boolean {
    return !message.startsWith(this.id);
  }

  private announce(): void {
    if (this.listener) this.publish(WANTED, this.id);
  }

  private publish(channel: string, message: string): void {
    this.pubSub.publish(channel, message).catch(() => undefined);
  }
}
