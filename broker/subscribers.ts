/**
 * Follows clients as they connect, subscribe, acknowledge and go, and tells their sessions and groups. A member of a
 * group whose connection is taken over by another with its client id stays one member.
 */
import type { Aedes, Client } from 'aedes';
import { ClientLink } from './client-link.ts';
import type { QoS } from './message.ts';
import { PacketIds } from './packet-ids.ts';
import type { Sessions } from './sessions.ts';
import type { SharedGroups } from './shared-groups.ts';
import { isShared } from './topic-filter.ts';

const REFUSED = 128;

export class Subscribers {
  private readonly links = new Map<Client, ClientLink>();
  private latest: Client | null = null;

  constructor(
    private readonly sessions: Sessions,
    private readonly groups: SharedGroups,
  ) {}

  follow(aedes: Aedes): void {
    // Not before: a delivery must not overtake the CONNACK.
    aedes.on('clientReady', (client) => {
      // It may have gone while it was being let in; then nothing would take it out again.
      if (client.closed) return;
      const session = client.clean ? undefined : this.sessions.get(client.id);
      if (session)
        this.join(
          client,
          [...session.filters.entries()].map(([topic, qos]) => ({ topic, qos })),
        );
    });
    aedes.on('subscribe', (subscriptions, client) => {
      this.latest = client;
      this.join(
        client,
        subscriptions.filter(({ qos }) => Number(qos) !== REFUSED),
      );
    });
    aedes.on('unsubscribe', (filters, client) => {
      // Aedes says so too when a clean client's connection ends, which another may have taken over by now.
      if (client.closed) return;
      for (const filter of filters) if (isShared(filter)) this.groups.leave(client.id, filter);
    });
  }

  /** The connection of a client has closed. */
  gone(client: Client): void {
    if (this.latest === client) this.latest = null;
    const link = this.links.get(client);
    this.links.delete(client);
    link?.close();
    const session = client.clean ? undefined : this.sessions.get(client.id);
    if (link) this.groups.detach(client.id, link, session?.filters);
    if (!client.clean) this.sessions.detach(client.id, link ?? null);
  }

  /** The client that has subscribed last. */
  get newest(): Client | null {
    return this.latest;
  }

  acknowledge(client: Client, id: number): void {
    this.links.get(client)?.acknowledge(id);
  }

  received(client: Client, id: number): void {
    this.links.get(client)?.received(id);
  }

  private join(
    client: Client,
    subscriptions: readonly { readonly topic: string; readonly qos: QoS }[],
  ): void {
    // It may have gone while its subscription was being stored; then its session waits for it.
    if (client.closed) return;
    const { id: clientId, clean } = client;
    const shared = subscriptions.filter(({ topic }) => isShared(topic));
    if (clean && shared.length === 0) return;
    const link = this.link(client);
    if (!clean) this.sessions.attach(clientId, link);
    for (const { topic: filter, qos } of shared)
      this.groups.join({ clientId, filter, qos, persistent: !clean }, link);
  }

  private link(client: Client): ClientLink {
    let link = this.links.get(client);
    if (!link) {
      const session = client.clean ? undefined : this.sessions.get(client.id);
      link = new ClientLink(client, session?.ids ?? new PacketIds());
      this.links.set(client, link);
    }
    return link;
  }
}
