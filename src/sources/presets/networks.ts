/** Presets of network servers, clouds, collectors and plants. */
import type { Preset } from './preset.ts';

const ttn: Preset = {
  title: 'The Things Stack (The Things Network)',
  note: 'The device needs a payload formatter: without one the uplink has no decoded payload.',
  sources: [
    {
      topic: 'v3/{application}/devices/{sensor}/up',
      fields: ['$.uplink_message.decoded_payload'],
      time: ['$.uplink_message.received_at', '$.received_at'],
    },
    { topic: '{application}/devices/{sensor}/up', fields: ['$.payload_fields'], time: ['$.metadata.time'] },
  ],
};

const deviceName = '{$.deviceInfo.deviceName?}{$.deviceName?}';

const chirpstack: Preset = {
  title: 'ChirpStack (3 and 4)',
  note: 'The device profile needs a codec: without one the uplink has no object. The sensor is the name of the device.',
  sources: [
    {
      topic: 'application/{application}/device/{eui}/event/up',
      sensor: deviceName,
      fields: ['$.object', '$.objectJSON'],
      time: ['$.time', '$.rxInfo[0].time', '$.publishedAt'],
    },
    {
      topic: 'application/{application}/device/{eui}/event/status',
      sensor: deviceName,
      include: ['margin', 'batteryLevel', 'battery'],
      unit: [
        ['margin', 'dB'],
        ['battery*', '%'],
      ],
    },
    { topic: 'application/{application}/device/{eui}/event/{event}', ignore: true },
  ],
};

const sparkplug: Preset = {
  title: 'Sparkplug B',
  note: 'The sensor is group, edge node and device.',
  sources: [{ topic: 'spBv1.0/#', format: 'sparkplug-b' }],
};

const senml: Preset = {
  title: 'SenML (RFC 8428)',
  note: 'The sensor is the base name, the metric is the name in the record. JSON and CBOR are told apart.',
  sources: [{ topic: 'senml/{sensor...}', format: 'senml' }],
};

const telegraf: Preset = {
  title: 'Telegraf (JSON or line protocol)',
  note: 'The sensor is the tags, the host first; the metric is measurement and field.',
  sources: [{ topic: 'telegraf/#' }],
};

const thingsboard: Preset = {
  title: 'ThingsBoard (device and gateway API)',
  note: 'Of the device API, the sensor is the client id of the device, which only the built-in broker knows; write sensor: otherwise.',
  sources: [
    { topic: 'v1/devices/me/telemetry', sensor: '{client}', fields: ['$.values', '$'] },
    { topic: 'v1/gateway/telemetry', each: ['$.{sensor}[*]', '$.{sensor}'], fields: ['$.values', '$'] },
    { topic: 'v1/devices/me/{other}', ignore: true },
    { topic: 'v1/gateway/{other}', ignore: true },
  ],
};

const shadowFields = ['$.state.reported', '$.current.state.reported'];

const awsShadow: Preset = {
  title: 'AWS IoT device shadow',
  sources: [
    ...['update/accepted', 'update/documents', 'get/accepted', 'update'].flatMap((end) => [
      {
        topic: `$aws/things/{sensor}/shadow/${end}`,
        fields: shadowFields,
        time: ['$.timestamp'],
        quiet: true,
      },
      {
        topic: `$aws/things/{thing}/shadow/name/{shadow}/${end}`,
        sensor: '{thing}/{shadow}',
        fields: shadowFields,
        time: ['$.timestamp'],
        quiet: true,
      },
    ]),
  ],
};

const azureIot: Preset = {
  title: 'Azure IoT Hub (device to cloud)',
  sources: [{ topic: 'devices/{sensor}/messages/events/#' }],
};

const opcUaValue = ['$.Value.Body', '$.Value.Value', '$.Value', '$.Body', '$'];
const opcUaTime = ['$.SourceTimestamp', '$.Value.SourceTimestamp', '$.ServerTimestamp', '$.Timestamp'];

const opcUa: Preset = {
  title: 'OPC UA PubSub (JSON)',
  note: 'The sensor is publisher and data set writer, the metric is the name of the field.',
  sources: [
    ...['metadata', 'status', 'connection', 'application', 'endpoints'].map((kind) => ({
      topic: `opcua/json/${kind}/#`,
      ignore: true,
    })),
    {
      topic: 'opcua/{sensor...}',
      each: [
        '$.Messages[*].Payload.{metric}',
        '$.Messages.Payload.{metric}',
        '$[*].Payload.{metric}',
        '$.Payload.{metric}',
        '$.{metric}',
      ],
      sensor: '{$.PublisherId?}/{$.DataSetWriterName?}{$.DataSetWriterId?}',
      value: opcUaValue,
      time: opcUaTime,
      booleans: true,
      quiet: true,
    },
  ],
};

const kepware: Preset = {
  title: 'Kepware IoT Gateway',
  note: 'The sensor is kepware, the metric is the id of the tag: channel, device and tag.',
  sources: [
    {
      topic: 'iotgateway',
      each: ['$.values[*]'],
      sensor: 'kepware',
      metric: '{$.id}',
      value: ['$.v'],
      time: ['$.t', '$.timestamp'],
      quiet: true,
    },
  ],
};

const owntracks: Preset = {
  title: 'OwnTracks',
  sources: [
    {
      topic: 'owntracks/{user}/{device}',
      sensor: '{user}/{device}',
      include: ['lat', 'lon', 'alt', 'acc', 'vac', 'vel', 'cog', 'batt', 'p'],
      quiet: true,
      unit: [
        ['lat', '°'],
        ['lon', '°'],
        ['cog', '°'],
        ['alt', 'm'],
        ['acc', 'm'],
        ['vel', 'km/h'],
        ['batt', '%'],
        ['p', 'kPa'],
      ],
    },
  ],
};

export const NETWORKS = {
  ttn,
  chirpstack,
  'sparkplug-b': sparkplug,
  senml,
  'telegraf-json': telegraf,
  thingsboard,
  'aws-shadow': awsShadow,
  'azure-iot': azureIot,
  'opcua-json': opcUa,
  kepware,
  owntracks,
} as const satisfies Record<string, Preset>;
