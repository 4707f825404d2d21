/**
 * REDIS_URL. `redis://[user[:password]@]host[:port][/db]`, and for several hosts, separated by commas,
 * `redis+sentinel://…/primary-name[/db]` and `redis+cluster://…`; `rediss` instead of `redis` for TLS. User and password
 * are those of the data servers; Sentinels with their own take `?sentinel_username=…&sentinel_password=…`.
 */
import { ConfigurationError } from '../../errors.ts';

export interface Address {
  readonly host: string;
  readonly port: number;
}

export interface RedisAddress {
  readonly mode: 'single' | 'sentinel' | 'cluster';
  readonly tls: boolean;
  readonly username?: string;
  readonly password?: string;
  readonly hosts: readonly Address[];
  /** The name of the primary that the Sentinels know; '' without Sentinels. */
  readonly primary: string;
  readonly db: number;
  readonly sentinelUsername?: string;
  readonly sentinelPassword?: string;
}

const FORM =
  /^redis(?<tls>s)?(?:\+(?<mode>sentinel|cluster))?:\/\/(?:(?<user>[^:@/]*)(?::(?<password>[^@/]*))?@)?(?<hosts>[^/?#@]+)(?<path>\/[^?#]*)?(?:\?(?<query>[^#]*))?$/;

/** @throws ConfigurationError (field REDIS_URL) without the password in its message */
export function parseRedisUrl(url: string): RedisAddress {
  const refuse = (why: string) =>
    new ConfigurationError(`REDIS_URL '${withoutPassword(url)}' ${why}`, { field: 'REDIS_URL' });
  const found = FORM.exec(url)?.groups;
  if (!found) throw refuse('is not of the form redis://[user[:password]@]host[:port][/db]');
  const mode = (found.mode as 'sentinel' | 'cluster' | undefined) ?? 'single';
  const hosts = found.hosts!.split(',').map((part) => {
    const address = /^(?:\[(?<v6>[^\]]+)\]|(?<name>[^:[\]]+))(?::(?<port>\d{1,5}))?$/.exec(part)?.groups;
    const port = Number(address?.port ?? (mode === 'sentinel' ? 26379 : 6379));
    if (!address || port < 1 || port > 65535) throw refuse(`has a host that cannot be read: '${part}'`);
    return { host: (address.v6 ?? address.name)!, port };
  });
  if (mode === 'single' && hosts.length > 1) {
    throw refuse('names several hosts: write redis+cluster:// or redis+sentinel://');
  }
  const path = (found.path ?? '').split('/').filter((part) => part !== '');
  const primary = mode === 'sentinel' ? decode(path.shift() ?? '') : '';
  if (mode === 'sentinel' && primary === '') throw refuse('lacks the name of the primary: …/mymaster');
  const db = path.shift() ?? '0';
  if (!/^\d{1,5}$/.test(db) || path.length > 0) throw refuse(`has a database that is not a number: '/${db}'`);
  if (mode === 'cluster' && db !== '0') throw refuse('has a database, but a Cluster has only 0');
  const query = new URLSearchParams(found.query ?? '');
  return {
    mode,
    tls: found.tls !== undefined,
    hosts,
    primary,
    db: Number(db),
    ...optional('username', decode(found.user ?? '')),
    ...optional('password', decode(found.password ?? '')),
    ...optional('sentinelUsername', query.get('sentinel_username') ?? ''),
    ...optional('sentinelPassword', query.get('sentinel_password') ?? ''),
  };
}

/** For messages and logs. */
export function withoutPassword(url: string): string {
  return url.replace(/^([a-z+]+:\/\/[^:@/]*):[^@]*@/i, '$1:…@').replace(/(sentinel_password=)[^&]*/, '$1…');
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function optional<K extends string>(name: K, value: string): { [P in K]?: string } {
  return value === '' ? {} : ({ [name]: value } as { [P in K]?: string });
}
