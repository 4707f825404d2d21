/**
 * The access rules applied to connections. A publish that is denied closes its connection: MQTT 3.1.1 has no other answer
 * but an acknowledgement, and that would say that the message is stored. A subscription that is denied is refused (0x80).
 */
import type { Client } from 'aedes';
import type { Logger } from 'pino';
import type { Access, Proof } from './access.ts';
import type { Identity } from './access-list.ts';
import { shownCertificate } from './certificate-user.ts';
import { streamOf } from './client-stream.ts';
import type { LoginFailure, Logins } from './logins.ts';
import type { Refusals } from './refusals.ts';

export type Denied = 'connect' | 'publish' | 'subscribe';

export type ConnectFailure = LoginFailure | 'certificate' | 'no-proof';

interface Known {
  readonly identity: Identity;
  readonly proof: Proof;
  /** What was stored of the password that let it in. */
  readonly stored: string | null;
}

export class ClientAccess {
  private readonly known = new WeakMap<Client, Known>();

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
  ): Promise<ConnectFailure | null> {
    const stream = streamOf(client);
    const { access } = this;
    const proof = access.prove(stream.peer.socket, username);
    let failure: ConnectFailure | null = null;
    if (proof.by === 'refused') failure = proof.reason;
    else if (proof.by === 'password') {
      failure = await this.logins.check(access, {
        user: username,
        password,
        clientId: stream.clientId,
        address: stream.peer.address,
        abandoned: () => stream.abandoned || client.closed,
      });
      // The rules have changed while the password was being checked.
      if (access !== this.access) return this.authenticate(client, username, password);
    }
    // Nor under an id that is another's by the rules of now.
    if (failure === null && client.id !== this.ownId(client, username, stream.clientId || client.id))
      failure = 'login-busy';
    if (failure !== null) return this.refuse(failure, client, username);
    const user = proof.by === 'certificate' || proof.by === 'nothing' ? proof.user : username!;
    this.known.set(client, {
      identity: { user, clientId: stream.clientId },
      proof,
      stored: proof.by === 'password' ? access.stored(user!) : null,
    });
    return null;
  }

  /**
   * Under which id the broker keeps a client. Where there are users, each has client ids of its own: nobody takes over the
   * connection, the session or the queue of another user, and nobody keeps another from its client id.
   */
  ownId(client: Client, username: string | undefined, clientId: string): string {
    const proof = this.access.prove(streamOf(client).peer.socket, username);
    if (streamOf(client).clientId === '' || proof.by === 'nothing' || proof.by === 'refused') return clientId;
    // Neither has U+0000 in it.
    return `${proof.by === 'certificate' ? proof.user : username}\0${clientId}`;
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
    const before = this.access;
    this.access = access;
    for (const client of connected) {
      const { identity, proof, stored } = this.known.get(client) ?? nobody(client);
      const proved =
        proof.by === 'password' ? access.stored(identity.user!) === stored : access.accepts(proof, before);
      const allowed =
        proved && [...filtersOf(client)].every((filter) => access.maySubscribe(identity, filter));
      if (allowed) continue;
      this.logger.warn({ ...identity }, 'MQTT connection closed: MQTT_USERS or MQTT_ACL allow it no longer');
      client.close();
    }
  }

  /** Closes the connections that a client certificate let in: who may show which has changed. */
  dropCertified(connected: Iterable<Client>): void {
    for (const client of connected) {
      if (!shownCertificate(streamOf(client).peer.socket)) continue;
      this.logger.warn(
        this.identity(client),
        'MQTT connection closed: its client certificate is checked again',
      );
      client.close();
    }
  }

  identity(client: Client): Identity {
    return (this.known.get(client) ?? nobody(client)).identity;
  }

  private refuse(failure: ConnectFailure, client: Client, username: string | undefined): ConnectFailure {
    if (failure === 'gone') return failure;
    const { clientId, peer } = streamOf(client);
    this.onDenied('connect');
    this.refusals.count(failure, { user: username ?? null, clientId, address: peer.address });
    return failure;
  }

  private deny(what: 'publish' | 'subscribe', client: Client, where: object): void {
    this.onDenied(what);
    this.refusals.count(what, { ...this.identity(client), ...where });
  }
}

function nobody(client: Client): Known {
  return {
    identity: { user: null, clientId: streamOf(client).clientId },
    proof: { by: 'nothing', user: null },
    stored: null,
  };
}
