/**
 * The access rules applied to connections. A publish that is denied closes its connection: MQTT 3.1.1 has no other answer
 * but an acknowledgement, and that would say that the message is stored. A subscription that is denied is refused (0x80).
 */
import type { Client } from 'aedes';
import type { Logger } from 'pino';
import type { Access } from './access.ts';
import type { Identity } from './access-list.ts';
import { streamOf } from './client-stream.ts';
import type { LoginFailure, Logins } from './logins.ts';
import type { Refusals } from './refusals.ts';

export type Denied = 'connect' | 'publish' | 'subscribe';

export class ClientAccess {
  private readonly known = new WeakMap<Client, Identity>();

  /** @param logins checks passwords */
  constructor(
    private access: Access,
    private readonly logins: Pick<Logins, 'check'>,
    private readonly logger: Logger,
    private readonly refusals: Pick<Refusals, 'count'>,
    private readonly onDenied: (what: Denied) => void = () => undefined,
  ) {}

  /** @returns why the client may not connect; null if it may */
  async authenticate(
    client: Client,
    username: string | undefined,
    password: Buffer | undefined,
  ): Promise<LoginFailure | null> {
    const stream = streamOf(client);
    const { address, socket } = stream.peer;
    const { access } = this;
    const certified = access.certified(socket);
    let user = certified ?? username ?? null;
    if (certified === null && !access.open) {
      const abandoned = () => stream.abandoned || client.closed;
      const login = { user: username, password, clientId: client.id, address, abandoned };
      const failure = await this.logins.check(access, login);
      // The rules have changed while the password was being checked.
      if (access !== this.access) return this.authenticate(client, username, password);
      if (failure !== null) {
        if (failure === 'gone') return failure;
        this.onDenied('connect');
        this.refusals.count(failure, { user: username ?? null, clientId: client.id, address });
        return failure;
      }
      user = username ?? null;
    }
    this.known.set(client, { user, clientId: client.id });
    return null;
  }

  /** Who shares the bounds of one user; where clients have no user names, of one address. */
  owner(client: Client): string {
    const { user } = this.identity(client);
    return user === null ? `address ${streamOf(client).peer.address}` : `user ${user}`;
  }

  mayPublish(client: Client, topic: string): boolean {
    if (this.access.mayPublish(this.identity(client), topic)) return true;
    this.deny('publish', client, { topic });
    return false;
  }

  /** What a client asks for. */
  maySubscribe(client: Client, filter: string): boolean {
    if (this.holds(client, filter)) return true;
    this.deny('subscribe', client, { filter });
    return false;
  }

  /** Whether a client may be subscribed to `filter`, without having asked for it just now. */
  holds(client: Client, filter: string): boolean {
    return this.access.maySubscribe(this.identity(client), filter);
  }

  /** @param connected who the rules are applied to again @param filtersOf what a client is subscribed to */
  replace(
    access: Access,
    connected: Iterable<Client>,
    filtersOf: (client: Client) => Iterable<string>,
  ): void {
    this.access = access;
    for (const client of connected) {
      const identity = this.identity(client);
      const allowed =
        access.knows(identity.user) &&
        [...filtersOf(client)].every((filter) => access.maySubscribe(identity, filter));
      if (allowed) continue;
      this.logger.warn({ ...identity }, 'MQTT connection closed: MQTT_USERS or MQTT_ACL allow it no longer');
      client.close();
    }
  }

  identity(client: Client): Identity {
    return this.known.get(client) ?? { user: null, clientId: client.id };
  }

  private deny(what: 'publish' | 'subscribe', client: Client, where: object): void {
    this.onDenied(what);
    this.refusals.count(what, { ...this.identity(client), ...where });
  }
}
