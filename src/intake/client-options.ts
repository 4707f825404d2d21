/** What MQTT.js is told of the connection to an external broker. */
import type { IClientOptions } from 'mqtt';
import type { BrokerAccess } from '../domain/broker-access.ts';
import type { ReplicaStatus } from './replica-status.ts';

export interface BrokerConnection {
  readonly url: string;
  readonly clientId: string;
  readonly access: BrokerAccess;
  /** Messages that a broker of MQTT 5 may send before it waits for acknowledgements. */
  readonly receiveMaximum: number;
  /** How long the broker keeps the session of an absent replica, ms. */
  readonly sessionExpiry: number;
}

/** A node that is gone answers nothing at all; it may be back long before the default of MQTT.js. */
const CONNECT_MS = 10_000;

/** @param version of MQTT: 4 is 3.1.1 @param status says `offline` as the last will */
export function clientOptions(
  connection: BrokerConnection,
  version: 4 | 5,
  status: ReplicaStatus,
): IClientOptions {
  const { clientId, access, receiveMaximum, sessionExpiry } = connection;
  return {
    ...access,
    clientId,
    clean: false,
    protocolVersion: version,
    connectTimeout: CONNECT_MS,
    reconnectOnConnackError: true,
    resubscribe: false,
    keepalive: 30,
    // See DeferredAcks.
    manualConnect: true,
    // The debug log of MQTT.js takes arguments apart for every packet, even if nobody has asked for the log.
    log: () => {},
    will: { topic: status.topic, payload: Buffer.from(status.text('offline')), qos: 1, retain: true },
    ...(version === 5 && {
      properties: {
        sessionExpiryInterval: Math.min(0xfffffffe, Math.round(sessionExpiry / 1000)),
        receiveMaximum,
      },
    }),
  };
}
