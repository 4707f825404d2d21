/** Sources at a running server: presets, the publisher as the name of a sensor, and what is counted. */
import mqtt from 'mqtt';
import { expect, it } from 'vitest';
import { temporaryDirectory } from '../helpers/temporary-directory.ts';
import { getJson, metric, serve } from '../helpers/vigia.ts';

it('the built-in broker tells who has published, and what no source takes is counted and shown', async () => {
  const env = {
    MQTT_PRESETS: 'thingsboard,zigbee2mqtt',
    MQTT_SOURCES: '- {topic: by-user, sensor: "{user}"}',
    MQTT_USERNAME: 'ana',
    MQTT_PASSWORD: 'secret',
  };
  const server = await serve(['--no-devices', '--data', temporaryDirectory()], { env });
  const device = await mqtt.connectAsync(server.mqttUrl, {
    clientId: 'tank-4',
    username: 'ana',
    password: 'secret',
  });
  const publish = (topic: string, payload: string) => device.publishAsync(topic, payload, { qos: 1 });
  await publish('v1/devices/me/telemetry', '{"level":1.25}');
  await publish('by-user', '{"t":2}');
  await publish('zigbee2mqtt/lamp', '{"state":"ON"}');
  await publish('zigbee2mqtt/lamp', '{"state":"ON","power":12.5,"update":{"installed_version":3}}');
  await publish('elsewhere/a', '1');
  await device.endAsync();
  const series = await getJson<{ sensor: string; metric: string }[]>(`${server.url}/api/series`);
  expect(series.map(({ sensor, metric: name }) => `${sensor}/${name}`).sort()).toEqual([
    'ana/t',
    'lamp/power',
    'tank-4/level',
  ]);
  const { sources, unmatched } = await getJson<{
    sources: { source: string; messages: number; readings: number; ignored: object }[];
    unmatched: { count: number; newest: { topic: string }[] };
  }>(`${server.url}/api/sources`);
  expect(unmatched).toMatchObject({ count: 1, newest: [{ topic: 'elsewhere/a' }] });
  expect(sources.filter(({ messages }) => messages > 0)).toMatchObject([
    { source: 'by-user', readings: 1 },
    { source: 'thingsboard', readings: 1 },
    { source: 'zigbee2mqtt', messages: 2, readings: 1, ignored: { excluded: 3 } },
  ]);
  const ignored = await metric(
    server.url,
    'vigia_fields_ignored_total',
    'source="zigbee2mqtt",reason="excluded"',
  );
  expect(ignored).toBe(3);
  expect(await metric(server.url, 'vigia_messages_unmatched_total')).toBe(1);
  expect(await metric(server.url, 'vigia_readings_total', 'result="dead_lettered"')).toBe(0);
});
