/** The addresses that a start prints. */
import { networkInterfaces } from 'node:os';
import type { Broker } from '../../broker/broker.ts';
import { urlHost } from './terminal.ts';

const ANY_ADDRESS: ReadonlySet<string> = new Set(['0.0.0.0', '::', '']);

/**
 * The host of a URL that other devices can open too: where the server listens on all addresses, the first one that this
 * machine has on a network.
 */
export function shownHost(host: string): string {
  if (!ANY_ADDRESS.has(host)) return urlHost(host);
  const addresses = Object.values(networkInterfaces()).flatMap((found) => found ?? []);
  const own = addresses.find(({ family, internal }) => family === 'IPv4' && !internal);
  return own?.address ?? 'localhost';
}

/** One line for each open port of the built-in broker. */
export function brokerLines(
  host: string,
  broker: Pick<Broker, 'mqttPort' | 'tlsPort' | 'webSocketPort' | 'webSocketTlsPort'>,
): (readonly [name: string, url: string])[] {
  const ports = [
    ['MQTT', 'mqtt', broker.mqttPort],
    ['MQTT', 'mqtts', broker.tlsPort],
    ['WebSocket', 'ws', broker.webSocketPort],
    ['WebSocket', 'wss', broker.webSocketTlsPort],
  ] as const;
  return ports.flatMap(([name, scheme, port]) =>
    port === null || port === undefined ? [] : [[name, `${scheme}://${host}:${port}`] as const],
  );
}
