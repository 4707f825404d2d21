/**
 * Everything the broker keeps for its subscribers, put together: queues, sessions, groups, retained messages, and how
 * they hang on Aedes. In memory: a restart of the broker ends every session.
 */
import type { Aedes, AedesOptions, AedesPublishPacket, Client } from 'aedes';
import type { Logger } from 'pino';
import type { ClientAccess } from './client-access.ts';
import type { QueueLimits, RetainedLimits, SessionLimits, WindowLimits } from './limits.ts';
import { MemoryPersistence } from './memory-persistence.ts';
import { aedesIds } from './packet-ids.ts';
import { QueueMemory } from './queue-memory.ts';
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
  statistics(): QueueStatistics;
  close(): void;
}

const EXPIRE_EVERY_MS = 60_000;

export function messageStore(
  limits: WindowLimits & QueueLimits & SessionLimits & RetainedLimits,
  logger: Logger,
  access: Pick<ClientAccess, 'maySubscribe' | 'holds'>,
): MessageStore {
  let broker: Aedes | null = null;
  const memory = new QueueMemory(limits, logger);
  const source = {
    subscribe: (filter: string, take: Taker) => broker?.subscribe(filter, take, nothing),
    unsubscribe: (filter: string, take: Taker) => broker?.unsubscribe(filter, take, nothing),
  };
  const groups = new SharedGroups(source, memory, limits, logger);
  const sessions = new Sessions(groups, memory, limits, logger);
  const subscribers = new Subscribers(sessions, groups);
  const retained = new RetainedMessages(limits, logger);
  const nextId = aedesIds();
  const expiry = setInterval(() => sessions.expire(), Math.min(EXPIRE_EVERY_MS, limits.sessionExpiryMs));
  expiry.unref();

  /** What Aedes itself may send of a message: nothing that the client's session queue sends. */
  function forward(client: Client, packet: AedesPublishPacket): AedesPublishPacket | null {
    if (packet.qos === 0) return packet;
    if (!client.clean && !packet.retain && sessions.get(client.id)?.queues(packet.topic)) return null;
    packet.messageId ??= nextId(client);
    return packet;
  }

  return {
    aedesOptions: {
      persistence: new MemoryPersistence(sessions, subscribers, retained, access),
      authorizeForward: forward,
      authorizeSubscribe(client, subscription, done) {
        const { topic } = subscription;
        const refused =
          (isShared(topic) && !parseShared(topic)) || (client && !access.maySubscribe(client, topic));
        done(null, refused ? null : subscription);
      },
    },
    admit(client) {
      const { id } = client;
      const filters = [...(sessions.get(id)?.filters.keys() ?? [])];
      if (filters.every((filter) => access.holds(client, filter))) return;
      logger.warn({ clientId: id }, 'MQTT session ended: it held subscriptions that its client may not have');
      sessions.end(id);
    },
    follow(aedes) {
      broker = aedes;
      subscribers.follow(aedes);
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
