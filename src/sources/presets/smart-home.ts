/** Presets of devices and gateways at home. */
import type { Preset } from './preset.ts';
import { SUFFIX_UNITS, USUAL_UNITS } from './units.ts';

/** Of several channels, each is an element of a list: ENERGY.Power.0. */
const tasmotaUnits = [
  ...[['*.Humidity', '%'] as const, ['*.Illuminance', 'lx'] as const, ['*.CarbonDioxide', 'ppm'] as const],
  ...[['*.eCO2', 'ppm'] as const, ['*.PM2.5', 'µg/m³'] as const, ['*.PM10', 'µg/m³'] as const],
  ...Object.entries({
    ...{ Power: 'W', ApparentPower: 'VA', ReactivePower: 'var', Voltage: 'V', Current: 'A', Frequency: 'Hz' },
    ...{ Total: 'kWh', Yesterday: 'kWh', Today: 'kWh' },
  }).flatMap(([name, unit]) => [[`ENERGY.${name}`, unit] as const, [`ENERGY.${name}.*`, unit] as const]),
];

const tasmota: Preset = {
  title: 'Tasmota',
  note: 'Times have no zone: set time_zone to that of the device, or its Timezone to 0.',
  sources: [
    {
      topic: 'tele/{sensor}/SENSOR',
      quiet: true,
      exclude: ['*.Id', '*.Address', '*.TotalStartTime', 'TempUnit', 'PressureUnit', '*.Channel'],
      unit: [
        ['ZbReceived.*.Temperature', '°C'],
        ['*.Temperature*', '$.TempUnit'],
        ['*.DewPoint', '$.TempUnit'],
        ['*.Pressure', '$.PressureUnit'],
        ['*.SeaPressure', '$.PressureUnit'],
        ...tasmotaUnits,
      ],
    },
    {
      topic: 'tele/{sensor}/STATE',
      quiet: true,
      booleans: true,
      include: [
        'UptimeSec',
        'Vcc',
        'Heap',
        'LoadAvg',
        'MqttCount',
        'Wifi.RSSI',
        'Wifi.Signal',
        'POWER*',
        'Dimmer',
      ],
      unit: [
        ['UptimeSec', 's'],
        ['Vcc', 'V'],
        ['Heap', 'kB'],
        ['Wifi.RSSI', '%'],
        ['Wifi.Signal', 'dBm'],
        ['Dimmer', '%'],
      ],
    },
    {
      topic: 'stat/{sensor}/{status}',
      payload: 'object',
      quiet: true,
      fields: ['$.StatusSNS'],
      time: ['$.StatusSNS.Time'],
      exclude: ['*.Id', '*.Address', 'TempUnit', 'PressureUnit'],
      unit: [
        ['*.Temperature*', '$.StatusSNS.TempUnit'],
        ['*.DewPoint', '$.StatusSNS.TempUnit'],
        ['*Pressure', '$.StatusSNS.PressureUnit'],
        ...tasmotaUnits,
      ],
    },
    { topic: 'stat/{sensor}/{metric}', payload: 'value', include: ['POWER*'], booleans: true, quiet: true },
    { topic: 'tele/{sensor}/{other}', ignore: true },
  ],
};

const shellyUnits = [
  ['*tC', '°C'],
  ['*tF', '°F'],
  ['*rh', '%'],
  ['*battery.percent', '%'],
  ['*battery.V', 'V'],
  ['*apower', 'W'],
  ['*act_power', 'W'],
  ['*voltage', 'V'],
  ['*current', 'A'],
  ['*freq', 'Hz'],
  ['*aenergy.total', 'Wh'],
  ['*illuminance*.lux', 'lx'],
] as const;
const shellyNoise = [
  ...[
    '*.id',
    'id',
    '*.minute_ts',
    '*.by_minute*',
    '*cfg_rev',
    'sys.*',
    'wifi.*',
    'cloud.*',
    'ble.*',
    'mqtt.*',
    'ws.*',
  ],
  ...[
    'events.*',
    'ts',
    'dst',
    'method',
    '*.source',
    '*.errors*',
    '*.timer_started_at',
    '*.timer_duration',
    '*.unixtime',
  ],
];

