/**
 * Starts a bridge: with the built-in broker and simulated devices (`serve`), or subscribed to an external broker
 * (`bridge`). This folder alone wires the other folders together.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import type { Logger } from 'pino';
import { collectDefaultMetrics, Registry } from 'prom-client';
import type { Broker } from '../../broker/broker.ts';
import { packageVersion } from '../../models/package-root.ts';
import { ClosedAlerts } from '../alerts/closed-alerts.ts';
import { Mutes } from '../alerts/mutes.ts';
import type { Notifiers } from '../alerts/notifiers.ts';
import type { Alert } from '../domain/alert.ts';
import type { Live } from '../http/live/live.ts';
import { registerProcessMetrics } from '../http/ops/process-metrics.ts';
import { SeriesLabels } from '../labels/series-labels.ts';
import type { Config } from '../settings/config.ts';
import { AlertLog } from './alert-log.ts';
import { createNotifiers } from './alert-targets.ts';
import { startBackground } from './background.ts';
import type { AppContext, Role } from './context.ts';
import { type DemoDevices, startDevices } from './demo-devices.ts';
import { createLive, openHttp } from './http.ts';
import { type Intake, openIntake } from './intake.ts';
import { CLOSE, Lifecycle } from './lifecycle.ts';
import { logListeners } from './listener-log.ts';
import { lowerPriority } from './lower-priority.ts';
import { loadOwnModel } from './own-model.ts';
import { reload } from './reload.ts';
import { createScoring, createStoredRules, type Scoring } from './scoring.ts';
import { openStore } from './store-choice.ts';
import { StoreClock } from './store-clock.ts';
import { createWatchdog } from './watching.ts';

export interface AppOptions {
  readonly config: Config;
  readonly logger: Logger;
  readonly role: Role;
  /** Simulated devices at the built-in broker. */
  readonly devices?: DemoDevices;
  readonly now?: () => number;
}

export interface App {
  readonly httpPort: number;
  /** The built-in broker of `serve`. */
  readonly broker: Broker | null;
  readonly store: string;
  readonly model: string;
  /**
   * Resolves when the simulated devices have published their history and the alert changes of it are logged; at once without
   * devices, and after some seconds in any case.
   */
  readonly caughtUp: Promise<void>;
  /** Finishes what was received and closes everything, within about 5 s, after at most MQTT_LEAVE_TIMEOUT. Idempotent. */
  close(): Promise<void>;
  /** See `reload`. @throws ConfigurationError; nothing has changed then */
  reload(config: Config): void;
}

/** How long the start waits for the store, and for the history of the simulated devices, ms. */
const BEGIN_PATIENCE_MS = 1000;
const HISTORY_PATIENCE_MS = 10_000;

/** @throws ConfigurationError, InvalidModel: what an operator has to change; nothing is left open then */
export async function startApp(options: AppOptions): Promise<App> {
  const lifecycle = new Lifecycle(options.logger);
  try {
    return await open(options, lifecycle);
  } catch (error) {
    await lifecycle.close();
    throw error;
  }
}

