/** A bridge whose topics or group have changed ends the subscriptions that its session has from before. */
import mqtt from 'mqtt';
import { describe, expect, it, onTestFinished } from 'vitest';
import { MOSQUITTO, startMosquitto } from '../helpers/mosquitto.ts';
import { Replica } from '../helpers/replica.ts';
import { metric } from '../helpers/vigia.ts';
import { waitFor } from '../helpers/wait-for.ts';

describe.skipIf(!MOSQUITTO)('other topics (needs mosquitto)', () => {
  it('end the subscriptions of before, and each message comes once', async () => {
    const broker = await startMosquitto();
    const publisher = await mqtt.connectAsync(broker.url);
    onTestFinished(() => publisher.endAsync(true));
    const run = async (env: Record<string, string>) => {
      const replica = new Replica('changing', { MQTT_URL: broker.url, LOG_LEVEL: 'info', ...env });
      replica.spawn();
      onTestFinished(() => replica.kill());
      await replica.ready();
      return replica;
    };
    const first = await run({ MQTT_TOPICS: 'old/{sensor}/{metric},both/{sensor}/{metric}' });
    await first.stop();
    const second = await run({
      MQTT_TOPICS: 'new/{sensor}/{metric},both/{sensor}/{metric}',
      MQTT_GROUP: 'other',
    });
    await waitFor('the end of the old subscriptions', () =>
      second.output.includes('unsubscribed what the settings no longer name'),
    );
    for (const topic of ['old/a/t', 'new/a/t', 'both/a/t'])
      await publisher.publishAsync(topic, '1', { qos: 1 });
    const url = await second.url;
    const received = () => metric(url, 'vigia_readings_received_total');
    await waitFor('the messages', async () => (await received()) >= 2);
    // One more message, after which nothing of those before is under way.
    await publisher.publishAsync('new/last/t', '1', { qos: 1 });
    await waitFor('the last message', async () => (await received()) >= 3);
    expect(await received()).toBe(3);
    expect(await metric(url, 'vigia_readings_total', 'result="dead_lettered"')).toBe(0);
    await second.stop();
    const third = await run({
      MQTT_TOPICS: 'new/{sensor}/{metric},both/{sensor}/{metric}',
      MQTT_GROUP: 'other',
    });
    expect(third.output).not.toContain('unsubscribed');
  });
});
