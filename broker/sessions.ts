/**
 * The persistent sessions of all clients, in memory. Those of absent clients are bounded in number and age: MQTT 3.1.1 has
 * no way for a client to say how long it wants to be remembered.
 */
import type { Logger } from 'pino';
import { AbsentSessions } from './absent-sessions.ts';
import type { ClientLink } from './client-link.ts';
import type { SubscriptionCounts } from './filter-set.ts';
import { FilterTree } from './filter-tree.ts';
import type { SessionLimits, WindowLimits } from './limits.ts';
import type { Message, QoS } from './message.ts';
import type { QueueMemory } from './queue-memory.ts';
import { Session } from './session.ts';
import type { SharedGroups } from './shared-groups.ts';
import { isShared } from './topic-filter.ts';

export class Sessions {
  private readonly sessions = new Map<string, Session>();
  private readonly tree = new FilterTree();
  private readonly absent: AbsentSessions;
  /** Who gets messages of the topic that was asked for last. */
  private lastMatch: { readonly topic: string; readonly found: Map<string, QoS> } | null = null;

  /**
   * @param groups hears whose session has ended
   * @param counts of subscriptions
   */
  constructor(
    private readonly groups: Pick<SharedGroups, 'forget'>,
    private readonly counts: SubscriptionCounts,
    private readonly memory: QueueMemory,
    private readonly limits: SessionLimits & WindowLimits,
    private readonly logger: Logger,
  ) {
    this.absent = new AbsentSessions(limits);
  }

  /** Those that are subscribed to something. */
  get size(): number {
    let count = 0;
    for (const { filters } of this.sessions.values()) if (filters.size > 0) count++;
    return count;
  }

  /** Messages in all sessions, waiting and unacknowledged. */
  get messages(): number {
    let count = 0;
    for (const { queue } of this.sessions.values()) count += queue.length + queue.inFlight;
    return count;
  }

  /** By the id under which the broker keeps the client. */
  entries(): Iterable<[clientId: string, session: Session]> {
    return this.sessions.entries();
  }

  /** Since when its client is absent, ms UTC; null where it is connected. */
  absentSince(clientId: string): number | null {
    const since = this.absent.since(clientId);
    return since === null ? null : Math.round(Date.now() - (performance.now() - since));
  }

  get(clientId: string): Session | undefined {
    return this.sessions.get(clientId);
  }

  /**
   * The session of a client that connects, a new one if need be.
   * @param clientId under which the broker keeps the client @param name as the client calls itself, for the log
   */
  open(clientId: string, name: string, owner: string): Session {
    const existing = this.sessions.get(clientId);
    if (existing) return existing;
    const session = new Session(name, owner, this.counts.of(owner), this.memory, this.limits);
    this.sessions.set(clientId, session);
    this.setAbsent(clientId, session);
    return session;
  }

  /** What the session's filters have taken up; a malformed shared one is left out. */
  subscribe(clientId: string, filter: string, qos: QoS): void {
    if (isShared(filter)) return;
    this.lastMatch = null;
    if (qos > 0) this.tree.add(filter, clientId, qos);
    else this.tree.remove(filter, clientId);
  }

  unsubscribe(clientId: string, filters: readonly string[]): void {
    this.lastMatch = null;
    const session = this.sessions.get(clientId);
    for (const filter of filters) {
      session?.filters.delete(filter);
      this.tree.remove(filter, clientId);
    }
  }

  /** Who gets a message of QoS 1 or 2 on this topic, and with which QoS at most. */
  match(topic: string): ReadonlyMap<string, QoS> {
    // Asked for each subscriber of a message.
    if (this.lastMatch?.topic !== topic) this.lastMatch = { topic, found: this.tree.match(topic) };
    return this.lastMatch.found;
  }

  /** Whether messages of QoS 1 and 2 on this topic come from the client's queue; the others Aedes sends. */
  queues(clientId: string, topic: string): boolean {
    const session = this.sessions.get(clientId);
    return session !== undefined && (!session.filters.hasUnqueued || this.match(topic).has(clientId));
  }

  push(clientId: string, message: Message, qos: QoS): void {
    this.sessions.get(clientId)?.push(message, qos);
  }

  /** Its client is connected: the queue goes out to it. */
  attach(clientId: string, link: ClientLink): void {
    this.absent.remove(clientId);
    this.sessions.get(clientId)?.attach(link);
  }

  detach(clientId: string, link: ClientLink | null): void {
    const session = this.sessions.get(clientId);
    if (session?.detach(link)) this.setAbsent(clientId, session);
  }

  end(clientId: string): void {
    this.absent.remove(clientId);
    const session = this.sessions.get(clientId);
    if (session) {
      this.lastMatch = null;
      this.sessions.delete(clientId);
      for (const filter of session.filters.filters()) this.tree.remove(filter, clientId);
      session.filters.clear();
      session.queue.close();
    }
    this.groups.forget(clientId);
  }

  /** Ends the sessions whose clients have been absent for too long. */
  expire(now = performance.now()): void {
    for (let id = this.absent.expired(now); id !== null; id = this.absent.expired(now))
      this.forget(id, 'the client was absent for too long');
  }

  private setAbsent(clientId: string, { owner, filters }: Session): void {
    this.absent.add(clientId, owner, filters.size === 0, performance.now());
    const surplus = this.absent.surplus(owner, clientId);
    if (surplus !== null) this.forget(surplus, 'too many clients are absent');
  }

  private forget(clientId: string, reason: string): void {
    const session = this.sessions.get(clientId);
    const messages = session?.queue.length ?? 0;
    if (session?.filters.size)
      this.logger.warn({ clientId: session.name, messages }, `MQTT session ended: ${reason}`);
    this.end(clientId);
  }
}
