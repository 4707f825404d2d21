/**
 * Shared subscriptions, `$share/<group>/<filter>`, which Aedes grants and then ignores. Each message that matches goes to
 * one member: in turn among those that are connected and have room. What a member has not acknowledged when its
 * connection ends goes to another at once; while no member is connected, messages of QoS 1 and 2 wait as long as a
 * member with a persistent session exists. Delivered at QoS 1 at most: at QoS 2 a message could not move. Retained
 * messages are not sent to new members (MQTT 5, 4.8.2).
 */
import type { AedesPublishPacket } from 'aedes';
import type { Logger } from 'pino';
import type { ClientLink } from './client-link.ts';
import { DeliveryQueue, type Place } from './delivery-queue.ts';
import type { WindowLimits } from './limits.ts';
import { messageOf, type QoS } from './message.ts';
import type { QueueMemory } from './queue-memory.ts';
import { hidesFromWildcard, parseShared } from './topic-filter.ts';

/** Of Aedes: who is called with each message that matches a filter. */
export interface MessageSource {
  subscribe(filter: string, take: MessageTaker): void;
  unsubscribe(filter: string, take: MessageTaker): void;
}
type MessageTaker = (packet: AedesPublishPacket, done: () => void) => void;

export interface Membership {
  readonly clientId: string;
  /** As subscribed: `$share/…`. */
  readonly filter: string;
  readonly qos: QoS;
  /** Its session outlives its connection. */
  readonly persistent: boolean;
}

interface Member {
  readonly keepsBacklog: boolean;
  place: Place | null;
}

interface Group {
  readonly members: Map<string, Member>;
  readonly queue: DeliveryQueue;
  readonly end: () => void;
}

export class SharedGroups {
  private readonly groups = new Map<string, Group>();
  private readonly filtersOf = new Map<string, Set<string>>();

  constructor(
    private readonly source: MessageSource,
    private readonly memory: QueueMemory,
    private readonly window: WindowLimits,
    private readonly logger: Logger,
  ) {}

  get size(): number {
    return this.groups.size;
  }

  /** Messages in all groups, waiting and unacknowledged. */
  get messages(): number {
    let count = 0;
    for (const { queue } of this.groups.values()) count += queue.length + queue.inFlight;
    return count;
  }

  /** Joins, or returns, or changes its QoS. */
  join({ clientId, filter, qos, persistent }: Membership, link: ClientLink): void {
    const group = this.groups.get(filter) ?? this.start(filter);
    if (!group) return;
    const before = group.members.get(clientId)?.place;
    if (before) group.queue.leave(before);
    group.members.set(clientId, {
      keepsBacklog: persistent && qos > 0,
      place: group.queue.open(link, Math.min(qos, 1) as QoS),
    });
    const filters = this.filtersOf.get(clientId) ?? new Set();
    this.filtersOf.set(clientId, filters.add(filter));
  }

  /** Unsubscribed. */
  leave(clientId: string, filter: string): void {
    const group = this.groups.get(filter);
    const member = group?.members.get(clientId);
    if (!group || !member) return;
    group.members.delete(clientId);
    const filters = this.filtersOf.get(clientId);
    filters?.delete(filter);
    if (filters?.size === 0) this.filtersOf.delete(clientId);
    if (member.place) group.queue.leave(member.place);
    if (group.members.size > 0) return;
    if (group.queue.length > 0)
      this.logger.info({ filter, messages: group.queue.length }, 'MQTT group ended with messages left');
    group.end();
  }

  /**
   * The connection has gone; its link is closed already.
   * @param kept what its session, if it has one, is still subscribed to: there it stays a member
   */
  detach(clientId: string, link: ClientLink, kept?: { has(filter: string): boolean }): void {
    for (const filter of [...(this.filtersOf.get(clientId) ?? [])]) {
      const group = this.groups.get(filter)!;
      const member = group.members.get(clientId)!;
      if (member.place?.link !== link) continue;
      group.queue.leave(member.place);
      member.place = null;
      if (!kept?.has(filter)) this.leave(clientId, filter);
    }
  }

  /** The client's session has ended. */
  forget(clientId: string): void {
    for (const filter of [...(this.filtersOf.get(clientId) ?? [])]) this.leave(clientId, filter);
  }

  private start(shared: string): Group | null {
    const filter = parseShared(shared)?.filter;
    if (filter === undefined) return null;
    const members = new Map<string, Member>();
    const { memory, window } = this;
    const name = `group ${shared}`;
    const queue = new DeliveryQueue({ name, memory, window, owner: null, sameClient: false });
    const waits = (qos: QoS) =>
      queue.live > 0 || (qos > 0 && [...members.values()].some(({ keepsBacklog }) => keepsBacklog));
    const take: MessageTaker = (packet, done) => {
      if (!hidesFromWildcard(filter, packet.topic) && waits(packet.qos)) queue.push(messageOf(packet));
      done();
    };
    const end = () => {
      this.source.unsubscribe(filter, take);
      this.groups.delete(shared);
      queue.close();
    };
    const group = { members, queue, end };
    this.groups.set(shared, group);
    this.source.subscribe(filter, take);
    return group;
  }
}
