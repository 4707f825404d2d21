/**
 * Everything the broker keeps for its subscribers, put together: queues, sessions, groups, retained messages, and how
 * they hang on Aedes. In memory: a restart of the broker ends every session.
 */
import type { Aedes, AedesOptions, AedesPublishPacket, Client } from 'aedes';
import type { Logger } from 'pino';
import type { ClientAccess } from './client-access.ts';
import { type ClientStatus, clientList } from './client-list.ts';
import { streamOf } from './client-stream.ts';
import { type FilterSet, SubscriptionCounts, type SubscriptionLimits } from './filter-set.ts';
import type { QueueLimits, RetainedLimits, SessionLimits, WindowLimits } from './limits.ts';
import { MemoryPersistence } from './memory-persistence.ts';
import type { QoS } from './message.ts';
import { aedesIds } from './packet-ids.ts';
import { QueueMemory } from './queue-memory.ts';
import { ReceivedMessages } from './received-messages.ts';
import type { Refusals } from './refusals.ts';
import { RetainedMessages } from './retained-messages.ts';
import { Sessions } from './sessions.ts';
import { SharedGroups } from './shared-groups.ts';
import { Subscribers } from './subscribers.ts';
import { isShared, parseShared } from './topic-filter.ts';

export interface QueueStatistics {
  /** Persistent sessions, of present and absent clients. */
  readonly sessions: number;
  readonly sharedGroups: number;
  /** Waiting, or sent and unacknowledged, for sessions and groups. */
  readonly queuedMessages: number;
  /** Of those that wait. */
  readonly queuedBytes: number;
  /** Since the start, by any limit. */
  readonly droppedMessages: number;
  readonly retainedMessages: number;
  /** Since the start: delivered, but not kept for later subscribers. */
  readonly refusedRetainedMessages: number;
}

export interface MessageStore {
  readonly aedesOptions: Pick<AedesOptions, 'persistence' | 'authorizeSubscribe' | 'authorizeForward'>;
  follow(aedes: Aedes): void;
  /**
   * Before a client gets the session of its id: if that holds subscriptions that the client may not have, by another's name
   * or by rules that have changed, the session ends.
   */
  admit(client: Client): void;
  /** Messages of QoS 2 that the client's session has published and not released. */
  receivedFrom(client: Client): ReceivedMessages;
  /** What a client is subscribed to. */
  filtersOf(client: Client): Iterable<string>;
  /** Those that are connected, and sessions of those that are absent. */
  clients(present: Iterable<Client>): ClientStatus[];
  /** The connection of a client that was admitted has closed. */
  gone(client: Client): void;
  statistics(): QueueStatistics;
  close(): void;
}

interface Wanted {
  readonly topic: string;
  readonly qos: QoS;
}

const EXPIRE_EVERY_MS = 60_000;

export function messageStore(
  limits: WindowLimits & QueueLimits & SessionLimits & RetainedLimits & SubscriptionLimits,
  logger: Logger,
  access: Pick<ClientAccess, 'maySubscribe' | 'holds' | 'owner' | 'identity'>,
  refusals: Pick<Refusals, 'count'>,
): MessageStore {
  let broker: Aedes | null = null;
  const memory = new QueueMemory(limits, logger);
  const source = {
    subscribe: (filter: string, take: Taker) => broker?.subscribe(filter, take, nothing),
    unsubscribe: (filter: string, take: Taker) => broker?.unsubscribe(filter, take, nothing),
  };
  const groups = new SharedGroups(source, memory, limits, logger);
  const counts = new SubscriptionCounts(limits);
  const sessions = new Sessions(groups, counts, memory, limits, logger);
  const filters = new WeakMap<Client, FilterSet>();
  const received = new WeakMap<Client, ReceivedMessages>();
  const receivedFrom = (client: Client) => {
    const known = received.get(client) ?? new ReceivedMessages();
    received.set(client, known);
    return known;
  };
  const subscribers = new Subscribers(sessions, groups);
  const retained = new RetainedMessages(limits, logger);
  const nextId = aedesIds();
  const expiry = setInterval(() => sessions.expire(), Math.min(EXPIRE_EVERY_MS, limits.sessionExpiryMs));
  expiry.unref();

  /** What Aedes itself may send of a message: nothing that the client's session queue sends. */
  function forward(client: Client, packet: AedesPublishPacket): AedesPublishPacket | null {
    if (packet.qos === 0) return packet;
    if (!client.clean && !packet.retain && sessions.queues(client.id, packet.topic)) return null;
    packet.messageId ??= nextId(client);
    return packet;
  }

  /** Whether the client gets the subscription: then it is kept. */
  function grant(client: Client, { topic: filter, qos }: Wanted): boolean {
    if ((isShared(filter) && !parseShared(filter)) || !access.maySubscribe(client, filter)) return false;
    const full = filters.get(client)?.add(filter, qos);
    if (full) {
      refusals.count(full, { ...access.identity(client), filter });
      return false;
    }
    if (!client.clean) sessions.subscribe(client.id, filter, qos);
    return true;
  }

  function admit(client: Client): void {
    const { id, clean } = client;
    const owner = access.owner(client);
    if (clean) {
      filters.set(client, counts.of(owner));
      return;
    }
    const held = [...(sessions.get(id)?.filters.filters() ?? [])];
    if (!held.every((filter) => access.holds(client, filter))) {
      logger.warn(
        access.identity(client),
        'MQTT session ended: it held subscriptions that its client may not have',
      );
      sessions.end(id);
    }
    streamOf(client).sessionPresent = sessions.get(id) !== undefined;
    const session = sessions.open(id, streamOf(client).clientId, owner);
    filters.set(client, session.filters);
    received.set(client, session.received);
  }

  return {
    aedesOptions: {
      persistence: new MemoryPersistence(sessions, subscribers, retained, receivedFrom),
      authorizeForward: forward,
      authorizeSubscribe: (client, subscription, done) =>
        done(null, !client || grant(client, subscription as Wanted) ? subscription : null),
    },
    admit,
    receivedFrom,
    filtersOf: (client) => filters.get(client)?.filters() ?? [],
    clients: (present) =>
      clientList({ present, sessions, access, filtersOf: (client) => filters.get(client) }),
    gone(client) {
      subscribers.gone(client);
      if (client.clean) filters.get(client)?.clear();
    },
    follow(aedes) {
      broker = aedes;
      subscribers.follow(aedes);
      aedes.on('unsubscribe', (left, client) => {
        if (client.clean) for (const filter of left) filters.get(client)?.delete(filter);
      });
    },
    statistics: () => ({
      sessions: sessions.size,
      sharedGroups: groups.size,
      queuedMessages: sessions.messages + groups.messages,
      queuedBytes: memory.bytes,
      droppedMessages: memory.dropped,
      retainedMessages: retained.size,
      refusedRetainedMessages: retained.refused,
    }),
    close: () => clearInterval(expiry),
  };
}

type Taker = (packet: AedesPublishPacket, done: () => void) => void;
const nothing = () => undefined;