const shelly: Preset = {
  title: 'Shelly (generations 1 and 2)',
  note: 'Of generation 2, switch on “RPC status notifications” or “Generic status update over MQTT”.',
  sources: [
    {
      topic: 'shellies/{sensor}/sensor/{metric}',
      booleans: true,
      quiet: true,
      unit: [...USUAL_UNITS, ['lux', 'lx']],
    },
    {
      topic: 'shellies/{sensor}/ext_temperature/{index}',
      metric: 'ext_temperature.{index}',
      unit: [['*', '°C']],
    },
    { topic: 'shellies/{sensor}/ext_humidity/{index}', metric: 'ext_humidity.{index}', unit: [['*', '%']] },
    { topic: 'shellies/{sensor}/adc/{index}', metric: 'adc.{index}', unit: [['*', 'V']] },
    { topic: 'shellies/{sensor}/relay/{index}', metric: 'relay.{index}', quiet: true },
    { topic: 'shellies/{sensor}/input/{index}', metric: 'input.{index}', quiet: true },
    {
      topic: 'shellies/{sensor}/{part}/{index}/{name}',
      metric: '{part}.{index}.{name}',
      quiet: true,
      payload: 'value',
      unit: [
        ['*.power', 'W'],
        ['*.energy', 'Wmin'],
        ['emeter.*.total', 'Wh'],
        ['*.voltage', 'V'],
        ['*.current', 'A'],
      ],
    },
    {
      topic: 'shellies/{sensor}/{metric}',
      payload: 'value',
      quiet: true,
      exclude: ['online', 'announce', 'command', 'input_event', 'temperature_status'],
      unit: [
        ['temperature', '°C'],
        ['temperature_f', '°F'],
        ['voltage', 'V'],
      ],
    },
    {
      topic: 'shellies/{sensor}/status',
      payload: 'object',
      fields: ['$'],
      booleans: true,
      quiet: true,
      exclude: ['timestamp', 'unixtime', 'time', 'active', 'fw_info*', 'actions_stats*'],
      unit: [
        ['lux', 'lx'],
        ['bat', '%'],
        ['*.value', '°C'],
      ],
    },
    { topic: 'shellies/#', ignore: true },
    {
      topic: '{sensor}/events/rpc',
      fields: ['$.params'],
      time: ['$.params.ts'],
      booleans: true,
      quiet: true,
      exclude: shellyNoise,
      unit: shellyUnits,
    },
    {
      topic: '{sensor}/status/{metric}',
      payload: 'object',
      fields: ['$'],
      booleans: true,
      quiet: true,
      exclude: shellyNoise,
      unit: shellyUnits,
    },
  ],
};

const zigbeeTexts = [
  ...[
    'state',
    'state_*',
    'action*',
    'color*',
    'effect',
    'update*',
    'device.*',
    'power_on_behavior',
    'last_seen',
    'system_mode',
  ],
  ...['identify', 'child_lock', 'self_test', 'update_available'],
];

/** Of a battery in mV, of the mains in V. */
const VOLTAGE = ['voltage', 'V<1000<mV'] as const;
const ZIGBEE_UNITS = [
  ...[['*_setpoint', '°C'] as const, ['illuminance_lux', 'lx'] as const, ['target_distance', 'm'] as const],
  ...[['pi_heating_demand', '%'] as const, ['position', '%'] as const, ['pm25', 'µg/m³'] as const],
  ...[['pm10', 'µg/m³'] as const, ['voc', 'ppb'] as const, ['power_apparent', 'VA'] as const],
] as const;

