import mqtt, { type MqttClient } from 'mqtt';
import { onTestFinished } from 'vitest';

export interface TestReading {
  readonly sensor: string;
  readonly ts: number;
  readonly value: number;
}

export interface Publishing {
  /** Acknowledged so far, in the order of the acknowledgements. */
  readonly acknowledged: readonly TestReading[];
  /** Resolves when all are acknowledged. */
  readonly done: Promise<void>;
  readonly client: MqttClient;
}

/**
 * Publishes readings with QoS 1 over one connection that comes back after every loss, with at most `window` of them
 * unacknowledged; what is not acknowledged is sent again, as MQTT.js does on every reconnect.
 */
export function publishReadings(url: string, readings: readonly TestReading[], window = 200): Publishing {
  const client = mqtt.connect(url, {
    reconnectPeriod: 20,
    connectTimeout: 2000,
    clean: false,
    clientId: `publisher-${process.pid}-${Math.random()}`,
  });
  client.on('error', () => {});
  onTestFinished(async () => {
    await client.endAsync(true);
  });
  const acknowledged: TestReading[] = [];
  let next = 0;
  let resolveDone: () => void;
  const done = new Promise<void>((resolve) => {
    resolveDone = resolve;
  });
  const send = () => {
    const reading = readings[next++];
    if (!reading) return;
    const { sensor, ts, value } = reading;
    client.publish(`sensors/${sensor}/temperature`, JSON.stringify({ value, ts }), { qos: 1 }, (error) => {
      if (error) return;
      acknowledged.push(reading);
      if (acknowledged.length === readings.length) resolveDone();
      send();
    });
  };
  for (let i = 0; i < window; i++) send();
  return { acknowledged, done, client };
}
