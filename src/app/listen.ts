/** Listens at the external broker for a while, and recognises what is published there, without taking anything from anybody. */
import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import mqtt from 'mqtt';
import { isOwnTopic } from '../domain/own-topic.ts';
import { ConfigurationError } from '../errors.ts';
import type { Config } from '../settings/config.ts';
import { type Discoveries, Discovery } from '../sources/discovery.ts';
import { externalBroker } from './external-broker.ts';

const CONNECT_MS = 10_000;

/**
 * A session of its own that ends with it, no shared subscription, QoS 0.
 * @param url for messages, without secrets @param listening called when it has subscribed
 * @throws ConfigurationError (field MQTT_URL) where the broker cannot be reached
 */
export async function listen(
  config: Config,
  filters: readonly string[],
  patience: number,
  { shownUrl, listening = () => {} }: { readonly shownUrl: string; readonly listening?: () => void },
): Promise<Discoveries> {
  const { url } = config.mqtt;
  if (url === undefined) throw new ConfigurationError('MQTT_URL: is needed, or --url', { field: 'MQTT_URL' });
  const discovery = new Discovery(config.readings);
  const { url: _, ...access } = externalBroker(config);
  const client = await mqtt
    .connectAsync(url, {
      ...defined(access),
      clientId: `vigia-discover-${randomBytes(4).toString('hex')}`,
      clean: true,
      reconnectPeriod: 0,
      connectTimeout: CONNECT_MS,
    })
    .catch((error: Error) => {
      throw new ConfigurationError(`MQTT_URL: ${shownUrl}: ${error.message}`, { field: 'MQTT_URL' });
    });
  try {
    client.on('message', (topic, payload) => {
      if (!isOwnTopic(topic)) discovery.add(topic, payload);
    });
    await client.subscribeAsync([...filters], { qos: 0 });
    listening();
    await delay(patience);
    return discovery.conclude();
  } finally {
    client.on('error', () => {});
    await client.endAsync(true).catch(() => {});
  }
}

/** What is not set must not stand in the way of the defaults of MQTT.js. */
function defined(options: object): object {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}
