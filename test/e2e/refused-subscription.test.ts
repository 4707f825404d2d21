import { expect, onTestFinished, test } from 'vitest';
import { MqttSubscriber } from '../../src/intake/mqtt-subscriber.ts';
import { mqttClient } from '../helpers/mqtt-peers.ts';
import { silent, testBroker } from '../helpers/test-broker.ts';
import { waitFor } from '../helpers/wait-for.ts';

test('a subscription that the broker refuses is tried again while the connection holds', async () => {
  const rights = (more: string) => ({
    allowAnonymous: true,
    accessList: `topic readwrite bridge/#\ntopic write sensors/#\ntopic read $share/vigia/#\n${more}`,
  });
  const broker = await testBroker({ access: rights('') });
  let received = 0;
  const subscriber = new MqttSubscriber({
    url: broker.url,
    access: {},
    clientId: 'replica',
    group: 'vigia',
    filters: ['sensors/+/+'],
    receiveMaximum: 100,
    sessionExpiry: 60_000,
    limits: { maxMessages: 100, maxBytes: 1e6 },
    reconnect: { first: 25, firstFor: 10_000, max: 1000 },
    logger: silent,
    status: { hostname: 'test', version: '0.0.0', since: 0 },
    receive(message) {
      received++;
      message.ack();
      return 1;
    },
  });
  onTestFinished(() => subscriber.close());
  subscriber.start();
  await waitFor('the refusal', () => {
    expect(() => subscriber.ready()).toThrow('MQTT_TOPICS: the broker refused the subscription');
    return true;
  });
  broker.setAccess(rights('topic read sensors/#'));
  await waitFor('the subscription', () => subscriber.connected);
  const publisher = await mqttClient(broker.url);
  await publisher.publishAsync('sensors/a/temperature', '1', { qos: 1 });
  await waitFor('the reading', () => received === 1);
});
