/** Who is at the broker: connected clients, and the sessions that wait for absent ones. */
import type { Client } from 'aedes';
import type { ClientAccess } from './client-access.ts';
import { streamOf } from './client-stream.ts';
import type { FilterSet } from './filter-set.ts';
import type { Session } from './session.ts';
import type { Sessions } from './sessions.ts';

export interface ClientStatus {
  /** As the client calls itself. */
  readonly clientId: string;
  /** Null where clients have no user names. */
  readonly user: string | null;
  /** IP address; null of an absent client of a user. */
  readonly address: string | null;
  /** Whether the client is connected now. */
  readonly connected: boolean;
  /** Since when it is connected or absent, ms UTC. */
  readonly since: number;
  /** When the broker last got bytes from it, ms UTC. */
  readonly seen: number;
  /** Whether the broker keeps subscriptions and messages while the client is absent. */
  readonly session: boolean;
  readonly subscriptions: number;
  /** Messages that wait, and messages that were sent and not acknowledged. */
  readonly queued: number;
}

export interface Known {
  readonly present: Iterable<Client>;
  readonly sessions: Pick<Sessions, 'entries' | 'absentSince'>;
  readonly access: Pick<ClientAccess, 'identity'>;
  /** What a client is subscribed to. */
  readonly filtersOf: (client: Client) => FilterSet | undefined;
}

/** Connected clients first, in no other order. */
export function clientList({ present, sessions, access, filtersOf }: Known): ClientStatus[] {
  const kept = new Map(sessions.entries());
  const list: ClientStatus[] = [];
  for (const client of present) {
    const { peer, clientId, openedAt, seenAt } = streamOf(client);
    const session = client.clean ? undefined : kept.get(client.id);
    list.push({
      clientId,
      user: access.identity(client).user,
      address: peer.address,
      connected: true,
      since: openedAt,
      seen: seenAt,
      session: !client.clean,
      subscriptions: filtersOf(client)?.size ?? 0,
      queued: waiting(session),
    });
    if (!client.clean) kept.delete(client.id);
  }
  for (const [id, session] of kept) {
    const since = sessions.absentSince(id);
    // Its client connects or leaves at this moment.
    if (since === null) continue;
    const [kind, ...owner] = session.owner.split(' ');
    list.push({
      clientId: session.name,
      user: kind === 'user' ? owner.join(' ') : null,
      address: kind === 'user' ? null : owner.join(' '),
      connected: false,
      since,
      seen: since,
      session: true,
      subscriptions: session.filters.size,
      queued: waiting(session),
    });
  }
  return list;
}

const waiting = (session: Session | undefined) =>
  session ? session.queue.length + session.queue.inFlight : 0;
