import type { BrokerAccess } from '../domain/broker-access.ts';
import { ConfigurationError } from '../errors.ts';
import type { Config } from '../settings/config.ts';

/** How to connect to the broker of MQTT_URL. @throws ConfigurationError when MQTT_URL is not set */
export function externalBroker({ mqtt: { url, username, password, ca, cert, key } }: Config): {
  url: string;
  access: BrokerAccess;
} {
  if (url === undefined) {
    throw new ConfigurationError('MQTT_URL is not set: `vigia bridge` needs a broker to subscribe at', {
      field: 'MQTT_URL',
    });
  }
  const given = Object.entries({ username, password, ca, cert, key });
  return { url, access: Object.fromEntries(given.filter(([, value]) => value !== undefined)) };
}
