/**
 * Which clients with a persistent session are absent, since when, and whose session goes when there are too many. One that
 * holds nothing goes before one that is subscribed; among those the longest absent goes first.
 */
import type { SessionLimits } from './limits.ts';

interface Absent {
  readonly since: number;
  readonly owner: string;
  readonly empty: boolean;
}

export class AbsentSessions {
  /** The longest absent first. */
  private readonly subscribed = new Map<string, Absent>();
  private readonly empty = new Map<string, Absent>();
  private readonly byOwner = new Map<string, number>();

  constructor(private readonly limits: SessionLimits) {}

  /** @param empty it has no subscriptions @param now ms, monotonic */
  add(clientId: string, owner: string, empty: boolean, now: number): void {
    this.remove(clientId);
    (empty ? this.empty : this.subscribed).set(clientId, { since: now, owner, empty });
    this.byOwner.set(owner, this.of(owner) + 1);
  }

  remove(clientId: string): void {
    const absent = this.empty.get(clientId) ?? this.subscribed.get(clientId);
    if (!absent) return;
    (absent.empty ? this.empty : this.subscribed).delete(clientId);
    const left = this.of(absent.owner) - 1;
    if (left > 0) this.byOwner.set(absent.owner, left);
    else this.byOwner.delete(absent.owner);
  }

  /** ms, monotonic; null where the client is not absent */
  since(clientId: string): number | null {
    return (this.empty.get(clientId) ?? this.subscribed.get(clientId))?.since ?? null;
  }

  /**
   * Whose session ends because there are too many, in all or of one owner; null while there is room.
   * @param except whose session has just begun to be absent, and stays
   */
  surplus(owner: string, except: string): string | null {
    const { maxUserSessions, maxSessions } = this.limits;
    if (this.of(owner) > maxUserSessions)
      return this.first((id, absent) => absent.owner === owner && id !== except);
    return this.empty.size + this.subscribed.size > maxSessions ? this.first((id) => id !== except) : null;
  }

  /** Whose client has been absent for too long; null if none. */
  expired(now: number): string | null {
    for (const absent of [this.empty, this.subscribed])
      for (const [clientId, { since }] of absent) {
        if (now - since >= this.limits.sessionExpiryMs) return clientId;
        break;
      }
    return null;
  }

  private of(owner: string): number {
    return this.byOwner.get(owner) ?? 0;
  }

  private first(which: (clientId: string, absent: Absent) => boolean): string | null {
    for (const absents of [this.empty, this.subscribed])
      for (const [clientId, absent] of absents) if (which(clientId, absent)) return clientId;
    return null;
  }
}
