/**
 * The persistent sessions of all clients, in memory. Those of absent clients are bounded in number and age: MQTT 3.1.1 has
 * no way for a client to say how long it wants to be remembered.
 */
import type { Logger } from 'pino';
import type { ClientLink } from './client-link.ts';
import { FilterTree } from './filter-tree.ts';
import type { SessionLimits, WindowLimits } from './limits.ts';
import type { Message, QoS } from './message.ts';
import type { QueueMemory } from './queue-memory.ts';
import { Session } from './session.ts';
import type { SharedGroups } from './shared-groups.ts';
import { isShared, parseShared } from './topic-filter.ts';

export class Sessions {
  private readonly sessions = new Map<string, Session>();
  private readonly tree = new FilterTree();
  /** Client id -> since when (ms, monotonic), the longest absent first. */
  private readonly absent = new Map<string, number>();

  /** @param groups hears whose session has ended */
  constructor(
    private readonly groups: Pick<SharedGroups, 'forget'>,
    private readonly memory: QueueMemory,
    private readonly limits: SessionLimits & WindowLimits,
    private readonly logger: Logger,
  ) {}

  get size(): number {
    return this.sessions.size;
  }

  /** Messages in all sessions, waiting and unacknowledged. */
  get messages(): number {
    let count = 0;
    for (const { queue } of this.sessions.values()) count += queue.length + queue.inFlight;
    return count;
  }

  get(clientId: string): Session | undefined {
    return this.sessions.get(clientId);
  }

  subscribe(clientId: string, subscriptions: readonly { readonly topic: string; readonly qos: QoS }[]): void {
    let session = this.sessions.get(clientId);
    if (!session) {
      session = new Session(clientId, this.memory, this.limits);
      this.sessions.set(clientId, session);
      this.setAbsent(clientId);
    }
    for (const { topic, qos } of subscriptions) {
      // Aedes hands over refused ones too.
      if (isShared(topic) && !parseShared(topic)) continue;
      session.filters.set(topic, qos);
      if (isShared(topic)) continue;
      if (qos > 0) this.tree.add(topic, clientId, qos);
      else this.tree.remove(topic, clientId);
    }
  }

  unsubscribe(clientId: string, filters: readonly string[]): void {
    const session = this.sessions.get(clientId);
    for (const filter of filters) {
      session?.filters.delete(filter);
      this.tree.remove(filter, clientId);
    }
  }

  /** Who gets a message of QoS 1 or 2 on this topic, and with which QoS at most. */
  match(topic: string): Map<string, QoS> {
    return this.tree.match(topic);
  }

  push(clientId: string, message: Message, qos: QoS): void {
    this.sessions.get(clientId)?.push(message, qos);
  }

  /** Its client is connected: the queue goes out to it. */
  attach(clientId: string, link: ClientLink): void {
    this.absent.delete(clientId);
    this.sessions.get(clientId)?.attach(link);
  }

  detach(clientId: string, link: ClientLink | null): void {
    const session = this.sessions.get(clientId);
    if (!session?.detach(link)) return;
    if (session.filters.size === 0) this.end(clientId);
    else this.setAbsent(clientId);
  }

  end(clientId: string): void {
    this.absent.delete(clientId);
    const session = this.sessions.get(clientId);
    if (session) {
      this.sessions.delete(clientId);
      for (const filter of session.filters.keys()) this.tree.remove(filter, clientId);
      session.queue.close();
    }
    this.groups.forget(clientId);
  }

  /** Ends the sessions whose clients have been absent for too long. */
  expire(now = performance.now()): void {
    for (const [clientId, since] of this.absent) {
      if (now - since < this.limits.sessionExpiryMs) return;
      this.forget(clientId, 'the client was absent for too long');
    }
  }

  private setAbsent(clientId: string): void {
    this.absent.delete(clientId);
    this.absent.set(clientId, performance.now());
    if (this.absent.size <= this.limits.maxSessions) return;
    const [longest] = this.absent.keys();
    if (longest !== undefined) this.forget(longest, 'too many clients are absent');
  }

  private forget(clientId: string, reason: string): void {
    const messages = this.sessions.get(clientId)?.queue.length ?? 0;
    this.logger.warn({ clientId, messages }, `MQTT session ended: ${reason}`);
    this.end(clientId);
  }
}
