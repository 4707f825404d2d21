/**
 * A message of each ecosystem and what becomes of it. test/unit/device-cases.test.ts runs them, and docs/devices.md is written
 * from them (npm run docs:devices).
 */
import { gzipSync } from 'node:zlib';
import * as cborg from 'cborg';
import notepack from 'notepack.io';
import { sparkplugBytes } from './sparkplug-writer.ts';

export interface DeviceCase {
  readonly title: string;
  /** Of MQTT_PRESETS. */
  readonly preset?: string;
  /** Of `sources:`, as YAML. */
  readonly sources?: string;
  readonly topic: string;
  readonly payload: string | Buffer;
  /** For the page, where the payload is no text. */
  readonly shown?: string;
  /** `sensor | metric | value | unit | time`, the last two where there are any. Empty: the message says nothing. */
  readonly readings: readonly string[];
  /** Of the publisher, as the built-in broker knows it. */
  readonly clientId?: string;
}

const T = '2026-11-30T06:22:50.000Z';
const json = (value: unknown) => JSON.stringify(value);

const HOME: readonly DeviceCase[] = [
  {
    title: 'A reading',
    preset: 'tasmota',
    topic: 'tele/cellar/SENSOR',
    payload: json({
      Time: '2026-11-30T06:22:50',
      SI7021: { Temperature: 18.4, Humidity: 61.2 },
      TempUnit: 'C',
    }),
    readings: [
      `cellar | SI7021.Temperature | 18.4 | °C | ${T}`,
      `cellar | SI7021.Humidity | 61.2 | % | ${T}`,
    ],
  },
  {
    title: 'A plug that measures',
    preset: 'tasmota',
    topic: 'tele/washer/SENSOR',
    payload: json({
      Time: '2026-11-30T06:22:50',
      ENERGY: { TotalStartTime: '2026-01-01T00:00:00', Total: 93.4, Power: 212, Voltage: 231 },
    }),
    readings: [
      `washer | ENERGY.Total | 93.4 | kWh | ${T}`,
      `washer | ENERGY.Power | 212 | W | ${T}`,
      `washer | ENERGY.Voltage | 231 | V | ${T}`,
    ],
  },
  {
    title: 'A plug with two sockets',
    preset: 'tasmota',
    topic: 'tele/desk/SENSOR',
    payload: json({ Time: '2026-11-30T06:22:50', ENERGY: { Power: [12, 0], Voltage: 230 } }),
    readings: [
      `desk | ENERGY.Power.0 | 12 | W | ${T}`,
      `desk | ENERGY.Power.1 | 0 | W | ${T}`,
      `desk | ENERGY.Voltage | 230 | V | ${T}`,
    ],
  },
  {
    title: 'A switch',
    preset: 'tasmota',
    topic: 'stat/desk/POWER1',
    payload: 'ON',
    readings: ['desk | POWER1 | 1'],
  },
  { title: 'Its last will', preset: 'tasmota', topic: 'tele/washer/LWT', payload: 'Online', readings: [] },
  {
    title: 'A motion sensor',
    preset: 'shelly',
    topic: 'shellies/shellymotion-1/status',
    payload: json({ motion: true, timestamp: 1796019770, active: true, lux: 12, bat: 96 }),
    readings: [
      `shellymotion-1 | motion | 1 |  | ${T}`,
      `shellymotion-1 | lux | 12 | lx | ${T}`,
      `shellymotion-1 | bat | 96 | % | ${T}`,
    ],
  },
  {
    title: 'Generation 1',
    preset: 'shelly',
    topic: 'shellies/shellyht-1A2B3C/sensor/humidity',
    payload: '48.5',
    readings: ['shellyht-1A2B3C | humidity | 48.5 | %'],
  },
  {
    title: 'Generation 1, a relay that measures',
    preset: 'shelly',
    topic: 'shellies/shelly1pm-A1/relay/0/power',
    payload: '61.37',
    readings: ['shelly1pm-A1 | relay.0.power | 61.37 | W'],
  },
  {
    title: 'Generation 2, a notification',
    preset: 'shelly',
    topic: 'shellyplus1pm-a8032ab1/events/rpc',
    payload: json({
      src: 'shellyplus1pm-a8032ab1',
      method: 'NotifyStatus',
      params: { ts: 1796019770, 'switch:0': { id: 0, apower: 12.5, voltage: 229.8 } },
    }),
    readings: [
      `shellyplus1pm-a8032ab1 | switch:0.apower | 12.5 | W | ${T}`,
      `shellyplus1pm-a8032ab1 | switch:0.voltage | 229.8 | V | ${T}`,
    ],
  },
  {
    title: 'Generation 2, a status',
    preset: 'shelly',
    topic: 'shellyplus1pm-a8032ab1/status/switch:0',
    payload: json({
      id: 0,
      source: 'init',
      output: true,
      apower: 12.5,
      temperature: { tC: 41.2, tF: 106.1 },
    }),
    readings: [
      'shellyplus1pm-a8032ab1 | switch:0.output | 1',
      'shellyplus1pm-a8032ab1 | switch:0.apower | 12.5 | W',
      'shellyplus1pm-a8032ab1 | switch:0.temperature.tC | 41.2 | °C',
      'shellyplus1pm-a8032ab1 | switch:0.temperature.tF | 106.1 | °F',
    ],
  },
  {
    title: 'A plug: the voltage of the mains is in V, that of a battery in mV',
    preset: 'zigbee2mqtt',
    topic: 'zigbee2mqtt/plug',
    payload: json({ power: 25, voltage: 231, state: 'ON' }),
    readings: ['plug | power | 25 | W', 'plug | voltage | 231 | V'],
  },
  {
    title: 'A sensor in a group, with last_seen',
    preset: 'zigbee2mqtt',
    topic: 'zigbee2mqtt/upstairs/bath',
    payload: json({
      battery: 97,
      contact: false,
      humidity: 71.3,
      last_seen: '2026-11-30T07:22:50+01:00',
      linkquality: 120,
      temperature: 21.8,
    }),
    readings: [
      `upstairs/bath | battery | 97 | % | ${T}`,
      `upstairs/bath | contact | 0 |  | ${T}`,
      `upstairs/bath | humidity | 71.3 | % | ${T}`,
      `upstairs/bath | linkquality | 120 |  | ${T}`,
      `upstairs/bath | temperature | 21.8 | °C | ${T}`,
    ],
  },
  {
    title: 'A lamp',
    preset: 'zigbee2mqtt',
    topic: 'zigbee2mqtt/desk',
    payload: json({ state: 'OFF' }),
    readings: [],
  },
  {
    title: 'A sensor',
    preset: 'esphome',
    topic: 'garage/sensor/co2/state',
    payload: '612',
    readings: ['garage | co2 | 612'],
  },
  {
    title: 'A sensor without a value',
    preset: 'esphome',
    topic: 'garage/sensor/co2/state',
    payload: 'nan',
    readings: [],
  },
  {
    title: 'A contact',
    preset: 'esphome',
    topic: 'garage/binary_sensor/door/state',
    payload: 'ON',
    readings: ['garage | door | 1'],
  },
  {
    title: 'Version 5',
    preset: 'homie',
    topic: 'homie/5/heating/boiler/flow',
    payload: '54.2',
    readings: ['heating/boiler | flow | 54.2'],
  },
  {
    title: 'Version 4',
    preset: 'homie',
    topic: 'homie/heating/boiler/flow',
    payload: '54.2',
    readings: ['heating/boiler | flow | 54.2'],
  },
  {
    title: 'A thermostat',
    preset: 'home-assistant-statestream',
    topic: 'homeassistant/climate/hall/current_temperature',
    payload: '20.5',
    readings: ['hall | current_temperature | 20.5'],
  },
  {
    title: 'A sensor',
    preset: 'home-assistant-statestream',
    topic: 'homeassistant/sensor/attic_humidity/state',
    payload: '66',
    readings: ['attic_humidity | state | 66'],
  },
  {
    title: 'A sensor that is away',
    preset: 'home-assistant-statestream',
    topic: 'homeassistant/sensor/attic_humidity/state',
    payload: 'unavailable',
    readings: [],
  },
  {
    title: 'An event',
    preset: 'rtl_433',
    topic: 'rtl_433/pi/events',
    payload: json({
      time: '2026-11-30 06:22:50',
      model: 'Acurite-Tower',
      id: 4102,
      channel: 'B',
      battery_ok: 1,
      temperature_C: 5.6,
      humidity: 81,
      mic: 'CHECKSUM',
    }),
    readings: [
      `Acurite-Tower/B/4102 | battery_ok | 1 |  | ${T}`,
      `Acurite-Tower/B/4102 | temperature_C | 5.6 | °C | ${T}`,
      `Acurite-Tower/B/4102 | humidity | 81 | % | ${T}`,
    ],
  },
  {
    title: 'The same by the topics of devices',
    preset: 'rtl_433',
    topic: 'rtl_433/pi/devices/Acurite-Tower/B/4102/temperature_C',
    payload: '5.60000',
    readings: ['Acurite-Tower/B/4102 | temperature_C | 5.6 | °C'],
  },
  {
    title: 'A text of a device',
    preset: 'rtl_433',
    topic: 'rtl_433/pi/devices/Acurite-Tower/B/4102/mic',
    payload: 'CHECKSUM',
    readings: [],
  },
  {
    title: 'Bluetooth',
    preset: 'openmqttgateway',
    topic: 'home/OMG_hall/BTtoMQTT/A4C138D1E2F3',
    payload: json({
      id: 'A4:C1:38:D1:E2:F3',
      mac_type: 0,
      rssi: -71,
      brand: 'Xiaomi',
      model_id: 'LYWSD03MMC',
      tempc: 20.9,
      tempf: 69.62,
      hum: 47,
      batt: 88,
    }),
    readings: [
      'A4:C1:38:D1:E2:F3 | rssi | -71 | dBm',
      'A4:C1:38:D1:E2:F3 | tempc | 20.9 | °C',
      'A4:C1:38:D1:E2:F3 | tempf | 69.62 | °F',
      'A4:C1:38:D1:E2:F3 | hum | 47 | %',
      'A4:C1:38:D1:E2:F3 | batt | 88 | %',
    ],
  },
  {
    title: 'Time and value',
    preset: 'zwave-js-ui',
    topic: 'zwave/nodeID_12/49/0/Air_temperature',
    payload: json({ time: 1_796_019_770_000, value: 19.7 }),
    readings: [`nodeID_12 | 49/0/Air_temperature | 19.7 |  | ${T}`],
  },
  {
    title: 'The whole value, by names',
    preset: 'zwave-js-ui',
    topic: 'zwave/hall/sensor_multilevel/endpoint_0/Illuminance',
    payload: json({
      id: '12-49-0-Illuminance',
      nodeId: 12,
      value: 310,
      unit: 'Lux',
      lastUpdate: 1_796_019_770_000,
    }),
    readings: [`hall | sensor_multilevel/endpoint_0/Illuminance | 310 | Lux | ${T}`],
  },
  {
    title: 'A value',
    preset: 'victron',
    topic: 'N/d41243b4f71d/battery/256/Dc/0/Voltage',
    payload: json({ value: 26.41 }),
    readings: ['d41243b4f71d/battery/256 | Dc/0/Voltage | 26.41 | V'],
  },
  {
    title: 'A value that is gone',
    preset: 'victron',
    topic: 'N/d41243b4f71d/battery/256/Soc',
    payload: json({ value: null }),
    readings: [],
  },
];

