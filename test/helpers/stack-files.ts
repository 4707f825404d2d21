/** Files of stack/ as tests need them. */
import { createHash } from 'node:crypto';

/** Commands of users.acl that Redis 7.0 refuses to hear of: it would not start. */
export function withoutNewerCommands(acl: string): string {
  return acl.replace(/ \+(?:ts\.\w+|waitaof|client\|setinfo)/g, '');
}

/** What secrets.sh makes of users.acl. */
export function withPasswords(acl: string, passwords: { bridge: string; grafana: string }): string {
  const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
  return acl
    .replace('BRIDGE_SHA256', sha256(passwords.bridge))
    .replace('GRAFANA_SHA256', sha256(passwords.grafana));
}
