/** Who may connect, publish and subscribe. Replaced as a whole when its files are read again. */
import { ConfigurationError } from '../src/errors.ts';
import { AccessList, type Identity } from './access-list.ts';
import { isBridgeTopic } from './bridge-topics.ts';
import { type CertificateField, shownCertificate, userOf } from './certificate-user.ts';
import { type Credentials, credentialsCheck } from './credentials.ts';
import { PasswordFile } from './password-file.ts';
import { parseShared } from './topic-filter.ts';

export interface AccessOptions {
  /** One user of its own. */
  readonly credentials?: Credentials;
  /** Text of a password file (password-file.ts). With neither this nor `credentials` anybody may connect. */
  readonly users?: string;
  /** Text of an access list (access-list.ts); absent: everybody may publish and read everything. */
  readonly accessList?: string;
  /** Where a client certificate has the user name, for which no password is asked then; true: its common name. */
  readonly certificateUsers?: boolean | CertificateField;
  /** An access list for clients without a user name alone is what the operator wants. */
  readonly allowAnonymous?: boolean;
}

/** How a client proves who it is. */
export type Proof =
  | { readonly by: 'certificate'; readonly user: string }
  /** Still to be checked. */
  | { readonly by: 'password' }
  /** It need not: the name, if it gave one, means nothing. */
  | { readonly by: 'nothing'; readonly user: string | null }
  | { readonly by: 'refused'; readonly reason: 'certificate' | 'no-proof' };

export class Access {
  private readonly own: ReturnType<typeof credentialsCheck> | null;
  private readonly users: PasswordFile | null;
  private readonly list: AccessList | null;
  private readonly field: CertificateField | null;

  /** @throws ConfigurationError (field MQTT_USERS, MQTT_PASSWORD or MQTT_ACL) */
  constructor(private readonly options: AccessOptions) {
    const { credentials, users, accessList, certificateUsers = false } = options;
    if (credentials?.password === '') {
      throw new ConfigurationError('MQTT_PASSWORD: is needed with MQTT_USERNAME at the built-in broker', {
        field: 'MQTT_PASSWORD',
      });
    }
    this.own = credentials ? credentialsCheck(credentials) : null;
    this.users = users === undefined ? null : new PasswordFile(users, 'MQTT_USERS');
    this.list = accessList === undefined ? null : new AccessList(accessList, 'MQTT_ACL');
    this.field = certificateUsers === true ? 'cn' : certificateUsers || null;
    if (this.list && !this.knowsUsers && (this.list.namesUsers() || options.allowAnonymous !== true)) {
      throw new ConfigurationError(
        'MQTT_ACL: without MQTT_USERS, MQTT_PASSWORD or MQTT_TLS_CN_AS_USER anybody may take any user name; rules for clients without a user name alone need ALLOW_ANONYMOUS=yes',
        { field: 'MQTT_ACL' },
      );
    }
  }

  /** Whether somebody has a password. */
  get hasPasswords(): boolean {
    return this.own !== null || this.users !== null;
  }

  /** Whether there are users at all, by password or certificate. */
  get knowsUsers(): boolean {
    return this.hasPasswords || this.field !== null;
  }

  /** @param socket of the connection @param username of the CONNECT */
  prove(socket: unknown, username: string | undefined): Proof {
    const certificate = this.field && shownCertificate(socket);
    if (this.field && certificate) {
      const user = userOf(certificate, this.field);
      return user === null ? { by: 'refused', reason: 'certificate' } : { by: 'certificate', user };
    }
    if (this.hasPasswords) return { by: 'password' };
    // Any name may be that of a certificate.
    if (username !== undefined && (this.field || this.list?.names(username)))
      return { by: 'refused', reason: 'no-proof' };
    return { by: 'nothing', user: username ?? null };
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

  /** Whether what a client has proved under the rules before proves the same under these. */
  accepts(proof: Proof, before: Access): boolean {
    if (proof.by === 'certificate') return this.field === before.field;
    if (proof.by === 'nothing') return !this.knowsUsers && !before.knowsUsers;
    return false;
  }

  mayPublish(who: Identity, topic: string): boolean {
    if (this.list) return this.list.mayPublish(who, topic);
    return !this.knowsUsers || !isBridgeTopic(topic) || who.user === this.options.credentials?.username;
  }

  maySubscribe(who: Identity, filter: string): boolean {
    if (this.list) return this.list.maySubscribe(who, filter);
    return !(parseShared(filter)?.filter ?? filter).startsWith('$');
  }
}
