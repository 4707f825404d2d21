/**
 * The settings. This is the only reader of the environment: one schema, every problem reported at once, the result
 * frozen. `NAME_FILE` reads the value of NAME from a file (secrets). Options go before the environment, that before the
 * configuration file (VIGIA_CONFIG). `vigia --help` prints `SETTINGS`.
 */
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { z } from 'zod';
import { parseAlertRules } from './alerts/alert-rules.ts';
import { type ConfigFile, readConfigFile, type Shape } from './config-file.ts';
import { parseDuration } from './domain/duration.ts';
import { isOwnTopic } from './domain/own-topic.ts';
import { ConfigurationError } from './errors.ts';

const UNIT_BYTES = { '': 1, kb: 1024, mb: 1024 ** 2, gb: 1024 ** 3 } as const;

/** `64MB`, `256kb`, or a bare number of bytes. @returns bytes, or NaN */
function parseBytes(text: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*(kb|mb|gb)?$/i.exec(text.trim());
  if (!match) return Number.NaN;
  return Math.round(
    Number(match[1]) * UNIT_BYTES[(match[2]?.toLowerCase() ?? '') as keyof typeof UNIT_BYTES],
  );
}

const whole = (min: number, max: number) =>
  z
    .string()
    .regex(/^\d+$/, `must be a whole number from ${min} to ${max}`)
    .transform(Number)
    .refine((n) => n >= min && n <= max, `must be a whole number from ${min} to ${max}`)
    .meta({ file: { type: ['integer', 'string'], minimum: min, maximum: max, pattern: String.raw`^\d+$` } });

const duration = (min = 0) =>
  z
    .string()
    .transform(parseDuration)
    .refine((n) => Number.isFinite(n), 'must be a duration such as 30d, 12h, 5m, 10s or 250ms')
    .refine((n) => !(n < min), `must be at least ${min} ms`)
    .meta({
      file: {
        type: ['number', 'string'],
        minimum: min,
        pattern: String.raw`^\s*\d+(\.\d+)?\s*([mM][sS]|[sSmMhHdD])?\s*$`,
      },
    });

const bytes = (min: number, max: number) =>
  z
    .string()
    .transform(parseBytes)
    .refine((n) => n >= min && n <= max, `must be a size from ${min} to ${max} bytes, such as 256kB or 64MB`)
    .meta({
      file: {
        type: ['number', 'string'],
        minimum: min,
        maximum: max,
        pattern: String.raw`^\s*\d+(\.\d+)?\s*([kKmMgG][bB])?\s*$`,
      },
    });

const choice = <T extends string>(...values: [T, ...T[]]) =>
  z.enum(values, { error: `must be one of ${values.join(', ')}` });

const url = (...schemes: string[]) =>
  z
    .string()
    .refine((text) => URL.canParse(text) && schemes.includes(new URL(text).protocol.slice(0, -1)), {
      error: `must be a URL that begins with ${schemes.map((s) => `${s}://`).join(' or ')}`,
      abort: true,
    })
    .refine((text) => {
      const { username, password } = new URL(text);
      return isPercentEncoded(username) && isPercentEncoded(password);
    }, 'user name and password must be percent-encoded: a % is written %25');

function isPercentEncoded(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}

const units = z.string().transform((text, context) => {
  const result: Record<string, string> = {};
  for (const part of text.split(',').filter((p) => p.trim() !== '')) {
    const at = part.indexOf('=');
    if (at < 1) context.addIssue({ code: 'custom', message: 'must be metric=unit pairs, comma-separated' });
    else result[part.slice(0, at).trim()] = part.slice(at + 1).trim();
  }
  return Object.freeze(result);
});

