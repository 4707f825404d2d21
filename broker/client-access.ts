/**
 * The access rules applied to connections. A publish that is denied closes its connection: MQTT 3.1.1 has no other answer
 * but an acknowledgement, and that would say that the message is stored. A subscription that is denied is refused (0x80).
 */
import type { Aedes, Client } from 'aedes';
import type { Logger } from 'pino';
import type { Access } from './access.ts';
import type { Identity } from './access-list.ts';

export type Denied = 'connect' | 'publish' | 'subscribe';

interface Known {
  readonly identity: Identity;
  readonly filters: Set<string>;
}

export class ClientAccess {
  private readonly known = new WeakMap<Client, Known>();
  private readonly connected = new Set<Client>();

  constructor(
    private access: Access,
    private readonly logger: Logger,
    private readonly onDenied: (what: Denied) => void = () => undefined,
  ) {}

  follow(aedes: Aedes): void {
    aedes.on('clientReady', (client) => void this.connected.add(client));
    aedes.on('clientDisconnect', (client) => void this.connected.delete(client));
  }

  async authenticate(
    client: Client,
    username: string | undefined,
    password: Buffer | undefined,
  ): Promise<boolean> {
    const user = await this.access.user(client.conn, username, password);
    if (user === undefined) {
      this.deny('connect', { user: username ?? null, clientId: client.id }, {});
      return false;
    }
    this.known.set(client, { identity: { user, clientId: client.id }, filters: new Set() });
    return true;
  }

  mayPublish(client: Client, topic: string): boolean {
    const { identity } = this.known.get(client) ?? nobody(client);
    if (this.access.mayPublish(identity, topic)) return true;
    this.deny('publish', identity, { topic });
    return false;
  }

  /** What a client asks for. */
  maySubscribe(client: Client, filter: string): boolean {
    const { identity, filters } = this.known.get(client) ?? nobody(client);
    if (this.holds(client, filter)) {
      filters.add(filter);
      return true;
    }
    this.deny('subscribe', identity, { filter });
    return false;
  }

  /** Whether a client may be subscribed to `filter`, without having asked for it just now. */
  holds(client: Client, filter: string): boolean {
    const { identity } = this.known.get(client) ?? nobody(client);
    return this.access.maySubscribe(identity, filter);
  }

  replace(access: Access): void {
    this.access = access;
    for (const client of this.connected) {
      const { identity, filters } = this.known.get(client) ?? nobody(client);
      const allowed =
        access.knows(identity.user) && [...filters].every((filter) => access.maySubscribe(identity, filter));
      if (allowed) continue;
      this.logger.warn({ ...identity }, 'MQTT connection closed: MQTT_USERS or MQTT_ACL allow it no longer');
      client.close();
    }
  }

  private deny(what: Denied, { user, clientId }: Identity, where: object): void {
    this.onDenied(what);
    const advice = what === 'connect' ? 'bad user name or password' : 'see MQTT_ACL';
    this.logger.warn({ user, clientId, ...where }, `MQTT ${what} denied: ${advice}`);
  }
}

function nobody({ id }: Client): Known {
  return { identity: { user: null, clientId: id }, filters: new Set() };
}