const NETWORKS: readonly DeviceCase[] = [
  {
    title: 'An uplink',
    preset: 'ttn',
    topic: 'v3/weather@ttn/devices/mast-2/up',
    payload: json({
      end_device_ids: { device_id: 'mast-2' },
      received_at: '2026-11-30T06:22:50.204Z',
      uplink_message: {
        f_port: 1,
        f_cnt: 71,
        decoded_payload: { wind: { speed: 4.2, direction: 210 } },
        received_at: '2026-11-30T06:22:50Z',
      },
    }),
    readings: [`mast-2 | wind.speed | 4.2 |  | ${T}`, `mast-2 | wind.direction | 210 |  | ${T}`],
  },
  {
    title: 'An uplink',
    preset: 'chirpstack',
    topic: 'application/3/device/0004a30b001c0530/event/up',
    payload: json({
      time: T,
      deviceInfo: { deviceName: 'silo-7', devEui: '0004a30b001c0530' },
      fCnt: 4,
      object: { level: 2.31, battery: 3.6 },
      rxInfo: [{ rssi: -91 }],
    }),
    readings: [`silo-7 | level | 2.31 |  | ${T}`, `silo-7 | battery | 3.6 |  | ${T}`],
  },
  {
    title: 'An uplink of version 3',
    preset: 'chirpstack',
    topic: 'application/3/device/0004a30b001c0530/event/up',
    payload: json({
      deviceName: 'silo-7',
      rxInfo: [{ time: T, rssi: -91 }],
      objectJSON: '{"level":2.31}',
    }),
    readings: [`silo-7 | level | 2.31 |  | ${T}`],
  },
  {
    title: 'A birth',
    preset: 'sparkplug-b',
    topic: 'spBv1.0/plant/DBIRTH/edge1/press',
    payload: sparkplugBytes({
      timestamp: 1_796_019_770_000,
      seq: 1,
      metrics: [
        {
          name: 'Inputs/Pressure',
          alias: 7,
          timestamp: 1_796_019_770_000,
          datatype: 10,
          double_value: 4.81,
          properties: { keys: ['engUnit'], values: [{ type: 12, string_value: 'bar' }] },
        },
        { name: 'Properties/Model', timestamp: 1_796_019_770_000, datatype: 12, string_value: 'P-200' },
      ],
    }),
    shown: 'protobuf: Inputs/Pressure = 4.81 (engUnit bar, alias 7), Properties/Model = "P-200"',
    readings: [`plant/edge1/press | Inputs/Pressure | 4.81 | bar | ${T}`],
  },
  {
    title: 'JSON',
    preset: 'senml',
    topic: 'senml/gateway',
    payload: json([
      { bn: 'urn:dev:mac:0024befffe804ff1:', bt: 1796019770, n: 'voltage', u: 'V', v: 120.1 },
      { n: 'current', u: 'A', t: -1, v: 1.2 },
    ]),
    readings: [
      `urn:dev:mac:0024befffe804ff1 | voltage | 120.1 | V | ${T}`,
      'urn:dev:mac:0024befffe804ff1 | current | 1.2 | A | 2026-11-30T06:22:49.000Z',
    ],
  },
  {
    title: 'CBOR',
    preset: 'senml',
    topic: 'senml/gateway',
    payload: Buffer.from(
      cborg.encode([
        new Map<number, unknown>([
          [-2, 'urn:dev:ow:10e2073a0108:'],
          [-3, 1796019770],
          [0, 'temp'],
          [1, 'Cel'],
          [2, 21.5],
        ]),
      ]),
    ),
    shown: 'CBOR: [{-2: "urn:dev:ow:10e2073a0108:", -3: 1796019770, 0: "temp", 1: "Cel", 2: 21.5}]',
    readings: [`urn:dev:ow:10e2073a0108 | temp | 21.5 | Cel | ${T}`],
  },
  {
    title: 'JSON',
    preset: 'telegraf-json',
    topic: 'telegraf/web1/cpu',
    payload: json({
      metrics: [
        {
          name: 'cpu',
          tags: { cpu: 'cpu0', host: 'web1' },
          fields: { usage_idle: 93.5, usage_user: 4.5 },
          timestamp: 1796019770,
        },
      ],
    }),
    readings: [`web1/cpu0 | cpu.usage_idle | 93.5 |  | ${T}`, `web1/cpu0 | cpu.usage_user | 4.5 |  | ${T}`],
  },
  {
    title: 'Line protocol',
    preset: 'telegraf-json',
    topic: 'telegraf/web1/disk',
    payload: 'disk,host=web1,path=/ used_percent=71.5,free=10i 1796019770000000000',
    readings: [`web1// | disk.used_percent | 71.5 |  | ${T}`, `web1// | disk.free | 10 |  | ${T}`],
  },
  {
    title: 'The device API',
    preset: 'thingsboard',
    topic: 'v1/devices/me/telemetry',
    payload: json({ ts: 1_796_019_770_000, values: { level: 1.25 } }),
    clientId: 'tank-4',
    readings: [`tank-4 | level | 1.25 |  | ${T}`],
  },
  {
    title: 'The gateway API',
    preset: 'thingsboard',
    topic: 'v1/gateway/telemetry',
    payload: json({
      'tank-4': [{ ts: 1_796_019_770_000, values: { level: 1.25 } }],
      'tank-5': [{ level: 0.5 }],
    }),
    readings: [`tank-4 | level | 1.25 |  | ${T}`, 'tank-5 | level | 0.5'],
  },
  {
    title: 'An update that was accepted',
    preset: 'aws-shadow',
    topic: '$aws/things/pump/shadow/update/accepted',
    payload: json({
      state: { reported: { flow: 8.5 } },
      metadata: { reported: { flow: { timestamp: 1796019770 } } },
      version: 12,
      timestamp: 1796019770,
    }),
    readings: [`pump | flow | 8.5 |  | ${T}`],
  },
  {
    title: 'Device to cloud',
    preset: 'azure-iot',
    topic: 'devices/oven/messages/events/$.ct=application%2Fjson',
    payload: json({ temperature: 181.5 }),
    readings: ['oven | temperature | 181.5'],
  },
  {
    title: 'A network message',
    preset: 'opcua-json',
    topic: 'opcua/json/data/press/fast/all',
    payload: json({
      MessageId: 'b1',
      MessageType: 'ua-data',
      PublisherId: 'press',
      Messages: [
        {
          DataSetWriterName: 'all',
          SequenceNumber: 5,
          Timestamp: T,
          Payload: { Force: { Value: 12.5, SourceTimestamp: '2026-11-30T06:22:49Z' }, Speed: 3.5 },
        },
      ],
    }),
    readings: ['press/all | Force | 12.5 |  | 2026-11-30T06:22:49.000Z', `press/all | Speed | 3.5 |  | ${T}`],
  },
  {
    title: 'Values of tags',
    preset: 'kepware',
    topic: 'iotgateway',
    payload: json({
      timestamp: 1_796_019_771_000,
      values: [{ id: 'Line1.Oven.Temp', v: 181.5, q: true, t: 1_796_019_770_000 }],
    }),
    readings: [`kepware | Line1.Oven.Temp | 181.5 |  | ${T}`],
  },
  {
    title: 'A place',
    preset: 'owntracks',
    topic: 'owntracks/ana/phone',
    payload: json({ _type: 'location', tid: 'an', lat: 40.41, lon: -3.7, batt: 81, tst: 1796019770 }),
    readings: [
      `ana/phone | lat | 40.41 | ° | ${T}`,
      `ana/phone | lon | -3.7 | ° | ${T}`,
      `ana/phone | batt | 81 | % | ${T}`,
    ],
  },
];

