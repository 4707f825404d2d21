/** The lines of the log that say, at the start, how each listener finds out who a client is. */
import type { Logger } from 'pino';
import type { Broker } from '../../broker/broker.ts';
import type { Config } from '../settings/config.ts';
import { brokerAccess } from './broker-options.ts';

/** @param broker the built-in one, null where there is none  @param httpPort null: no HTTP server */
export function logListeners(
  logger: Logger,
  config: Config,
  broker: Pick<Broker, 'mqttPort' | 'tlsPort' | 'webSocketPort' | 'webSocketTlsPort'> | null,
  httpPort: number | null,
): void {
  const { host } = config.http;
  const line = (listener: string, port: number | null | undefined, tls: boolean, clients: string) => {
    if (port !== null && port !== undefined)
      logger.info({ listener, host, port, tls, clients }, `listens on ${port}: ${clients}`);
  };
  line('PORT', httpPort, false, httpClients(config));
  if (!broker) return;
  line('MQTT_PORT', broker.mqttPort, false, mqttClients(config, false));
  line('MQTT_TLS_PORT', broker.tlsPort, true, mqttClients(config, true));
  line('MQTT_WS_PORT', broker.webSocketPort, false, mqttClients(config, false));
  line('MQTT_WSS_PORT', broker.webSocketTlsPort, true, mqttClients(config, true));
}

function httpClients({ http: { token, users, legacyAccess } }: Config): string {
  if (token === undefined && users === undefined) return 'anybody';
  const others = legacyAccess === 'open' ? '; /nuevo, /listar and /detectar are open to anybody' : '';
  return `by token or password${others}`;
}

/** What a client needs there. @param tls of the listener */
export function mqttClients(config: Config, tls: boolean): string {
  const { credentials, users, certificateUsers } = brokerAccess(config);
  const passwords = credentials !== undefined || users !== undefined;
  const asked = tls && config.broker.tlsClientCa !== undefined;
  if (asked && certificateUsers) return 'by client certificate, which has the user name';
  const certificate = asked ? 'a client certificate and ' : '';
  if (passwords) return `by ${certificate}user name and password`;
  if (asked) return 'by client certificate; its name means nothing';
  return certificateUsers ? 'anybody without a user name; no user name gets in' : 'anybody';
}
