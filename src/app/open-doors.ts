/** Whether a start would let anybody on the network read and write. */
import { ConfigurationError } from '../errors.ts';
import type { Config } from '../settings/config.ts';
import { brokerAccess } from './broker-options.ts';

/** What a process serves: HTTP, the built-in broker. */
export interface Served {
  readonly http: boolean;
  readonly broker: boolean;
}

/** Whether only programs on this machine reach a server that listens on `host`. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d+){3}$/.test(host);
}

/** What is open to anybody on the network: each the settings that would close it. */
export function openDoors(config: Config, served: Served): string[] {
  const { host, token, users: accounts } = config.http;
  if (isLoopback(host)) return [];
  const doors: string[] = [];
  if (served.http && token === undefined && accounts === undefined)
    doors.push('HTTP_TOKEN (or HTTP_USERS_FILE)');
  const { credentials, users, certificateUsers } = brokerAccess(config);
  if (served.broker && !credentials && users === undefined && !certificateUsers)
    doors.push('MQTT_USERNAME and MQTT_PASSWORD (or MQTT_USERS_FILE)');
  return doors;
}

/** @throws ConfigurationError (field HOST) if something is open and ALLOW_ANONYMOUS does not say that it may be */
export function refuseOpenDoors(config: Config, served: Served): void {
  const doors = openDoors(config, served);
  if (doors.length === 0 || config.http.allowAnonymous === 'yes') return;
  throw new ConfigurationError(
    `HOST: ${config.http.host} lets anybody on the network read and write: set ${doors.join(' and ')}, or ALLOW_ANONYMOUS=yes (\`vigia secrets\` makes them)`,
    { field: 'HOST' },
  );
}
