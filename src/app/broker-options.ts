/** What the built-in broker takes from the settings, in `vigia serve` and in `vigia broker`. */
import type { Logger } from 'pino';
import { Counter, type Registry } from 'prom-client';
import type { AccessOptions } from '../../broker/access.ts';
import type { BrokerOptions } from '../../broker/broker.ts';
import type { BrokerLimits } from '../../broker/limits.ts';
import type { TlsCredentials } from '../../broker/tls.ts';
import type { Config } from '../settings/config.ts';
import { descriptorProblem } from './descriptors.ts';

/** Who may use the built-in broker. */
export function brokerAccess(config: Config): AccessOptions {
  const { mqtt, broker } = config;
  const { username, password = '' } = mqtt;
  return {
    ...(username !== undefined && { credentials: { username, password } }),
    ...(broker.users !== undefined && { users: broker.users }),
    ...(broker.acl !== undefined && { accessList: broker.acl }),
    allowAnonymous: config.http.allowAnonymous === 'yes',
    certificateUsers: broker.tlsCnAsUser === 'yes' && broker.tlsUserField,
  };
}

export function brokerOptions(config: Config, logger: Logger): BrokerOptions {
  const problem = descriptorProblem(config.brokerLimits.maxConnections);
  if (problem !== null) logger.warn(problem);
  return {
    ...endpoints(config),
    access: brokerAccess(config),
    limits: brokerLimits(config),
    logger,
  };
}

function brokerLimits({ brokerLimits: limits, readings, mqtt }: Config): Partial<BrokerLimits> {
  const { maxKeepAlive = 0, maxLoginBan, ...others } = limits;
  return {
    ...others,
    maxPacketBytes: readings.maxPayload,
    maxLoginBanMs: maxLoginBan,
    maxKeepAliveSeconds: Math.floor(maxKeepAlive / 1000),
    sessionExpiryMs: mqtt.sessionExpiry,
  };
}

/** Of all its TLS ports; undefined without any. */
export function brokerTls({ broker }: Config): TlsCredentials | undefined {
  const { tlsCert: cert, tlsKey: key, tlsClientCa: clientCa, tlsCrl: crl } = broker;
  if (cert === undefined || key === undefined) return undefined;
  return { cert, key, ...(clientCa !== undefined && { clientCa }), ...(crl !== undefined && { crl }) };
}

function endpoints(config: Config): Pick<BrokerOptions, 'tcp' | 'tls' | 'webSocket' | 'webSocketTls'> {
  const { http, broker } = config;
  const { port, webSocketPort, webSocketTlsPort, webSocketOrigins: origins, tlsPort } = broker;
  const tls = brokerTls(config);
  const at = (to: number, setting: string) => ({ host: http.host, port: to, setting });
  const pages = origins !== undefined ? { origins } : {};
  return {
    ...(port !== null && { tcp: at(port, 'MQTT_PORT') }),
    ...(webSocketPort !== undefined && { webSocket: { ...at(webSocketPort, 'MQTT_WS_PORT'), ...pages } }),
    ...(tlsPort !== undefined && { tls: { ...at(tlsPort, 'MQTT_TLS_PORT'), tls: tls! } }),
    ...(webSocketTlsPort !== undefined && {
      webSocketTls: { ...at(webSocketTlsPort, 'MQTT_WSS_PORT'), ...pages, tls: tls! },
    }),
  };
}

/** Counts what the built-in broker refuses. */
export function deniedCounter(registry: Registry): (action: string) => void {
  const counter = new Counter({
    name: 'vigia_broker_denied_total',
    help: 'Connections, publishes and subscriptions that MQTT_USERNAME, MQTT_USERS or MQTT_ACL did not allow',
    labelNames: ['action'],
    registers: [registry],
  });
  for (const action of ['connect', 'publish', 'subscribe']) counter.inc({ action }, 0);
  return (action) => counter.inc({ action });
}