const zigbee2mqtt: Preset = {
  title: 'Zigbee2MQTT',
  note: 'With advanced.last_seen set, readings have the time at which the device was heard.',
  sources: [
    { topic: 'zigbee2mqtt/bridge/#', ignore: true },
    { topic: 'zigbee2mqtt/{sensor...}/availability', ignore: true },
    { topic: 'zigbee2mqtt/{sensor...}/set', ignore: true },
    { topic: 'zigbee2mqtt/{sensor...}/get', ignore: true },
    {
      topic: 'zigbee2mqtt/{sensor...}',
      payload: 'object',
      booleans: true,
      quiet: true,
      exclude: zigbeeTexts,
      unit: [...USUAL_UNITS, VOLTAGE, ...ZIGBEE_UNITS],
    },
    {
      topic: 'zigbee2mqtt/{sensor...}/{metric}',
      payload: 'value',
      quiet: true,
      exclude: zigbeeTexts,
      unit: [...USUAL_UNITS, VOLTAGE, ...ZIGBEE_UNITS],
    },
  ],
};

const esphome: Preset = {
  title: 'ESPHome',
  sources: ['sensor', 'binary_sensor', 'number', 'switch'].map((domain) => ({
    topic: `{sensor}/${domain}/{metric}/state`,
    quiet: domain !== 'sensor',
  })),
};

const homie: Preset = {
  title: 'Homie (3, 4 and 5)',
  note: 'The sensor is device and node, the metric is the property.',
  sources: ['homie/5/{device}/{node}/{metric}', 'homie/{device}/{node}/{metric}'].map((topic) => ({
    topic,
    sensor: '{device}/{node}',
    quiet: true,
    exclude: ['$*'],
  })),
};

const NO_STATE = ['unavailable', 'unknown', 'none', 'null', 'nan', ''];

const statestream: Preset = {
  title: 'Home Assistant (mqtt_statestream)',
  note: 'The sensor is the name of the entity, the metric is state.',
  sources: [
    ...['sensor', 'binary_sensor', 'number', 'input_number', 'counter'].map((domain) => ({
      topic: `homeassistant/${domain}/{sensor}/state`,
      metric: 'state',
      quiet: true,
      null_words: NO_STATE,
    })),
    {
      topic: 'homeassistant/climate/{sensor}/{metric}',
      quiet: true,
      include: ['current_temperature', 'temperature', 'current_humidity', 'humidity'],
      null_words: NO_STATE,
      unit: [['*humidity', '%']],
    },
  ],
};

const radioNoise = [
  ...[
    'id',
    'channel',
    'mic',
    'mod',
    'model',
    'type',
    'subtype',
    'protocol',
    'data',
    'msg',
    'raw*',
    'code',
    'time',
    'brand',
  ],
  ...[
    'freq',
    'freq1',
    'freq2',
    'sequence_num',
    'message_type',
    'flags',
    'test',
    'codes',
    'rows*',
    'button',
    'unit',
    'group',
    'dim',
    'exception',
  ],
];

const rtl433: Preset = {
  title: 'rtl_433',
  note: 'The sensor is model, channel and id. Times are local without a zone: set time_zone, or start rtl_433 with -M time:utc:tz.',
  sources: [
    {
      topic: 'rtl_433/{host}/devices/{sensor...}/{metric}',
      quiet: true,
      exclude: radioNoise,
      unit: SUFFIX_UNITS,
    },
    {
      topic: 'rtl_433/{host}/events',
      sensor: '{$.model}/{$.subtype?}/{$.channel?}/{$.id?}',
      quiet: true,
      exclude: radioNoise,
      unit: SUFFIX_UNITS,
    },
    { topic: 'rtl_433/{host}/states', ignore: true },
  ],
};

const bluetoothUnits = [
  ...['tempc', 'tempc2_dp', 'internal_tempc'].map((name) => [name, '°C'] as const),
  ...['tempf', 'internal_tempf'].map((name) => [name, '°F'] as const),
  ...['hum', 'batt', 'moi'].map((name) => [name, '%'] as const),
  ...[['volt', 'V'] as const, ['rssi', 'dBm'] as const, ['lux', 'lx'] as const, ['pres', 'hPa'] as const],
  ...[
    ['distance', 'm'] as const,
    ['weight', 'kg'] as const,
    ['power', 'W'] as const,
    ['fer', 'µS/cm'] as const,
  ],
];
const bluetoothNoise = [
  ...[
    'id',
    'mac',
    'mac_type',
    'adv_type',
    'name',
    'manufacturer*',
    'servicedata*',
    'brand',
    'model',
    'model_id',
    'type',
  ],
  ...[
    'cidc',
    'acts',
    'cont',
    'track',
    'device',
    'uuid',
    'txpower',
    'unit',
    'protocol',
    'length',
    'delay',
    'raw',
    'bits',
  ],
];

