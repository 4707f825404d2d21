/**
 * The composition root: the only file that wires the folders together. `startApp` gives a running bridge, with the
 * built-in broker and simulated devices (serve) or subscribed to an external broker (bridge).
 */
import { randomUUID } from 'node:crypto';
import { getPriority, hostname, setPriority } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import type { Logger } from 'pino';
import { Counter, collectDefaultMetrics, Registry } from 'prom-client';
import { Access } from '../broker/access.ts';
import { type Broker, startBroker } from '../broker/broker.ts';
import { brokerMetrics } from '../broker/metrics.ts';
import { tlsOptions } from '../broker/tls.ts';
import { faultKinds } from '../devices/faults.ts';
import { type Simulator, startSimulator } from '../devices/simulator.ts';
import { type Artifact, artifactBytes, loadArtifact, modelId, parseArtifact } from '../models/artifact.ts';
import { costNote } from '../models/cost.ts';
import { defaultModelDirectory } from '../models/default-model.ts';
import { describeArtifact } from '../models/details.ts';
import { usableSimd } from '../models/kernel/kernel.ts';
import { createModel } from '../models/lstm-model.ts';
import { packageVersion } from '../models/package-root.ts';
import { trialRun } from '../models/trial.ts';
import { Deliveries } from './alerts/deliveries.ts';
import { DeliveryMetrics } from './alerts/delivery-metrics.ts';
import { MqttPublisher } from './alerts/mqtt-publisher.ts';
import { type AlertPublisher, MqttTarget } from './alerts/mqtt-target.ts';
import type { Target } from './alerts/target.ts';
import { Webhook } from './alerts/webhook.ts';
import { Decoder } from './codecs/decode.ts';
import { TopicTemplate } from './codecs/topic.ts';
import { type Config, changedSettings } from './config.ts';
import type { Alert } from './domain/alert.ts';
import { DEFAULT_RULES } from './domain/alert-rule.ts';
import { type SeriesId, seriesKey } from './domain/series.ts';
import { ConfigurationError, StoreUnavailable } from './errors.ts';
import { Live } from './http/live.ts';
import { registerProcessMetrics } from './http/process-metrics.ts';
import { checkTrustProxy, startHttp } from './http/server.ts';
import { brokerHook } from './intake/broker-hook.ts';
import { MqttSubscriber } from './intake/mqtt-subscriber.ts';
import { Accounting } from './pipeline/accounting.ts';
import { ModelAdmin } from './pipeline/model-admin.ts';
import { ModelFollower } from './pipeline/model-follower.ts';
import { ModelRegistry } from './pipeline/model-registry.ts';
import { Pipeline } from './pipeline/pipeline.ts';
import { RuleBook } from './pipeline/rule-book.ts';
import { Watchdog } from './pipeline/watchdog.ts';
import { embeddedStoreExists, openEmbeddedStore } from './store/embedded-store.ts';
import { openRedisStore } from './store/redis-store.ts';
import { WIDEST_ROLLUP } from './store/rollup.ts';
import type { Store } from './store/store.ts';

export interface DemoDevices {
  readonly count: number;
  readonly intervalMs: number;
  readonly seed: number;
  /** How far back the first start begins, so that there is something to see at once, ms. */
  readonly historyMs: number;
}

export interface AppOptions {
  readonly config: Config;
  readonly logger: Logger;
  /** `serve` brings its own broker, `bridge` subscribes at MQTT_URL. */
  readonly role: 'serve' | 'bridge';
  /** Simulated devices at the built-in broker. */
  readonly devices?: DemoDevices;
  readonly now?: () => number;
}

export interface App {
  readonly httpPort: number;
  /** Of the built-in broker. */
  readonly mqttPort: number | null;
  readonly webSocketPort: number | null;
  readonly store: string;
  readonly model: string;
  /** Finishes what was taken in and closes everything, within about 5 s, after at most MQTT_LEAVE_TIMEOUT. Idempotent. */
  close(): Promise<void>;
  /**
   * Takes over what may change while it runs, and says in the log what that was and what needs a restart.
   * @throws ConfigurationError; nothing has changed then
   */
  reload(config: Config): void;
}

const TRIM_EVERY = 600_000;
/** ms */
const BEGIN_PATIENCE = 1000;
/** Shares of the 5 s that a shutdown may take, ms. */
const CLOSE = { broker: 1300, http: 1500, pipeline: 1500, alerts: 200 } as const;