const topics = z.string().transform((text, context) => {
  const list = text.split(',').map((topic) => topic.trim());
  for (const topic of list) {
    const levels = topic.split('/');
    const bad =
      topic === '' ||
      levels.filter((level) => level === '{sensor}').length !== 1 ||
      levels.filter((level) => level === '{metric}').length > 1 ||
      levels.some((level, i) =>
        level === '#'
          ? i !== levels.length - 1
          : level !== '+' && !/^\{(sensor|metric)\}$/.test(level) && /[+#{}]/.test(level),
      );
    if (isOwnTopic(topic)) {
      context.addIssue({ code: 'custom', message: `'${topic}' is where Vigía itself publishes` });
    }
    if (bad) {
      context.addIssue({
        code: 'custom',
        message: `'${topic}' must have one whole level {sensor}, at most one {metric}, and otherwise names, + or a final #`,
      });
    }
  }
  return Object.freeze(list);
});

const alertRules = z.string().transform((text, context) => {
  const { rules, problems } = parseAlertRules(text);
  for (const message of problems) context.addIssue({ code: 'custom', message });
  return rules;
});

const factor = z
  .string()
  .regex(/^\d+(\.\d+)?$/, 'must be 0 or a number from 1 on')
  .transform(Number)
  .refine((n) => n === 0 || n >= 1, 'must be 0 or a number from 1 on')
  .meta({ file: { type: ['number', 'string'], minimum: 0, pattern: String.raw`^\d+(\.\d+)?$` } });

interface Setting {
  readonly schema: z.ZodType<unknown, string>;
  readonly fallback?: string;
  readonly help: string;
  readonly secret?: boolean;
  /** Long: a complaint does not repeat it. */
  readonly long?: boolean;
  /** An empty value says something of its own; elsewhere it counts as unset. */
  readonly mayBeEmpty?: boolean;
  /** How it may be written in the configuration file besides as one text. */
  readonly shape?: Shape;
  /** A running process takes a new value on SIGHUP. */
  readonly reload?: boolean;
}

const setting = <S extends z.ZodType<unknown, string>, const D extends Omit<Setting, 'schema'>>(
  schema: S,
  rest: D,
) => ({
  schema,
  ...rest,
});

const text = z.string();

/** Every setting: name, schema, default, one line of help. */
export const SETTINGS = {
  HOST: setting(text, { fallback: '127.0.0.1', help: 'address that HTTP and the built-in broker listen on' }),
  PORT: setting(whole(0, 65535), { fallback: '4000', help: 'HTTP port (0: any free one)' }),
  MQTT_PORT: setting(whole(0, 65535), {
    fallback: '1883',
    help: 'port of the built-in broker (0: any free one)',
  }),
  MQTT_WS_PORT: setting(whole(0, 65535), { help: 'WebSocket port of the built-in broker (unset: none)' }),
  MQTT_MAX_CONNECTIONS: setting(whole(1, 1_000_000), {
    fallback: '10000',
    help: 'connections the built-in broker accepts',
  }),
  MQTT_MAX_KEEPALIVE: setting(duration(1000), {
    fallback: '1h',
    help: 'longest keep-alive the built-in broker accepts',
  }),
  MQTT_MAX_INFLIGHT: setting(whole(1, 32_000), {
    fallback: '1000',
    help: 'messages that the built-in broker sends a subscriber before it waits for acknowledgements',
  }),
  MQTT_MAX_QUEUED: setting(whole(1, 1e9), {
    fallback: '1000000',
    help: 'messages it keeps per absent session or shared subscription; the oldest go first',
  }),
  MQTT_MAX_QUEUED_BYTES: setting(bytes(1024, 2 ** 40), {
    fallback: '512MB',
    help: 'memory it spends on all of those together',
  }),
  MQTT_MAX_RETAINED: setting(whole(1, 1e9), {
    fallback: '100000',
    help: 'topics whose last message it retains',
  }),
  MQTT_WS_ORIGINS: setting(
    text.transform((list) => Object.freeze(list.split(',').map((origin) => origin.trim()))),
    { shape: 'list', help: 'web pages that may open a WebSocket, e.g. https://panel.example; unset: any' },
  ),
  MQTT_TLS_PORT: setting(whole(0, 65535), { help: 'TLS port of the built-in broker (unset: none)' }),
  MQTT_TLS_CERT: setting(text, { help: 'PEM of its certificate chain (usually MQTT_TLS_CERT_FILE)' }),
  MQTT_TLS_KEY: setting(text, { help: 'PEM of its key (usually MQTT_TLS_KEY_FILE)', secret: true }),
  MQTT_TLS_CLIENT_CA: setting(text, {
    help: 'PEM of the authority of client certificates, which are asked for if set',
  }),
  MQTT_TLS_CN_AS_USER: setting(choice('no', 'yes'), {
    fallback: 'no',
    help: 'whether the common name of a client certificate is the user name at the built-in broker, without password',
  }),
  MQTT_USERS: setting(text, {
    reload: true,
    help: 'users of the built-in broker, as mosquitto_passwd and `vigia passwd` write them (usually MQTT_USERS_FILE)',
    secret: true,
  }),
  MQTT_ACL: setting(text, {
    reload: true,
    help: 'who may publish and read where at the built-in broker, as Mosquitto’s acl_file (usually MQTT_ACL_FILE)',
  }),
  MQTT_URL: setting(url('mqtt', 'mqtts', 'ws', 'wss', 'tcp', 'ssl'), {
    help: 'external broker that `vigia bridge` subscribes at',
    secret: true,
  }),
  MQTT_TOPICS: setting(topics, {
    fallback: 'sensors/{sensor}/{metric}',
    shape: 'list',
    help: 'where readings are published; several: comma-separated',
  }),
  MQTT_GROUP: setting(text.regex(/^[^/+#]*$/, 'must not contain / + or #'), {
    fallback: 'vigia',
    help: 'shared subscription group of the replicas (empty: a subscription of its own)',
    mayBeEmpty: true,
  }),
  MQTT_CLIENT_ID: setting(text.min(1), { help: 'stable per replica; default vigia-<hostname>-<PORT>' }),
  MQTT_USERNAME: setting(text, { help: 'at MQTT_URL, and what the built-in broker asks for if set' }),
  MQTT_PASSWORD: setting(text, { help: 'goes with MQTT_USERNAME', secret: true }),
  MQTT_CA: setting(text, {
    help: 'PEM of the authority that signed the broker’s certificate (usually MQTT_CA_FILE)',
  }),
  MQTT_CERT: setting(text, { help: 'PEM of the client certificate (usually MQTT_CERT_FILE)' }),
  MQTT_KEY: setting(text, { help: 'PEM of its key (usually MQTT_KEY_FILE)', secret: true }),
  MQTT_SESSION_EXPIRY: setting(duration(1000), {
    fallback: '7d',
    help: 'how long the session of an absent client is kept, by the broker at MQTT_URL (MQTT 5) and by the built-in one',
  }),
  MQTT_LEAVE_TIMEOUT: setting(duration(100), {
    help: 'a bridge that stops leaves the shared subscription for good, if another is online, and first takes what is queued for it, for so long at most; unset: its session stays and waits for it',
  }),
  MQTT_RECONNECT_FIRST: setting(duration(1), {
    fallback: '25ms',
    help: 'pause between tries to reach the broker again after a loss, while nobody listens there',
  }),
  MQTT_RECONNECT_FIRST_FOR: setting(duration(), {
    fallback: '10s',
    help: 'how long the tries after a loss are that close; then the pauses grow',
  }),
  MQTT_RECONNECT_MAX: setting(duration(1), {
    fallback: '1s',
    help: 'longest pause between tries while the broker cannot be reached',
  }),
  MQTT_RECEIVE_MAXIMUM: setting(whole(1, 65535), {
    fallback: '2000',
    help: 'unacknowledged messages the broker may send (MQTT 5)',
  }),
  MAX_IN_FLIGHT: setting(whole(1, 10_000_000), {
    fallback: '8000',
    help: 'messages held in memory before the socket is held',
  }),
  HAND_OVER: setting(choice('yes', 'no'), {
    fallback: 'yes',
    help: 'whether replicas of MQTT_GROUP on one Redis hand each reading to the one that its series belongs to (speed only)',
  }),
  MAX_IN_FLIGHT_BYTES: setting(bytes(1024, 2 ** 40), {
    fallback: '64MB',
    help: 'the same in bytes, 300 more for each reading in them',
  }),
  REDIS_URL: setting(
    // The store reads it in full: URLs with several hosts are none to URL.canParse.
    text.regex(
      /^rediss?(\+sentinel|\+cluster)?:\/\/./,
      'must begin with redis://, rediss://, redis+sentinel:// or redis+cluster://',
    ),
    { help: 'the Redis store; unset: the embedded store', secret: true },
  ),
  REDIS_HOST: setting(text, { help: 'the replaced system’s setting: REDIS_URL=redis://<host>:6379' }),
  REDIS_DURABILITY: setting(choice('memory', 'fsync', 'replicated'), {
    fallback: 'memory',
    help: 'what a commit waits for: memory, fsync (WAITAOF), replicated (WAIT 1)',
  }),
  REDIS_LAYOUT: setting(choice('auto', 'timeseries', 'sorted-set'), {
    fallback: 'auto',
    help: 'how readings are kept in Redis: RedisTimeSeries, sorted sets, or what the server can',
  }),
  REDIS_CA: setting(text, {
    help: 'PEM of the authority that signed the certificate of rediss:// (usually REDIS_CA_FILE)',
  }),
  REDIS_TIMEOUT: setting(duration(100), {
    fallback: '5s',
    help: 'how long Redis may stay silent before its connection is given up',
  }),
  DATA_DIR: setting(text.min(1), { fallback: './data', help: 'directory of the embedded store' }),
  MODEL_DIR: setting(text.min(1), { help: 'model artifact to use instead of the shipped one' }),
  SIMD: setting(choice('simd128', 'relaxed'), {
    fallback: 'simd128',
    help: 'instructions that forecasts use; relaxed is faster, needs Node 22, and replicas must not mix (docs/detection.md)',
  }),
  MODEL_REFRESH: setting(duration(50), {
    fallback: '2s',
    help: 'how often a replica looks whether others have promoted a model',
  }),
  MAX_MODEL_SIZE: setting(bytes(1024, 2 ** 30), {
    fallback: '32MB',
    help: 'largest model artifact that HTTP takes',
  }),
  RETENTION: setting(duration(60_000), {
    fallback: '30d',
    help: 'how long raw readings and alerts are kept',
  }),
  MAX_CLOCK_SKEW: setting(duration(), { fallback: '5m', help: 'how far in the future a reading may be' }),
  UNITS: setting(units, {
    fallback: 'temperature=°C',
    shape: 'map',
    reload: true,
    help: 'unit per metric, metric=unit, comma-separated',
  }),
  BATCH_MAX: setting(whole(1, 100_000), { fallback: '1000', help: 'most readings in one commit' }),
  BATCH_SERIES: setting(whole(1, 100_000), { fallback: '256', help: 'most series in one commit' }),
  BATCH_LINGER_MS: setting(whole(0, 60_000), {
    fallback: '0',
    help: 'how long a batch waits for company when nothing is in flight',
  }),
  MAX_PAYLOAD: setting(bytes(16, 2 ** 28), { fallback: '256kB', help: 'largest MQTT packet and HTTP body' }),
  MAX_READINGS: setting(whole(1, 1_000_000), {
    fallback: '10000',
    help: 'most readings in one message or request',
  }),
  MAX_NAME_BYTES: setting(whole(1, 4096), {
    fallback: '200',
    help: 'longest sensor or metric name, UTF-8 bytes',
  }),
  HEAP_GROWTH: setting(whole(10, 1000), {
    fallback: '50',
    help: 'percent that the heap may grow beyond what is in use before it is collected: less memory for more CPU',
  }),
  BRIDGE_NICE: setting(whole(0, 19), {
    fallback: '10',
    help: 'how far a bridge stands back for the broker and Redis where they share its cores (Unix nice value)',
  }),
  STATE_CACHE: setting(whole(1, 10_000_000), {
    fallback: '10000',
    help: 'series whose state is kept in memory',
  }),
  DEAD_LETTER_MAX: setting(whole(1, 100_000_000), {
    fallback: '100000',
    help: 'dead letters kept; the oldest go first',
  }),
  HTTP_DEADLINE: setting(duration(10), {
    fallback: '5s',
    help: 'how long an HTTP write waits for its commit before it answers 503',
  }),
  LIVE_INTERVAL: setting(duration(10), {
    fallback: '200ms',
    help: 'shortest time between two writes to the clients of /api/stream',
  }),
  LIVE_RATE: setting(whole(1, 1_000_000), {
    fallback: '2000',
    help: 'readings a second that /api/stream sends to a client at most; beyond it the newest of each series',
  }),
  LIVE_CLIENTS: setting(whole(1, 1_000_000), { fallback: '500', help: 'clients of /api/stream at a time' }),
  LIVE_CLIENT_BUFFER: setting(bytes(1024, 2 ** 30), {
    fallback: '512kB',
    help: 'what may wait for a client of /api/stream before it is dropped',
  }),
  LIVE_HEARTBEAT: setting(duration(100), {
    fallback: '15s',
    help: 'how often /api/stream sends a comment, so that a dead connection is noticed',
  }),
  // What fits into the header as it is.
  HTTP_TOKEN: setting(text.regex(/^[!-~]+$/, 'must be visible ASCII characters, without spaces'), {
    reload: true,
    help: 'bearer token that the JSON API asks for',
    secret: true,
  }),
  ALERT_RULES: setting(alertRules, {
    shape: 'rules',
    reload: true,
    help: 'min, max, rate, missing, anomaly per sensor: YAML or JSON, see the README (usually ALERT_RULES_FILE)',
    long: true,
  }),
  HTTP_LEGACY_ACCESS: setting(choice('open', 'token'), {
    fallback: 'open',
    reload: true,
    help: 'whether /nuevo, /listar and /detectar ask for HTTP_TOKEN too, as bearer token or ?token=',
  }),
  HTTP_RATE_LIMIT: setting(whole(0, 1_000_000_000), {
    fallback: '0',
    reload: true,
    help: 'requests a minute that one client may make, beyond them 429 (0: any number)',
  }),
  HTTP_AUTH_FAILURES: setting(whole(1, 1_000_000), {
    fallback: '60',
    reload: true,
    help: 'wrong tokens a minute that one client may send before it gets 429',
  }),
  TRUST_PROXY: setting(text, {
    help: 'who may say in X-Forwarded-For which client it speaks for: a number of proxies, or their addresses, comma-separated',
  }),
  HTTP_CORS_ORIGINS: setting(
    text.transform((list) => Object.freeze(list.split(',').map((origin) => origin.trim()))),
    {
      shape: 'list',
      reload: true,
      help: 'web pages of other sites that may use the JSON API, e.g. https://panel.example; * for all; unset: none',
    },
  ),
  ALERT_MQTT: setting(choice('on', 'off'), {
    fallback: 'on',
    help: 'alert changes are published on alerts/<sensor>/<metric>, at MQTT_URL or at the built-in broker',
  }),
  ALERT_WEBHOOK_URL: setting(url('http', 'https'), {
    help: 'alert changes are posted there as JSON',
    secret: true,
  }),
  ALERT_WEBHOOK_SECRET: setting(text.min(1), {
    help: 'key of the HMAC-SHA256 that signs each post (usually ALERT_WEBHOOK_SECRET_FILE)',
    secret: true,
  }),
  ALERT_TIMEOUT: setting(duration(100), {
    fallback: '10s',
    help: 'how long one try to tell a receiver of alerts may take',
  }),
  ALERT_MAX_PAUSE: setting(duration(100), {
    fallback: '1m',
    help: 'longest pause between such tries, which begin at 1s and double',
  }),
  ALERT_MAX_ATTEMPTS: setting(whole(1, 1_000_000), {
    fallback: '5',
    help: 'tries of a change that the receiver refuses (HTTP 4xx), before it is given up',
  }),
  ALERT_MAX_AGE: setting(duration(1000), {
    fallback: '3d',
    help: 'how long after a change a receiver that was away is still told of it (at most RETENTION)',
  }),
  MISSING_FACTOR: setting(factor, {
    fallback: '5',
    help: 'usual intervals of silence that raise `missing` (0: none do)',
  }),
  MISSING_MINIMUM: setting(duration(100), {
    fallback: '5s',
    help: 'the same at least, however short the usual interval',
  }),
  MISSING_PATIENCE: setting(duration(), {
    fallback: '30s',
    help: 'how long a replica has to hear before it reports silence: after its start, or an outage of broker or store',
  }),
  LOG_LEVEL: setting(choice('trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'), {
    fallback: 'info',
    reload: true,
    help: 'trace, debug, info, warn, error, fatal or silent',
  }),
} as const satisfies Record<string, Setting>;

type Settings = typeof SETTINGS;
export type SettingName = keyof Settings;
/** The validated settings; durations in ms, sizes in bytes; undefined where a setting has no default and was not given. */
export type Config = {
  readonly [K in keyof Settings]: Settings[K] extends { readonly fallback: string }
    ? z.output<Settings[K]['schema']>
    : z.output<Settings[K]['schema']> | undefined;
} & { readonly clientId: string };

interface Given {
  readonly text: string;
  /** For messages. */
  readonly source: string;
}

/** @param problems at least one, each beginning with the setting's name */
export function unusable(problems: readonly string[]): ConfigurationError {
  const [field = ''] = problems[0]!.split(':');
  return new ConfigurationError(`the configuration is not usable:\n  ${problems.join('\n  ')}`, { field });
}

/**
 * Reads and checks the settings.
 * @param options what the command line says; goes before the environment
 * @param env an empty string counts as unset where the setting gives it no meaning
 * @param path of the configuration file; without it the one that VIGIA_CONFIG names
 * @throws ConfigurationError that lists every problem, one a line, each beginning with the setting's name, or with file,
 *   line and key
 */
export function readConfig(
  options: Readonly<Partial<Record<keyof Settings, string>>> = {},
  env: Readonly<Record<string, string | undefined>> = process.env,
  path = env.VIGIA_CONFIG,
): Config {
  const shapes = new Map(Object.entries<Setting>(SETTINGS).map(([name, { shape }]) => [name, shape]));
  const file = path ? readConfigFile(path, shapes) : { values: new Map(), problems: [] };
  const problems: string[] = [...file.problems];
  const values: Record<string, unknown> = {};
  for (const [name, { schema, fallback, secret, long, mayBeEmpty }] of Object.entries<Setting>(SETTINGS)) {
    const option = options[name as keyof Settings];
    let given: Given | null | undefined;
    if (option !== undefined) given = { text: option, source: name };
    else {
      const unset = env[name] === undefined || (env[name] === '' && !mayBeEmpty);
      given = chosen(
        name,
        unset ? undefined : { text: env[name]!, source: name },
        env[`${name}_FILE`] ? { text: env[`${name}_FILE`]!, source: `${name}_FILE` } : undefined,
        problems,
      );
      if (given === undefined) given = inFile(name, file, problems);
    }
    if (given === null) continue;
    const { text, source } = given ?? { text: fallback, source: name };
    if (text === undefined) continue;
    const result = schema.safeParse(text);
    if (result.success) values[name] = result.data;
    else {
      const shown = secret || long ? '' : ` (is '${text}')`;
      for (const issue of result.error.issues) problems.push(`${source}: ${issue.message}${shown}`);
    }
  }
  if (values.REDIS_HOST !== undefined && values.REDIS_URL === undefined) {
    const host = String(values.REDIS_HOST);
    values.REDIS_URL = `redis://${host.includes(':') ? host : `${host}:6379`}`;
  }
  if (values.MQTT_PASSWORD !== undefined && values.MQTT_USERNAME === undefined) {
    problems.push('MQTT_PASSWORD: needs MQTT_USERNAME');
  }
  if (values.MQTT_TLS_CN_AS_USER === 'yes' && values.MQTT_TLS_CLIENT_CA === undefined) {
    problems.push('MQTT_TLS_CN_AS_USER: needs MQTT_TLS_CLIENT_CA');
  }
  if (values.ALERT_WEBHOOK_SECRET !== undefined && values.ALERT_WEBHOOK_URL === undefined) {
    problems.push('ALERT_WEBHOOK_SECRET: needs ALERT_WEBHOOK_URL');
  }
  if (values.MQTT_TLS_PORT !== undefined) {
    for (const name of ['MQTT_TLS_CERT', 'MQTT_TLS_KEY']) {
      if (values[name] === undefined) problems.push(`${name}: is needed with MQTT_TLS_PORT`);
    }
  }
  if (problems.length > 0) throw unusable(problems);
  values.clientId = values.MQTT_CLIENT_ID ?? `vigia-${hostname()}-${values.PORT}`;
  return Object.freeze(values) as Config;
}

function inFile(name: string, { values }: ConfigFile, problems: string[]): Given | null | undefined {
  const from = (key: string) => {
    const value = values.get(key);
    return value && { text: value.text, source: value.where };
  };
  return chosen(name, from(name), from(`${name}_FILE`), problems);
}

/** The value, or what the file that is named instead holds; null where a problem was found. */
function chosen(
  name: string,
  direct: Given | undefined,
  file: Given | undefined,
  problems: string[],
): Given | null | undefined {
  if (!file) return direct;
  if (direct) problems.push(`${name}: set either ${name} or ${name}_FILE, not both`);
  try {
    return { text: readFileSync(file.text, 'utf8').replace(/\r?\n$/, ''), source: file.source };
  } catch (error) {
    const why = (error as NodeJS.ErrnoException).code ?? error;
    problems.push(`${file.source}: cannot read '${file.text}' (${why})`);
    return null;
  }
}

/** What differs: settings that a running process can take over, and those that need a restart. Never shows values. */
export function changedSettings(
  before: Config,
  after: Config,
): { reload: SettingName[]; restart: SettingName[] } {
  const changed = (Object.keys(SETTINGS) as SettingName[]).filter(
    (name) => JSON.stringify(before[name]) !== JSON.stringify(after[name]),
  );
  const canReload = (name: SettingName) => (SETTINGS as Record<SettingName, Setting>)[name].reload === true;
  return { reload: changed.filter(canReload), restart: changed.filter((name) => !canReload(name)) };
}
