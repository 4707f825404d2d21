/**
 * What Aedes keeps, in the form it asks for. Its own memory persistence has no limits and looks through a client's whole
 * queue for every message. Here everything is bounded and a message costs the same however many wait; and messages for
 * persistent sessions do not go through Aedes' delivery but out of the session's queue, with a window (Subscribers).
 */
import { Readable } from 'node:stream';
import type { Client, PublishPacket } from 'aedes';
import { messageOf, type QoS } from './message.ts';
import type { ReceivedMessages } from './received-messages.ts';
import type { RetainedMessages } from './retained-messages.ts';
import type { Sessions } from './sessions.ts';
import type { Subscribers } from './subscribers.ts';

interface Numbered {
  readonly messageId?: number | undefined;
}

interface Match {
  readonly clientId: string;
  readonly topic: string;
  readonly qos: QoS;
}

export class MemoryPersistence {
  constructor(
    private readonly sessions: Sessions,
    private readonly subscribers: Subscribers,
    private readonly retained: RetainedMessages,
    /** Of the client's session. */
    private readonly receivedFrom: (client: Client) => ReceivedMessages,
  ) {}

  async setup(): Promise<void> {}

  async storeRetained(packet: PublishPacket): Promise<void> {
    this.retained.set(packet);
  }

  /** Aedes says right before, by its event `subscribe`, whom they are for. */
  createRetainedStreamCombi(filters: readonly string[]): Readable {
    return Readable.from(this.retainedPackets(filters, this.subscribers.newest));
  }

  // They are kept when they are granted (authorizeSubscribe). Aedes calls this for each of a packet's filters with all of them.
  async addSubscriptions(): Promise<void> {}

  async removeSubscriptions(client: Client, filters: readonly string[]): Promise<void> {
    this.sessions.unsubscribe(client.id, filters);
  }

  async cleanSubscriptions(client: Client): Promise<void> {
    this.sessions.end(client.id);
  }

  async subscriptionsByClient({ id }: { readonly id: string }): Promise<{ topic: string; qos: QoS }[]> {
    return [...(this.sessions.get(id)?.filters.entries() ?? [])].map(([topic, qos]) => ({ topic, qos }));
  }

  async subscriptionsByTopic(topic: string): Promise<Match[]> {
    return [...this.sessions.match(topic)].map(([clientId, qos]) => ({ clientId, topic, qos }));
  }

  async outgoingEnqueueCombi(matches: readonly Match[], packet: PublishPacket): Promise<void> {
    if (matches.length === 0) return;
    const message = messageOf(packet);
    for (const { clientId, qos } of matches) this.sessions.push(clientId, message, qos);
  }

  /** PUBREC comes here; for PUBLISH there is nothing to do, as Aedes sends no queued message itself. */
  async outgoingUpdate(client: Client, packet: Numbered & { readonly cmd: string }): Promise<void> {
    if (packet.cmd === 'pubrel' && packet.messageId !== undefined)
      this.subscribers.received(client, packet.messageId);
  }

  /** PUBACK and PUBCOMP come here; without a number it is a message that Aedes was told not to send. */
  async outgoingClearMessageId(client: Client, { messageId }: Numbered): Promise<void> {
    if (messageId !== undefined) this.subscribers.acknowledge(client, messageId);
  }

  outgoingStream(): Readable {
    return Readable.from([]);
  }

  async incomingStorePacket(client: Client, { messageId }: Numbered): Promise<void> {
    this.receivedFrom(client).add(messageId as number);
  }

  /** @throws Error if there is none: Aedes takes the message for a new one then */
  async incomingGetPacket(client: Client, { messageId }: Numbered): Promise<Numbered> {
    if (!this.receivedFrom(client).has(messageId as number)) throw new Error('no such packet');
    return { messageId };
  }

  async incomingDelPacket(client: Client, { messageId }: Numbered): Promise<void> {
    this.receivedFrom(client).delete(messageId as number);
  }

  // They go with the session.
  async cleanIncoming(): Promise<void> {}

  // Wills are kept with their connections. Aedes stores them for the other nodes of a cluster to publish.
  async putWill(): Promise<void> {}
  async delWill(): Promise<void> {}
  streamWill(): Readable {
    return Readable.from([]);
  }

  private async *retainedPackets(filters: readonly string[], client: Client | null): AsyncGenerator<object> {
    const wanted = () => client?.closed !== true;
    for await (const { topic, payload, qos } of this.retained.match(filters, wanted))
      yield { cmd: 'publish', topic, payload, qos, retain: true };
  }
}