async function open(options: AppOptions, lifecycle: Lifecycle): Promise<App> {
  const { config, logger, role, now: wall = Date.now } = options;
  let settings = config;
  setFlagsFromString(`--heap-growing-percent=${config.process.heapGrowth}`);
  if (role === 'bridge') lowerPriority(config.process.nice, logger);
  const own = await loadOwnModel(config.models, logger);
  // A bridge is started beside its Redis, by a machine that has just come up, and nobody is there to start it again.
  const store = await openStore(config, logger, role === 'bridge' ? Number.POSITIVE_INFINITY : undefined);
  lifecycle.add('store', () => store.close());
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const current = () => settings;
  const limit = config.readings.maxClockSkew;
  const clock = new StoreClock({ store, limit, registry, logger, now: wall });
  const now = () => clock.readings.now();
  const context: AppContext = { role, config, current, store, clock, registry, lifecycle, logger, now };

  const scoring = createScoring(context, own);
  const mutes = new Mutes({ documents: store.documents, retention: config.store.retention, now });
  const labels = new SeriesLabels({ documents: store.documents, units: () => settings.readings.units });
  const live = createLive(context, labels, (alert) => mutes.isMuted(alert));
  let intake: Intake | null = null;
  const storedRules = createStoredRules(context, scoring);
  const closedAlerts: ClosedAlerts = new ClosedAlerts({
    store,
    targets: () => notifiers.list().map(({ name }) => name),
    now,
  });
  const isQuiet = (alert: Alert) => mutes.isMuted(alert) || closedAlerts.has(alert);
  const notifiers = createNotifiers(context, () => intake?.broker ?? null, mutes, labels, isQuiet);
  const begun = startBackground(context, own.artifact, scoring, notifiers, [
    mutes,
    storedRules,
    closedAlerts,
    labels,
  ]);
  intake = await openIntake(context, scoring.pipeline);
  const alertLog = new AlertLog({
    logger,
    unitOf: (series) => labels.unitOf(series),
    history: options.devices !== undefined,
    now,
  });
  lifecycle.add('log of alerts', () => alertLog.flush());
  wire(context, scoring, intake, live, notifiers, alertLog);
  const http = await openHttp(context, own, scoring, intake, live, {
    receivers: notifiers,
    mutes,
    storedRules,
    closedAlerts,
    labels,
  });

  const { broker, subscriber } = intake;
  logListeners(logger, config, broker, http.port);
  const devices =
    broker && options.devices ? await startDevices(context, options.devices, broker.mqttPort) : null;
  const { leaveTimeout } = config.mqtt;
  if (subscriber && leaveTimeout !== undefined) {
    lifecycle.add('subscription', () => subscriber.leave(leaveTimeout));
  }
  // Only for what is printed: a store that is slow to answer does not delay the start.
  await inTime(BEGIN_PATIENCE_MS, begun);
  const model = scoring.models.default;
  return {
    httpPort: http.port,
    broker,
    store: store.description,
    model: `${model.id} (window ${model.window}, ${model.backend})`,
    caughtUp: inTime(HISTORY_PATIENCE_MS, devices?.caughtUp).then(() => alertLog.caughtUp()),
    close: () => lifecycle.close(),
    reload(next) {
      settings = reload(settings, next, { broker, rules: storedRules, live, logger });
    },
  };
}

/** Waits for `done`, but no longer than so many ms. */
async function inTime(ms: number, done: Promise<void> | undefined): Promise<void> {
  await Promise.race([done, delay(ms, undefined, { ref: false })]);
}

/** Tells the live stream, the log and the receivers of alerts what was committed, and says how all of it is closed. */
function wire(
  context: AppContext,
  scoring: Scoring,
  intake: Intake,
  live: Live,
  notifiers: Notifiers,
  alertLog: AlertLog,
): void {
  const { role, config, store, registry, lifecycle } = context;
  const { pipeline } = scoring;
  const { broker, subscriber } = intake;
  const watchdog = createWatchdog(context, scoring, intake);
  for (const source of [pipeline, watchdog] as const) {
    source.on('committed', (_series, { commit }, alerts) => {
      alertLog.add(alerts);
      live.committed(commit, alerts);
      if (alerts.length > 0) notifiers.wake();
    });
  }
  watchdog.start();
  lifecycle.add('watchdog', () => watchdog.close());
  registerProcessMetrics(registry, {
    store,
    version: packageVersion(),
    role,
    replica: config.clientId,
    peers: () => pipeline.peers,
    upgrades: () => pipeline.upgrades,
    waiting: () => pipeline.waiting,
    storeProblem: pipeline.storeProblem,
    ...(subscriber && { brokerConnected: () => subscriber.connected }),
  });
  lifecycle.add('pipeline', () => {
    subscriber?.hold();
    return pipeline.close(CLOSE.pipeline);
  });
  if (broker) lifecycle.add('broker', () => broker.close(CLOSE.broker));
  lifecycle.add('notifiers', () => notifiers.close(CLOSE.alerts));
}