/** @throws ConfigurationError, InvalidModel: what an operator has to change; nothing is left open then */
export async function startApp(options: AppOptions): Promise<App> {
  const { config, logger, role, now = Date.now } = options;
  /** What `reload` has taken over is asked for at each use. */
  let current = config;
  const stack: { readonly name: string; close(): Promise<void> | void }[] = [];
  let closing: Promise<void> | null = null;
  const close = () => {
    closing ??= closeAll(stack, logger);
    return closing;
  };
  setFlagsFromString(`--heap-growing-percent=${config.HEAP_GROWTH}`);
  if (role === 'bridge') standBack(config.BRIDGE_NICE, logger);
  try {
    const modelDirectory = config.MODEL_DIR ?? defaultModelDirectory();
    const artifact = await loadArtifact(modelDirectory);
    const simd = usableSimd(config.SIMD);
    if (simd !== config.SIMD)
      logger.warn(`SIMD=${config.SIMD}: this Node has no relaxed WebAssembly SIMD (22 has); using ${simd}`);
    const model = await trialRun(artifact, modelDirectory, simd);
    warnOfCost(artifact, logger);
    const store = await openStore(config, logger);
    stack.push({ name: 'store', close: () => store.close() });

    const registry = new Registry();
    collectDefaultMetrics({ register: registry });
    const templates = config.MQTT_TOPICS.map((topic) => new TopicTemplate(topic));
    const accounting = new Accounting(registry);
    const rules = new RuleBook(
      config.ALERT_RULES ?? [],
      { ...DEFAULT_RULES, missing: config.MISSING_FACTOR === 0 ? null : { factor: config.MISSING_FACTOR } },
      { minimum: config.MISSING_MINIMUM, maxClockSkew: config.MAX_CLOCK_SKEW },
      config.STATE_CACHE,
    );
    const models = new ModelRegistry(store.models, model, async (bytes) => {
      const stored = parseArtifact(bytes, 'a model in the store');
      warnOfCost(stored, logger);
      return createModel(stored, simd);
    });
    const follower = new ModelFollower({
      models,
      // The embedded store has one process at a time, under whatever id.
      client: store.kind === 'embedded' ? 'embedded' : config.clientId,
      everyMs: config.MODEL_REFRESH,
      logger,
      registry,
      now,
    });
    const pipeline = new Pipeline({
      store,
      models,
      rules,
      accounting,
      logger,
      decoder: new Decoder(templates, {
        maxReadings: config.MAX_READINGS,
        maxNameBytes: config.MAX_NAME_BYTES,
      }),
      guard: {
        maxClockSkew: config.MAX_CLOCK_SKEW,
        retention: config.RETENTION,
        widestBucket: WIDEST_ROLLUP,
      },
      batchMax: config.BATCH_MAX,
      batchSeries: config.BATCH_SERIES,
      lingerMs: config.BATCH_LINGER_MS,
      deadlineMs: config.HTTP_DEADLINE,
      cacheSize: config.STATE_CACHE,
      handOver:
        // Without a group each replica gets every reading anyway.
        role === 'bridge' && config.HAND_OVER === 'yes' && config.MQTT_GROUP !== '' && store.pubSub
          ? { pubSub: store.pubSub, group: config.MQTT_GROUP, max: config.MAX_IN_FLIGHT }
          : null,
      now,
    });
    const live = new Live(
      {
        intervalMs: config.LIVE_INTERVAL,
        rate: config.LIVE_RATE,
        clients: config.LIVE_CLIENTS,
        clientBuffer: config.LIVE_CLIENT_BUFFER,
        heartbeatMs: config.LIVE_HEARTBEAT,
      },
      store.peers,
      registry,
      () => current.UNITS,
    );

    let broker: Broker | null = null;
    const deliveries = new Deliveries(
      alertTargets(config, role, now, () => broker),
      {
        store: store.alertStream,
        holder: `${config.clientId}/${randomUUID()}`,
        limits: {
          timeout: config.ALERT_TIMEOUT,
          maxAttempts: config.ALERT_MAX_ATTEMPTS,
          maxAge: config.ALERT_MAX_AGE,
          longestPause: config.ALERT_MAX_PAUSE,
        },
        units: () => current.UNITS,
        metrics: new DeliveryMetrics(registry, now),
        logger,
        now,
      },
    );

    const stopping = new AbortController();
    stack.push({ name: 'housekeeping', close: () => stopping.abort() });
    const begun = begin(store, artifact, follower, pipeline, deliveries, logger, stopping.signal);
    void begun.then(() => housekeeping(store, logger, stopping.signal, now));
    void begun.then(() => follower.follow(stopping.signal));

    let subscriber: MqttSubscriber | null = null;
    if (role === 'serve') {
      broker = await startBroker({
        ...brokerOptions(config, logger),
        onPublish: brokerHook(pipeline, templates),
        onDenied: deniedCounter(registry),
      });
      brokerMetrics(registry, broker);
    } else {
      subscriber = new MqttSubscriber(subscriberOptions(config, templates, pipeline, logger, now()));
      stack.push({ name: 'subscriber', close: () => subscriber!.close() });
      subscriber.start();
    }
    const hearingSince = now();
    const watchdog = new Watchdog({
      store,
      rules,
      hearing: {
        since: () => (subscriber ? subscriber.hearingSince : hearingSince),
        answers: async () => (subscriber ? subscriber.answers() : true),
        storedUntil: (series) => pipeline.storedUntil(series),
      },
      patience: config.MISSING_PATIENCE,
      accounting,
      logger,
      now,
    });
    pipeline.on('committed', (series, { commit }) => {
      if (commit.next?.watch) watchdog.note(series, commit.next.watch);
    });
    for (const source of [pipeline, watchdog] as const) {
      source.on('committed', (series, { commit }, alerts) => {
        logAlerts(series, alerts, logger);
        live.committed(commit, alerts);
        if (alerts.length > 0) deliveries.wake();
      });
    }
    watchdog.start();
    stack.push({ name: 'watchdog', close: () => watchdog.close() });
    registerProcessMetrics(registry, {
      store,
      version: packageVersion(),
      role,
      replica: config.clientId,
      neighbours: () => pipeline.neighbours,
      ...(subscriber && { brokerConnected: () => subscriber.connected }),
    });
    stack.push({
      name: 'pipeline',
      close: () => {
        subscriber?.hold();
        return pipeline.close(CLOSE.pipeline);
      },
    });
    if (broker) stack.push({ name: 'broker', close: () => broker!.close(CLOSE.broker) });
    stack.push({ name: 'delivery of alerts', close: () => deliveries.close(CLOSE.alerts) });

    const http = await startHttp({
      host: config.HOST,
      port: config.PORT,
      store,
      submit: pipeline.submit,
      replay: pipeline.replay,
      models: new ModelAdmin({
        store,
        models,
        describe: (bytes, source) => describeArtifact(parseArtifact(bytes, source)),
        tryOut: (bytes, source) => trialRun(parseArtifact(bytes, source), source, simd),
        now,
      }),
      maxModelSize: config.MAX_MODEL_SIZE,
      logger,
      registry,
      live,
      totals: () => accounting.totals,
      ready: async () => {
        subscriber?.ready();
        await store.ping();
      },
      countRejected: (n) => {
        accounting.received(n);
        accounting.ended('rejected', n);
      },
      version: packageVersion(),
      hostname: hostname(),
      get units() {
        return current.UNITS;
      },
      maxPayload: config.MAX_PAYLOAD,
      maxReadings: config.MAX_READINGS,
      maxNameBytes: config.MAX_NAME_BYTES,
      get token() {
        return current.HTTP_TOKEN;
      },
      get legacyOpen() {
        return current.HTTP_LEGACY_ACCESS === 'open';
      },
      get rateLimit() {
        return current.HTTP_RATE_LIMIT;
      },
      get authFailures() {
        return current.HTTP_AUTH_FAILURES;
      },
      get corsOrigins() {
        return current.HTTP_CORS_ORIGINS ?? [];
      },
      trustProxy: config.TRUST_PROXY,
      closeDeadline: CLOSE.http,
      now,
    });
    stack.push({ name: 'http', close: () => http.close() });

    if (broker && options.devices) {
      const simulator = await startDevices(options.devices, config, broker.mqttPort, store, logger, now);
      stack.push({ name: 'devices', close: () => simulator.stop() });
    }
    const { MQTT_LEAVE_TIMEOUT: leaveTimeout } = config;
    if (subscriber && leaveTimeout !== undefined) {
      stack.push({ name: 'subscription', close: () => subscriber.leave(leaveTimeout) });
    }
    // Only for what is printed: a store that is slow to answer does not hold up the start.
    await Promise.race([begun, delay(BEGIN_PATIENCE, undefined, { ref: false })]);
    const inForce = models.default;
    return {
      httpPort: http.port,
      mqttPort: broker?.mqttPort ?? null,
      webSocketPort: broker?.webSocketPort ?? null,
      store: store.description,
      model: `${inForce.id} (window ${inForce.window}, ${inForce.backend})`,
      close,
      reload(next) {
        const { reload, restart } = changedSettings(current, next);
        const taken = Object.fromEntries(reload.map((name) => [name, next[name as keyof Config]]));
        const merged: Config = Object.freeze({ ...current, ...taken });
        // The one step that can fail; it changes nothing then.
        broker?.setAccess(brokerAccess(merged));
        if (reload.includes('ALERT_RULES')) rules.replace(merged.ALERT_RULES ?? []);
        if (reload.includes('LOG_LEVEL')) logger.level = merged.LOG_LEVEL;
        current = merged;
        if (reload.includes('HTTP_TOKEN')) live.dropClients();
        logger.info({ settings: reload }, 'settings read again');
        if (restart.length > 0) logger.warn({ settings: restart }, 'changed settings that need a restart');
      },
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Last opened, first closed; every step runs whatever the others do. */
async function closeAll(
  stack: readonly { readonly name: string; close(): Promise<void> | void }[],
  logger: Logger,
): Promise<void> {
  for (const { name, close } of stack.toReversed()) {
    try {
      await close();
    } catch (error) {
      logger.error({ err: error }, `closing the ${name} failed`);
    }
  }
}

/**
 * The store that the settings describe, for a command that reads it without a server.
 * @param patience how long to try to reach Redis, ms; default 10 s
 * @returns null where the embedded store was never made
 */
export async function openExistingStore(
  config: Config,
  logger: Logger,
  patience?: number,
): Promise<Store | null> {
  if (config.REDIS_URL === undefined && !embeddedStoreExists(config.DATA_DIR)) return null;
  return openStore(config, logger, patience);
}

async function openStore(config: Config, logger: Logger, patience?: number): Promise<Store> {
  const { RETENTION: retention, DEAD_LETTER_MAX: deadLetterMax } = config;
  if (config.REDIS_URL === undefined) {
    return openEmbeddedStore({ directory: config.DATA_DIR, retention, deadLetterMax });
  }
  return openRedisStore({
    url: config.REDIS_URL,
    durability: config.REDIS_DURABILITY,
    layout: config.REDIS_LAYOUT,
    ...(config.REDIS_CA !== undefined && { ca: config.REDIS_CA }),
    timeout: config.REDIS_TIMEOUT,
    ...(patience !== undefined && { patience }),
    maxClockSkew: config.MAX_CLOCK_SKEW,
    retention,
    deadLetterMax,
    logger,
  });
}

/** What the start would find wrong with settings that each for itself look right, by building what it builds of them. */
export function settingProblems(config: Config): string[] {
  const { users, accessList } = brokerAccess(config);
  const { MQTT_TLS_CERT: cert, MQTT_TLS_KEY: key, MQTT_TLS_CLIENT_CA: clientCa } = config;
  const steps = [
    () => new Access({ ...(users !== undefined && { users }) }),
    () => new Access({ ...(accessList !== undefined && { accessList }) }),
    () =>
      cert !== undefined &&
      key !== undefined &&
      tlsOptions({ cert, key, ...(clientCa !== undefined && { clientCa }) }, 'MQTT_TLS_CERT, MQTT_TLS_KEY'),
    () => checkTrustProxy(config.TRUST_PROXY),
  ];
  return steps.flatMap((step) => {
    try {
      step();
      return [];
    } catch (error) {
      if (!(error instanceof ConfigurationError)) throw error;
      return [error.message];
    }
  });
}

function deniedCounter(registry: Registry): (action: string) => void {
  const counter = new Counter({
    name: 'vigia_broker_denied_total',
    help: 'Connections, publishes and subscriptions that MQTT_USERNAME, MQTT_USERS or MQTT_ACL did not allow',
    labelNames: ['action'],
    registers: [registry],
  });
  for (const action of ['connect', 'publish', 'subscribe']) counter.inc({ action }, 0);
  return (action) => counter.inc({ action });
}

/** Who may use the built-in broker. */
export function brokerAccess(config: Config): NonNullable<Parameters<typeof startBroker>[0]['access']> {
  const { MQTT_USERNAME: username, MQTT_PASSWORD: password = '' } = config;
  return {
    ...(username !== undefined && { credentials: { username, password } }),
    ...(config.MQTT_USERS !== undefined && { users: config.MQTT_USERS }),
    ...(config.MQTT_ACL !== undefined && { accessList: config.MQTT_ACL }),
    certificateUsers: config.MQTT_TLS_CN_AS_USER === 'yes',
  };
}

/** What the built-in broker takes from the settings, also for `vigia broker`. */
export function brokerOptions(config: Config, logger: Logger): Parameters<typeof startBroker>[0] {
  const { HOST: host } = config;
  return {
    tcp: { host, port: config.MQTT_PORT, setting: 'MQTT_PORT' },
    ...(config.MQTT_WS_PORT !== undefined && {
      webSocket: {
        host,
        port: config.MQTT_WS_PORT,
        setting: 'MQTT_WS_PORT',
        ...(config.MQTT_WS_ORIGINS !== undefined && { origins: config.MQTT_WS_ORIGINS }),
      },
    }),
    ...(config.MQTT_TLS_PORT !== undefined && {
      tls: {
        host,
        port: config.MQTT_TLS_PORT,
        setting: 'MQTT_TLS_PORT',
        tls: {
          cert: config.MQTT_TLS_CERT!,
          key: config.MQTT_TLS_KEY!,
          ...(config.MQTT_TLS_CLIENT_CA !== undefined && { clientCa: config.MQTT_TLS_CLIENT_CA }),
        },
      },
    }),
    access: brokerAccess(config),
    limits: {
      maxPacketBytes: config.MAX_PAYLOAD,
      maxConnections: config.MQTT_MAX_CONNECTIONS,
      maxKeepAliveSeconds: Math.floor(config.MQTT_MAX_KEEPALIVE / 1000),
      maxInflightMessages: config.MQTT_MAX_INFLIGHT,
      maxQueuedMessages: config.MQTT_MAX_QUEUED,
      maxQueuedBytes: config.MQTT_MAX_QUEUED_BYTES,
      maxRetainedMessages: config.MQTT_MAX_RETAINED,
      sessionExpiryMs: config.MQTT_SESSION_EXPIRY,
    },
    logger,
  };
}

function subscriberOptions(
  config: Config,
  templates: readonly TopicTemplate[],
  pipeline: Pipeline,
  logger: Logger,
  startedAt: number,
): ConstructorParameters<typeof MqttSubscriber>[0] {
  return {
    ...externalBroker(config),
    clientId: config.clientId,
    group: config.MQTT_GROUP,
    templates,
    receiveMaximum: config.MQTT_RECEIVE_MAXIMUM,
    sessionExpiry: config.MQTT_SESSION_EXPIRY,
    limits: { maxMessages: config.MAX_IN_FLIGHT, maxBytes: config.MAX_IN_FLIGHT_BYTES },
    reconnect: {
      first: config.MQTT_RECONNECT_FIRST,
      firstFor: config.MQTT_RECONNECT_FIRST_FOR,
      max: config.MQTT_RECONNECT_MAX,
    },
    logger,
    deliver: (delivery) => pipeline.deliver(delivery),
    status: { hostname: hostname(), version: packageVersion(), since: startedAt },
  };
}

/** Who is told of alerts. @param broker the built-in one of `serve`, once it is open */
function alertTargets(
  config: Config,
  role: AppOptions['role'],
  now: () => number,
  broker: () => Broker | null,
): Target[] {
  const { ALERT_WEBHOOK_URL: url, ALERT_WEBHOOK_SECRET: secret, ALERT_TIMEOUT: timeout } = config;
  const external = () =>
    new MqttPublisher({ ...externalBroker(config), clientId: `${config.clientId}-alerts`, timeout });
  const builtIn: AlertPublisher = {
    async publish(topic, payload) {
      const open = broker();
      if (!open) throw new Error('the built-in broker is not open yet');
      await open.publish(topic, payload, { qos: 1 });
    },
    async close() {},
  };
  return [
    ...(config.ALERT_MQTT === 'on' ? [new MqttTarget(role === 'serve' ? builtIn : external())] : []),
    ...(url === undefined ? [] : [new Webhook({ url, secret, timeout, now })]),
  ];
}

/** @throws ConfigurationError when there is none */
function externalBroker(config: Config) {
  if (config.MQTT_URL === undefined) {
    throw new ConfigurationError('MQTT_URL is not set: `vigia bridge` needs a broker to subscribe at', {
      field: 'MQTT_URL',
    });
  }
  return {
    url: config.MQTT_URL,
    username: config.MQTT_USERNAME,
    password: config.MQTT_PASSWORD,
    ca: config.MQTT_CA,
    cert: config.MQTT_CERT,
    key: config.MQTT_KEY,
  };
}

/** Puts the model where every replica finds it, and lets the pipeline go once it is known which are in force. */
async function begin(
  store: Store,
  artifact: Artifact,
  follower: ModelFollower,
  pipeline: Pipeline,
  deliveries: Deliveries,
  logger: Logger,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    try {
      await store.models.put(modelId(artifact), artifactBytes(artifact));
      await follower.start();
      // Before anything is committed, so that a receiver hears of the first change too.
      await deliveries.register();
      pipeline.start();
      deliveries.start();
      return;
    } catch (error) {
      if (signal.aborted) return;
      const away = error instanceof StoreUnavailable;
      logger[away ? 'warn' : 'error'](
        { err: error },
        away ? 'waiting for the store' : 'waiting for the models in force; readings wait',
      );
    }
    await delay(1000, undefined, { signal, ref: false }).catch(() => {});
  }
}

/** Trims the store from time to time. */
async function housekeeping(
  store: Store,
  logger: Logger,
  signal: AbortSignal,
  now: () => number,
): Promise<void> {
  while (!signal.aborted) {
    try {
      await store.trim(now());
    } catch (error) {
      if (signal.aborted) return;
      const away = error instanceof StoreUnavailable;
      logger[away ? 'warn' : 'error']({ err: error }, 'trimming the store failed');
    }
    await delay(TRIM_EVERY, undefined, { signal, ref: false }).catch(() => {});
  }
}

function warnOfCost(artifact: Artifact, logger: Logger): void {
  const note = costNote(artifact);
  if (note) logger.warn(note);
}

function logAlerts(series: SeriesId, alerts: readonly Alert[], logger: Logger): void {
  for (const { id, state, value, expected, score, limit, ts } of alerts) {
    const fields = { id, time: new Date(ts).toISOString(), value, expected, score, limit };
    if (state === 'open') logger.warn(fields, `alert on ${seriesKey(series)}`);
    else logger.info(fields, `alert ${state} on ${seriesKey(series)}`);
  }
}

/** Goes on where an earlier run ended, so that a restart adds no late readings. */
async function startDevices(
  devices: DemoDevices,
  config: Config,
  port: number,
  store: Store,
  logger: Logger,
  now: () => number,
): Promise<Simulator> {
  const { count, intervalMs, seed, historyMs } = devices;
  if (config.MQTT_USERS !== undefined && config.MQTT_USERNAME === undefined) {
    throw new ConfigurationError(
      'MQTT_USERNAME is not set: with MQTT_USERS the simulated devices need a user; or use --no-devices',
      { field: 'MQTT_USERNAME' },
    );
  }
  const newest = Math.max(
    -1,
    ...(await store.series.list())
      .filter(({ sensor }) => sensor.startsWith('sensor-'))
      .map(({ last }) => last?.ts ?? -1),
  );
  const start = Math.max(newest + intervalMs, now() - historyMs);
  const host = ['0.0.0.0', '::', ''].includes(config.HOST) ? '127.0.0.1' : config.HOST;
  const simulator = startSimulator({
    url: `mqtt://${host.includes(':') ? `[${host}]` : host}:${port}`,
    ...(config.MQTT_USERNAME !== undefined && { username: config.MQTT_USERNAME }),
    ...(config.MQTT_PASSWORD !== undefined && { password: config.MQTT_PASSWORD }),
    count,
    intervalMs,
    seed,
    faults: faultKinds,
    start: start - (start % intervalMs),
    logger,
  });
  simulator.done.catch((error) => logger.error({ err: error }, 'the simulated devices have stopped'));
  return simulator;
}

/**
 * The thread that takes in, scores and commits; V8's own stay where they are. Never in front of where it stands already,
 * which would take a privilege.
 */
function standBack(nice: number, logger: Logger): void {
  try {
    if (getPriority() < nice) setPriority(nice);
  } catch (error) {
    logger.warn({ err: error }, 'BRIDGE_NICE: the system does not allow it');
  }
}
