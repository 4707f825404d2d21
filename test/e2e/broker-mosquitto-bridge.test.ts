/** A Mosquitto that bridges to our broker, with nothing but the address and the topics set. */
import { expect, it } from 'vitest';
import { MOSQUITTO, startMosquitto } from '../helpers/mosquitto.ts';
import { mqttClient } from '../helpers/mqtt-peers.ts';
import { testBroker } from '../helpers/test-broker.ts';
import { waitFor } from '../helpers/wait-for.ts';

it.skipIf(!MOSQUITTO)(
  'a bridge of Mosquitto with its defaults works, both ways (needs mosquitto)',
  async () => {
    const stored: string[] = [];
    const broker = await testBroker({ onPublish: async (topic) => void stored.push(topic) });
    const mosquitto = await startMosquitto([
      'connection plant',
      `address 127.0.0.1:${broker.mqttPort}`,
      'topic sensors/# out 1',
      'topic commands/# in 1',
      'restart_timeout 1',
    ]);
    await waitFor('the bridge', () => broker.refused('reserved-topic') > 0);
    const here = await mqttClient(mosquitto.url);
    const received: string[] = [];
    here.on('message', (topic) => received.push(topic));
    await here.subscribeAsync('commands/#', { qos: 1 });
    await here.publishAsync('sensors/boiler/t', '1', { qos: 1 });
    await waitFor('the reading', () => stored.includes('sensors/boiler/t'));
    await waitFor('the command', async () => {
      await broker.publish('commands/boiler', 'x', { qos: 1 });
      return received.includes('commands/boiler');
    });
    expect(stored).toEqual(['sensors/boiler/t']);
    const again = await mqttClient(broker.url);
    expect(again.connected).toBe(true);
    expect(broker.statistics().retainedMessages).toBe(0);
  },
);
