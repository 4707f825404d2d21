/** `vigia discover` at a real broker: it recognises ecosystems, and what it writes reads what it has heard. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import mqtt from 'mqtt';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createDecoder } from '../../src/app/decoder.ts';
import { readConfig } from '../../src/settings/config.ts';
import { DEVICE_CASES } from '../helpers/device-cases.ts';
import { MOSQUITTO, startMosquitto } from '../helpers/mosquitto.ts';
import { Replica } from '../helpers/replica.ts';
import { temporaryDirectory } from '../helpers/temporary-directory.ts';
import { getJson, runVigia } from '../helpers/vigia.ts';

const SHARED = join(import.meta.dirname, '../../../shared/payloads/cases.json');

interface Message {
  readonly topic: string;
  readonly payload: Buffer;
}

/** Retained, so that they are there whenever the command begins to listen; not those that no broker keeps under $. */
async function brokerWith(messages: readonly Message[]) {
  const broker = await startMosquitto();
  const client = await mqtt.connectAsync(broker.url);
  for (const { topic, payload } of messages) {
    if (!topic.startsWith('$')) await client.publishAsync(topic, payload, { qos: 1, retain: true });
  }
  await client.endAsync();
  return broker;
}

const cases = DEVICE_CASES.map(({ topic, payload, preset }) => ({
  topic,
  payload: Buffer.from(payload),
  preset,
}));

describe.skipIf(!MOSQUITTO)('vigia discover (needs mosquitto)', () => {
  it('names the preset of every ecosystem that has one, and writes a file that reads the messages', async () => {
    const seen: Message[] = existsSync(SHARED)
      ? (JSON.parse(readFileSync(SHARED, 'utf8')) as { topic: string; payload_hex: string }[]).map(
          (each) => ({
            topic: each.topic,
            payload: Buffer.from(each.payload_hex, 'hex'),
          }),
        )
      : [];
    const announced = {
      topic: 'homeassistant/sensor/attic/config',
      payload: Buffer.from(
        '{"name":"Attic","stat_t":"~/state","~":"zigbee2mqtt/attic","unit_of_meas":"lx","val_tpl":"{{ value_json.illuminance }}"}',
      ),
    };
    const broker = await brokerWith([...cases, ...seen, announced]);
    const file = join(temporaryDirectory(), 'vigia.yaml');
    const { code, output } = await runVigia([
      'discover',
      '--json',
      '--for',
      '2s',
      '--write',
      file,
      '--url',
      broker.url,
    ]);
    expect(code, output).toBe(0);
    const found = JSON.parse(output.slice(output.indexOf('{'), output.lastIndexOf('}') + 1));
    const expected = cases
      .filter(({ topic }) => !topic.startsWith('$'))
      .flatMap(({ preset }) => preset ?? []);
    expect([...found.presets].sort()).toEqual(expect.arrayContaining([...new Set(expected)].sort()));
    expect(found.entities.filter(({ name }: { name: string }) => name === 'Attic')).toMatchObject([
      { name: 'Attic', stateTopic: 'zigbee2mqtt/attic/state', field: 'illuminance', unit: 'lx' },
    ]);

    const config = readConfig({}, {}, file);
    expect(config.readings.units).toMatchObject({ illuminance: 'lx' });
    const decoder = createDecoder(config);
    const at = { clientId: 'c', receivedAt: Date.UTC(2026, 10, 30, 6, 23) };
    for (const { pattern, example, readings } of found.found) {
      const message = [...cases, ...seen].findLast(({ topic }) => topic === example)!;
      const decoded = decoder
        .decode(example, message.payload, at)
        .flatMap((each) => ('reading' in each ? [each.reading.value] : []));
      expect(decoded, `${pattern}: ${example}`).toEqual(
        readings.map(({ value }: { value: number }) => value),
      );
    }
  });

  it('prints a table, and does not write over a file', async () => {
    const broker = await brokerWith([
      { topic: 'house/attic/temperature', payload: Buffer.from('21,5') },
      ...cases.slice(0, 1),
    ]);
    const file = join(temporaryDirectory(), 'vigia.yaml');
    const args = ['discover', '--for', '1s', '--write', file];
    const env = { MQTT_URL: broker.url };
    const { output } = await runVigia(args, { env });
    expect(output).toMatch(
      /tele\/\{sensor\}\/SENSOR +1 +preset tasmota +cellar\/SI7021\.Temperature = 18\.4 °C and 1 more/,
    );
    expect(output).toMatch(/house\/attic\/temperature +1 +a source +attic\/temperature = 21\.5/);
    expect(readFileSync(file, 'utf8')).toContain(
      '  - topic: house/attic/temperature\n    sensor: attic\n    metric: temperature\n    decimal_comma: true\n',
    );
    const again = await runVigia(args, { env });
    expect([again.code, again.output]).toEqual([1, expect.stringContaining('exists already')]);
    const nobody = await runVigia(['discover', '--url', 'mqtt://127.0.0.1:1']);
    expect([nobody.code, nobody.output]).toEqual([
      1,
      expect.stringContaining('MQTT_URL: mqtt://127.0.0.1:1'),
    ]);
  });

  it('is done by a running bridge, too, when somebody asks it over HTTP', async () => {
    const broker = await brokerWith(cases.slice(0, 1));
    const replica = new Replica('asked', { MQTT_URL: broker.url });
    replica.spawn();
    onTestFinished(() => replica.kill());
    await replica.ready();
    const url = await replica.url;
    const ask = (body: object) =>
      fetch(`${url}/api/discovery`, { method: 'POST', body: JSON.stringify(body) });
    expect(await getJson(`${url}/api/discovery`)).toMatchObject({ builtIn: false, found: [] });
    expect(await getJson(`${url}/api/broker/clients`)).toEqual({
      ...{ builtIn: false, count: 0, clients: [] },
    });
    expect(await (await ask({ seconds: 1 })).json()).toMatchObject({
      presets: ['tasmota'],
      found: [{ pattern: 'tele/{sensor}/SENSOR', preset: 'tasmota', reads: true }],
      file: expect.stringContaining('presets: [tasmota]'),
    });
    expect((await ask({ seconds: 600 })).status).toBe(400);
  });
});
