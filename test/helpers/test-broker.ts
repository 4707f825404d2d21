/** Our own broker on free ports, closed with the test. */
import { pino } from 'pino';
import { onTestFinished } from 'vitest';
import { type Broker, type BrokerOptions, startBroker } from '../../broker/broker.ts';

export const silent = pino({ level: 'silent' });

export interface TestBroker extends Broker {
  readonly mqttPort: number;
  /** mqtt://… */
  readonly url: string;
  /** ws://… */
  readonly webSocketUrl: string;
}

export async function testBroker(options: Partial<BrokerOptions> = {}): Promise<TestBroker> {
  const broker = await startBroker({
    tcp: { host: '127.0.0.1', port: 0, setting: 'MQTT_PORT' },
    webSocket: { host: '127.0.0.1', port: 0, setting: 'MQTT_WS_PORT' },
    logger: silent,
    ...options,
  });
  onTestFinished(() => broker.close(0));
  return {
    ...broker,
    mqttPort: broker.mqttPort!,
    url: `mqtt://127.0.0.1:${broker.mqttPort}`,
    webSocketUrl: `ws://127.0.0.1:${broker.webSocketPort}`,
  };
}