const openMqttGateway: Preset = {
  title: 'OpenMQTTGateway and Theengs Gateway',
  note: 'The sensor of Bluetooth devices is the id in the message, so that several gateways report one device as one.',
  sources: [
    {
      topic: 'home/{gateway}/BTtoMQTT/{id}',
      sensor: '{$.id}',
      booleans: true,
      quiet: true,
      exclude: bluetoothNoise,
      unit: bluetoothUnits,
    },
    {
      topic: 'home/{gateway}/BTtoMQTT',
      sensor: '{$.id}',
      booleans: true,
      quiet: true,
      exclude: bluetoothNoise,
      unit: bluetoothUnits,
    },
    {
      topic: 'home/{gateway}/RTL_433toMQTT/#',
      sensor: '{$.model}/{$.subtype?}/{$.channel?}/{$.id?}',
      quiet: true,
      exclude: [...radioNoise, 'duration'],
      unit: SUFFIX_UNITS,
    },
    {
      topic: 'home/{sensor}/{part}',
      payload: 'object',
      quiet: true,
      exclude: [
        'version',
        'mqttport',
        'modules*',
        'ip',
        'mac',
        'actRec',
        'mhz',
        'rfr*',
        'env',
        'origin',
        ...bluetoothNoise,
      ],
      unit: bluetoothUnits,
    },
    { topic: 'home/{sensor}/{part}', ignore: true },
  ],
};

const zwaveJsUi: Preset = {
  title: 'Z-Wave JS UI',
  note: 'The metric is command class, endpoint and property. With locations in the topic, write topic: zwave/{location}/{sensor}/….',
  sources: [
    ...['_CLIENTS', '_EVENTS', 'driver'].map((topic) => ({ topic: `zwave/${topic}/#`, ignore: true })),
    ...['status', 'lastActive', 'nodeinfo', 'hass'].map((part) => ({
      topic: `zwave/{sensor...}/${part}`,
      ignore: true,
    })),
    ...(['object', 'value'] as const).map((payload) => ({
      topic: 'zwave/{sensor}/{class}/{endpoint}/{property...}',
      metric: '{class}/{endpoint}/{property}',
      payload,
      booleans: true,
      quiet: true,
      ...(payload === 'object' && {
        value: ['$.value'],
        time: ['$.time', '$.lastUpdate', '$.ts'],
        unit: [['*', '$.unit']] as const,
      }),
    })),
  ],
};

const victron: Preset = {
  title: 'Victron Venus OS (dbus-flashmq)',
  note: 'The sensor is portal, service and instance, the metric is the path of D-Bus.',
  sources: [
    {
      topic: 'N/{portal}/{service}/{instance}/{metric...}',
      sensor: '{portal}/{service}/{instance}',
      quiet: true,
      unit: [
        ['*Temperature', '°C'],
        ['*Humidity', '%'],
        ['*Soc', '%'],
        ['*/Voltage', 'V'],
        ['*/V', 'V'],
        ['*/Current', 'A'],
        ['*/I', 'A'],
        ['*/Power', 'W'],
        ['*/P', 'W'],
        ['*/F', 'Hz'],
      ],
    },
  ],
};

export const SMART_HOME = {
  tasmota,
  shelly,
  zigbee2mqtt,
  esphome,
  homie,
  'home-assistant-statestream': statestream,
  rtl_433: rtl433,
  openmqttgateway: openMqttGateway,
  'zwave-js-ui': zwaveJsUi,
  victron,
} as const satisfies Record<string, Preset>;
