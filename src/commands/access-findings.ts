/** What `vigia doctor` says of the check list of docs/security.md. */
import { brokerAccess } from '../app/broker-options.ts';
import { isLoopback, openDoors } from '../app/open-doors.ts';
import type { Config } from '../settings/config.ts';

export interface AccessFinding {
  readonly check: 'access';
  readonly status: 'ok' | 'warn' | 'fail';
  readonly detail: string;
}

/** `fail`: a start would be refused. `warn`: it is open, or passwords travel in the clear. */
export function accessFindings(config: Config): AccessFinding[] {
  const { http, broker, mqtt } = config;
  if (isLoopback(http.host))
    return [
      { check: 'access', status: 'ok', detail: `HOST ${http.host}: only programs on this machine get in` },
    ];
  const builtIn = mqtt.url === undefined;
  const doors = openDoors(config, { http: true, broker: builtIn });
  const meant = http.allowAnonymous === 'yes' || http.generateSecrets === 'yes';
  const { users, accessList } = brokerAccess(config);
  const warnings = [
    http.allowAnonymous === 'yes' && doors.length > 0
      ? `ALLOW_ANONYMOUS: anybody on the network may read and write; ${doors.join(' and ')} would close it`
      : null,
    http.legacyAccess === 'open'
      ? 'HTTP_LEGACY_ACCESS: /nuevo, /listar and /detectar are open to everybody'
      : null,
    http.rateLimit === 0 ? 'HTTP_RATE_LIMIT: no limit for the requests of one client' : null,
    builtIn && (broker.port !== null || broker.webSocketPort !== undefined)
      ? 'MQTT_PORT, MQTT_WS_PORT: without TLS passwords travel in the clear; MQTT_PORT=off with MQTT_TLS_PORT'
      : null,
    builtIn && broker.webSocketPort !== undefined && broker.webSocketOrigins?.includes('*')
      ? 'MQTT_WS_ORIGINS: every web page that somebody visits may connect to the broker'
      : null,
    builtIn && users !== undefined && accessList === undefined
      ? 'MQTT_ACL: unset, every user may read everything and publish for every sensor'
      : null,
  ];
  const findings = warnings.flatMap((detail): AccessFinding[] =>
    detail === null ? [] : [{ check: 'access', status: 'warn', detail }],
  );
  if (doors.length > 0 && !meant) {
    const detail = `HOST: ${http.host} lets anybody on the network read and write: set ${doors.join(' and ')}`;
    return [{ check: 'access', status: 'fail', detail }, ...findings];
  }
  const detail = `HOST ${http.host}: a token or a password is asked for`;
  return doors.length === 0 ? [{ check: 'access', status: 'ok', detail }, ...findings] : findings;
}
