import { isOwnTopic } from '../../domain/own-topic.ts';
import { readPresets, readSources } from '../../sources/read-sources.ts';
import { TopicTemplate } from '../../sources/topic-template.ts';
import { type Section, setting } from '../setting.ts';
import { choice, duration, text, url, whole } from '../value-types.ts';

const topics = text.transform((given, context) => {
  const list = given.split(',').map((topic) => topic.trim());
  for (const topic of list) {
    if (isOwnTopic(topic)) {
      context.addIssue({ code: 'custom', message: `'${topic}' is where Vigía itself publishes` });
    }
    if (!isUsable(topic)) {
      context.addIssue({
        code: 'custom',
        message: `'${topic}' must have one whole level {sensor}, at most one {metric}, and otherwise names, + or a final #`,
      });
    }
  }
  return Object.freeze(list);
});

function isUsable(topic: string): boolean {
  try {
    return topic !== '' && new TopicTemplate(topic).names.includes('sensor');
  } catch {
    return false;
  }
}

const sources = text.transform((given, context) => {
  const { specs, problems } = readSources(given);
  for (const message of problems) context.addIssue({ code: 'custom', message });
  return Object.freeze(specs);
});

const presets = text.transform((given, context) => {
  const { specs, problems } = readPresets(given);
  for (const message of problems) context.addIssue({ code: 'custom', message });
  return Object.freeze(specs);
});

const timeZone = text.refine((name) => {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}, 'must be a time zone such as Europe/Madrid or UTC');

export const mqtt = {
  title: 'MQTT',
  settings: {
    url: setting('MQTT_URL', url('mqtt', 'mqtts', 'ws', 'wss', 'tcp', 'ssl'), {
      secret: true,
      help: 'broker that `vigia bridge` connects to and subscribes at, for example mqtt://broker:1883',
    }),
    topics: setting('MQTT_TOPICS', topics, {
      fallback: 'sensors/{sensor}/{metric}',
      shape: 'list',
      help: 'topics that readings are published on, separated by commas; {sensor} and {metric} stand for one level each',
    }),
    sources: setting('MQTT_SOURCES', sources, {
      shape: 'sources',
      fileKey: 'sources',
      long: true,
      help: 'where messages come from and how each is read: a list in YAML or JSON, see docs/devices.md (usually the key sources of vigia.yaml)',
    }),
    presets: setting('MQTT_PRESETS', presets, {
      shape: 'list',
      fileKey: 'presets',
      help: 'ecosystems whose messages are read as docs/devices.md says, separated by commas, for example zigbee2mqtt,tasmota',
    }),
    timeZone: setting('TIME_ZONE', timeZone, {
      fallback: 'UTC',
      help: 'time zone of times in messages that name none, for example Europe/Madrid; a source may have its own time_zone',
    }),
    sparkplugRebirth: setting('SPARKPLUG_REBIRTH', choice('on', 'off'), {
      fallback: 'on',
      help: 'whether an edge node of Sparkplug B is asked for its births (NCMD) when data has an alias that is not known, or messages are missing',
    }),
    sparkplugPatience: setting('SPARKPLUG_PATIENCE', duration(), {
      fallback: '10s',
      help: 'how long data of Sparkplug B waits for the birth that explains its aliases, before it becomes a dead letter',
    }),
    group: setting('MQTT_GROUP', text.regex(/^[^/+#]*$/, 'must not contain / + or #'), {
      fallback: 'vigia',
      mayBeEmpty: true,
      help: 'name of the shared subscription of the replicas (empty: each bridge subscribes on its own and gets every reading)',
    }),
    clientId: setting('MQTT_CLIENT_ID', text.min(1), {
      help: 'MQTT client id of this replica, which must stay the same after a restart (unset: vigia-<hostname>-<PORT>)',
    }),
    username: setting('MQTT_USERNAME', text, {
      help: 'user name at the broker of MQTT_URL; the built-in broker asks its clients for this user name when it is set',
    }),
    password: setting('MQTT_PASSWORD', text, {
      secret: true,
      help: 'password of the user MQTT_USERNAME',
    }),
    ca: setting('MQTT_CA', text, {
      help: 'certificate as PEM of the authority that signed the certificate of the broker of MQTT_URL (usually given as MQTT_CA_FILE)',
    }),
    cert: setting('MQTT_CERT', text, {
      help: 'client certificate as PEM for the broker of MQTT_URL (usually given as MQTT_CERT_FILE)',
    }),
    key: setting('MQTT_KEY', text, {
      secret: true,
      help: 'private key as PEM of the client certificate MQTT_CERT (usually given as MQTT_KEY_FILE)',
    }),
    sessionExpiry: setting('MQTT_SESSION_EXPIRY', duration(1000), {
      fallback: '7d',
      help: 'how long the session of an absent client is kept, by the broker of MQTT_URL (MQTT 5) and by the built-in broker',
    }),
    leaveTimeout: setting('MQTT_LEAVE_TIMEOUT', duration(100), {
      help: 'how long a bridge that stops may take to end its part of the shared subscription: if another replica is online, the bridge first takes the messages queued for it (unset: its session stays at the broker and waits for it)',
    }),
    reconnectFirst: setting('MQTT_RECONNECT_FIRST', duration(1), {
      fallback: '25ms',
      help: 'pause between the first attempts to connect to the broker again after the connection was lost',
    }),
    reconnectFirstFor: setting('MQTT_RECONNECT_FIRST_FOR', duration(), {
      fallback: '10s',
      help: 'how long attempts to connect to the broker follow each other at MQTT_RECONNECT_FIRST; after that the pauses grow',
    }),
    reconnectMax: setting('MQTT_RECONNECT_MAX', duration(1), {
      fallback: '1s',
      help: 'longest pause between two attempts to connect to the broker',
    }),
    receiveMaximum: setting('MQTT_RECEIVE_MAXIMUM', whole(1, 65535), {
      fallback: '2000',
      help: 'messages without acknowledgement that the broker of MQTT_URL may send to this replica (MQTT 5)',
    }),
  },
  problems(values) {
    const missing = values.MQTT_PASSWORD !== undefined && values.MQTT_USERNAME === undefined;
    return missing ? ['MQTT_PASSWORD: needs MQTT_USERNAME'] : [];
  },
} satisfies Section;
