/** Files of stack/ as tests need them. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isAtLeast } from './redis-server.ts';
import { ROOT } from './vigia.ts';

export const PASSWORDS = { bridge: 'bridge-password', grafana: 'grafana-password' };

/** Rights that a server without RedisTimeSeries refuses to hear of: it would not start. */
export function withoutModule(acl: string): string {
  return acl.replace(/ \+ts\.\w+/g, '');
}

/** The same for those that came with Redis 7.2. */
export function withoutNewerCommands(acl: string): string {
  return acl.replace(/ \+(?:waitaof|client\|setinfo)/g, '');
}

/** What of the file the installed redis-server, which has no module, knows. */
export function knownToRedisServer(acl: string): string {
  const known = withoutModule(acl);
  return isAtLeast('redis-server', 7, 2) ? known : withoutNewerCommands(known);
}

/** What Docker makes of users.acl. */
export function users(): string {
  const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
  return readFileSync(join(ROOT, 'stack/redis/users.acl'), 'utf8')
    .replace('{{ secret "redis_bridge_sha256" }}', sha256(PASSWORDS.bridge))
    .replace('{{ secret "redis_grafana_sha256" }}', sha256(PASSWORDS.grafana));
}

/** The same with a default user, who is off in the stack: a test needs one that may look at everything. */
export function usersAndLooker(): string {
  return users().replace(/^user default .*$/m, 'user default on nopass ~* &* +@all');
}
