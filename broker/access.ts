/** Who may connect, publish and subscribe. Replaced as a whole when its files are read again. */
import type { TLSSocket } from 'node:tls';
import { AccessList, type Identity } from './access-list.ts';
import { type Credentials, credentialsCheck } from './credentials.ts';
import { PasswordFile } from './password-file.ts';

export interface AccessOptions {
  /** One user of its own. */
  readonly credentials?: Credentials;
  /** Text of a password file (password-file.ts). With neither this nor `credentials` anybody may connect. */
  readonly users?: string;
  /** Text of an access list (access-list.ts); absent: everybody may publish and read everything. */
  readonly accessList?: string;
  /** The common name of a client certificate is the user name, and no password is asked for. */
  readonly certificateUsers?: boolean;
}

export class Access {
  private readonly own: ReturnType<typeof credentialsCheck> | null;
  private readonly users: PasswordFile | null;
  private readonly list: AccessList | null;

  /** @throws ConfigurationError (field MQTT_USERS or MQTT_ACL) */
  constructor(private readonly options: AccessOptions) {
    this.own = options.credentials ? credentialsCheck(options.credentials) : null;
    this.users = options.users === undefined ? null : new PasswordFile(options.users, 'MQTT_USERS');
    this.list = options.accessList === undefined ? null : new AccessList(options.accessList, 'MQTT_ACL');
  }

  /** The user of the certificate that a client has shown, where that is how users are known; null otherwise. */
  certified(socket: unknown): string | null {
    return this.options.certificateUsers ? commonName(socket) : null;
  }

  /** Nobody has a password: anybody may connect under any name. */
  get open(): boolean {
    return !this.own && !this.users;
  }

  /** What is stored of the user's password, to tell whether it has changed; null: there is no such user. */
  stored(user: string): string | null {
    const own = user === this.options.credentials?.username ? this.options.credentials.password : null;
    const hashed = this.users?.stored(user) ?? null;
    return own === null && hashed === null ? null : JSON.stringify([own, hashed]);
  }

  async matches(user: string, password: Buffer): Promise<boolean> {
    return this.own?.(user, password) || ((await this.users?.matches(user, password)) ?? false);
  }

  /** Whether a client that is connected may still be, as far as its name tells. */
  knows(user: string | null): boolean {
    if (this.options.certificateUsers || this.open) return true;
    return user !== null && (user === this.options.credentials?.username || this.users?.has(user) === true);
  }

  mayPublish(who: Identity, topic: string): boolean {
    return this.list?.mayPublish(who, topic) ?? true;
  }

  maySubscribe(who: Identity, filter: string): boolean {
    return this.list?.maySubscribe(who, filter) ?? true;
  }
}

/** Of the certificate that the client has shown and that was verified; null where there is none. */
function commonName(stream: unknown): string | null {
  const socket = stream as Partial<TLSSocket>;
  if (socket.authorized !== true || typeof socket.getPeerCertificate !== 'function') return null;
  const name: unknown = socket.getPeerCertificate().subject?.CN;
  return typeof name === 'string' && name !== '' ? name : null;
}
