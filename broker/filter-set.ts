/**
 * What one client, or one persistent session, is subscribed to, bounded for itself and together with the others of its
 * owner.
 */
import type { QoS } from './message.ts';

export interface SubscriptionLimits {
  /** Of one client. */
  readonly maxSubscriptions: number;
  /** Of all clients, present and absent, of one user; where clients have no user names, of one address. */
  readonly maxUserSubscriptions: number;
}

/** How many subscriptions each owner has. */
export class SubscriptionCounts {
  private readonly byOwner = new Map<string, number>();

  constructor(private readonly limits: SubscriptionLimits) {}

  of(owner: string): FilterSet {
    const { maxSubscriptions, maxUserSubscriptions } = this.limits;
    const room = (size: number) => {
      if (size >= maxSubscriptions) return 'subscriptions-of-client';
      return this.total(owner) >= maxUserSubscriptions ? 'subscriptions-of-user' : null;
    };
    return new FilterSet(room, (change) => {
      const total = this.total(owner) + change;
      if (total > 0) this.byOwner.set(owner, total);
      else this.byOwner.delete(owner);
    });
  }

  /** Subscriptions of one owner. */
  total(owner: string): number {
    return this.byOwner.get(owner) ?? 0;
  }
}

export class FilterSet {
  private readonly granted = new Map<string, QoS>();
  private unqueued = 0;

  constructor(
    private readonly room: (size: number) => 'subscriptions-of-client' | 'subscriptions-of-user' | null,
    private readonly count: (change: number) => void,
  ) {}

  get size(): number {
    return this.granted.size;
  }

  /** Whether there is a filter of QoS 0. */
  get hasUnqueued(): boolean {
    return this.unqueued > 0;
  }

  has(filter: string): boolean {
    return this.granted.has(filter);
  }

  filters(): Iterable<string> {
    return this.granted.keys();
  }

  entries(): Iterable<readonly [filter: string, qos: QoS]> {
    return this.granted.entries();
  }

  /** Subscribes, or changes the QoS. @returns which bound is in the way, or null */
  add(filter: string, qos: QoS): 'subscriptions-of-client' | 'subscriptions-of-user' | null {
    const before = this.granted.get(filter);
    if (before === undefined) {
      const full = this.room(this.granted.size);
      if (full) return full;
      this.count(1);
    }
    this.unqueued += Number(qos === 0) - Number(before === 0);
    this.granted.set(filter, qos);
    return null;
  }

  delete(filter: string): void {
    const before = this.granted.get(filter);
    if (before === undefined) return;
    this.granted.delete(filter);
    this.unqueued -= Number(before === 0);
    this.count(-1);
  }

  clear(): void {
    this.count(-this.granted.size);
    this.granted.clear();
    this.unqueued = 0;
  }
}