/** What is of no ecosystem, with a source of three lines at most. */
const OTHERS: readonly DeviceCase[] = [
  {
    title: 'A number on a topic of one name',
    sources: '- topic: "{sensor}"\n  metric: temperature',
    topic: 'greenhouse',
    payload: '21.5',
    readings: ['greenhouse | temperature | 21.5'],
  },
  {
    title: 'CSV without a header',
    sources: '- topic: csv/{sensor}\n  columns: [temperature, humidity]',
    topic: 'csv/attic',
    payload: '21.5,45',
    readings: ['attic | temperature | 21.5', 'attic | humidity | 45'],
  },
  {
    title: 'A decimal comma',
    sources: '- topic: de/{sensor}/{metric}\n  decimal_comma: true',
    topic: 'de/keller/temperatur',
    payload: '21,5',
    readings: ['keller | temperatur | 21.5'],
  },
  {
    title: 'A raw float of 32 bits',
    sources: '- topic: raw/{sensor}/{metric}\n  format: float32',
    topic: 'raw/a/temperature',
    payload: Buffer.from('0000ac41', 'hex'),
    shown: '00 00 ac 41',
    readings: ['a | temperature | 21.5'],
  },
  {
    title: 'CBOR',
    sources: '- topic: bin/{sensor}',
    topic: 'bin/a',
    payload: Buffer.from(cborg.encode({ temperature: 21.5, ts: 1796019770 })),
    shown: 'CBOR: {"temperature": 21.5, "ts": 1796019770}',
    readings: [`a | temperature | 21.5 |  | ${T}`],
  },
  {
    title: 'MessagePack',
    sources: '- topic: bin/{sensor}',
    topic: 'bin/a',
    payload: Buffer.from(notepack.encode({ temperature: 21.5, ts: 1796019770 })),
    shown: 'MessagePack: {"temperature": 21.5, "ts": 1796019770}',
    readings: [`a | temperature | 21.5 |  | ${T}`],
  },
  {
    title: 'JSON, compressed by gzip',
    sources: '- topic: zip/{sensor}',
    topic: 'zip/a',
    payload: gzipSync('{"temperature":21.5}'),
    shown: 'gzip: {"temperature":21.5}',
    readings: ['a | temperature | 21.5'],
  },
  {
    title: 'Degrees Fahrenheit, local time',
    sources: '- topic: us/{sensor}/{metric}\n  convert: fahrenheit-to-celsius\n  time_zone: America/New_York',
    topic: 'us/porch/temperature',
    payload: '{"value":70.7,"time":"2026-11-30 01:22:50"}',
    readings: [`porch | temperature | 21.5 | °C | ${T}`],
  },
];

export const DEVICE_CASES: readonly DeviceCase[] = [...HOME, ...NETWORKS, ...OTHERS];
