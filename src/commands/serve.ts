/** The commands that run until they are stopped: `serve`, `bridge` and `broker`. */
import { Command } from 'commander';
import type { Logger } from 'pino';
import { startBroker } from '../../broker/broker.ts';
import { brokerAccess, brokerOptions, brokerTls } from '../app/broker-options.ts';
import { withGeneratedSecrets } from '../app/generated-secrets.ts';
import { logListeners } from '../app/listener-log.ts';
import { refuseOpenDoors } from '../app/open-doors.ts';
import { startApp } from '../app/start.ts';
import { redact } from '../domain/url.ts';
import { VigiaError } from '../errors.ts';
import { createLogger } from '../logger.ts';
import { changedSettings, takeOver } from '../settings/changes.ts';
import { type Config, readConfig } from '../settings/config.ts';
import { brokerLines, shownHost } from './addresses.ts';
import { DEMO } from './demo.ts';
import { wholeNumber } from './option-values.ts';
import { say } from './terminal.ts';

/**
 * Registers what happens on Ctrl-C or SIGTERM. The process ends when `close` is done.
 * @param reload runs on SIGHUP
 * @param extraMs how much longer `close` may take than other shutdowns, ms
 */
export type OnSignal = (close: () => unknown, extraMs?: number, reload?: () => void) => void;

const CONFIG_OPTION = ['--config <file>', 'configuration file (VIGIA_CONFIG); read again on SIGHUP'] as const;

interface ServeOptions {
  readonly port?: string;
  readonly mqttPort?: string;
  readonly data?: string;
  readonly devices: number | false;
  readonly config?: string;
}

export function serveCommand(onSignal: OnSignal): Command {
  return new Command('serve')
    .description(
      'runs a broker, simulated devices, a bridge and the HTTP server in one process, with the embedded store or Redis',
    )
    .option('--port <n>', 'port of the HTTP server (PORT)')
    .option('--mqtt-port <n>', 'port of the MQTT broker (MQTT_PORT)')
    .option('--data <dir>', 'directory of the embedded store (DATA_DIR)')
    .option('--devices <n>', 'number of simulated devices', wholeNumber, DEMO.count)
    .option('--no-devices', 'run no simulated devices')
    .option(...CONFIG_OPTION)
    .action(async (options: ServeOptions) => {
      const own = given({ PORT: options.port, MQTT_PORT: options.mqttPort, DATA_DIR: options.data });
      const read = () => readConfig(own, undefined, options.config);
      const count = options.devices === false ? 0 : options.devices;
      await runApp('serve', read, count, onSignal);
    });
}

export function bridgeCommand(onSignal: OnSignal): Command {
  return new Command('bridge')
    .description('runs one replica, which subscribes at MQTT_URL, writes to REDIS_URL and serves HTTP')
    .option('--port <n>', 'port of the HTTP server (PORT)')
    .option(
      '--data <dir>',
      'directory of the embedded store, which is used when REDIS_URL is not set (DATA_DIR)',
    )
    .option(...CONFIG_OPTION)
    .action(async (options: { port?: string; data?: string; config?: string }) => {
      const own = given({ PORT: options.port, DATA_DIR: options.data });
      await runApp('bridge', () => readConfig(own, undefined, options.config), 0, onSignal);
    });
}

export function brokerCommand(onSignal: OnSignal): Command {
  return new Command('broker')
    .description('runs only the MQTT broker')
    .option('--mqtt-port <n>', 'port of the MQTT broker (MQTT_PORT)')
    .option(...CONFIG_OPTION)
    .action(async (options: { mqttPort?: string; config?: string }) => {
      const own = given({ MQTT_PORT: options.mqttPort });
      const read = () => readConfig(own, undefined, options.config);
      const config = read();
      refuseOpenDoors(config, { http: false, broker: true });
      const logger = createLogger(config.process.logLevel, config.process.logInterval);
      const broker = await startBroker(brokerOptions(config, logger));
      logListeners(logger, config, broker, null);
      say(brokerLines(shownHost(config.http.host), broker));
      let current = config;
      const reload = onReload(logger, () => {
        const next = read();
        const { reload: changed, restart } = changedSettings(current, next);
        const taken = changed.filter((name) => BROKER_RELOADS.has(name));
        const merged = takeOver(current, next, changed);
        broker.setAccess(brokerAccess(merged), brokerTls(merged));
        logger.level = merged.process.logLevel;
        current = merged;
        logger.info({ settings: taken }, 'settings read again');
        if (restart.length > 0) logger.warn({ settings: restart }, 'changed settings that need a restart');
      });
      onSignal(() => broker.close(), 0, reload);
    });
}

/** The settings of `vigia broker` that a running process takes over. */
const BROKER_RELOADS: ReadonlySet<string> = new Set([
  'MQTT_USERS',
  'MQTT_ACL',
  'MQTT_TLS_CERT',
  'MQTT_TLS_KEY',
  'MQTT_TLS_CLIENT_CA',
  'MQTT_TLS_CRL',
  'LOG_LEVEL',
]);

/** A problem of the settings is logged, and nothing changes. */
function onReload(logger: Logger, reload: () => void): () => void {
  return () => {
    try {
      reload();
    } catch (error) {
      if (!(error instanceof VigiaError)) throw error;
      logger.error({ reason: error.message }, 'the settings cannot be read again; nothing has changed');
    }
  };
}

async function runApp(
  role: 'serve' | 'bridge',
  read: () => Config,
  devices: number,
  onSignal: OnSignal,
): Promise<void> {
  const served = { http: true, broker: role === 'serve' };
  const made = withGeneratedSecrets(read(), served);
  const { config } = made;
  refuseOpenDoors(config, served);
  const logger = createLogger(config.process.logLevel, config.process.logInterval);
  const app = await startApp({
    config,
    logger,
    role,
    ...(devices > 0 && { devices: { ...DEMO, count: devices } }),
  });
  onSignal(
    () => app.close(),
    config.mqtt.leaveTimeout,
    onReload(logger, () => app.reload(withGeneratedSecrets(read(), served).config)),
  );
  await app.caughtUp;
  const host = shownHost(config.http.host);
  const example = devices > 0 ? `sensor-${'1'.padStart(Math.max(2, String(devices).length), '0')}` : 'x';
  say([
    ['open', `http://${host}:${app.httpPort}/`],
    ['readings', `http://${host}:${app.httpPort}/listar?sensor=${example}`],
    ['alerts', `http://${host}:${app.httpPort}/api/alerts`],
    ...(app.broker ? brokerLines(host, app.broker) : [['MQTT', redact(config.mqtt.url!)] as const]),
    ['topics', config.mqtt.topics.join(', ')],
    ...made.lines,
    ['store', app.store],
    ['model', app.model],
    [
      'devices',
      devices === 0
        ? 'none simulated'
        : `${devices} simulated, one reading a second each, the last ${DEMO.historyMs / 60_000} minutes at once`,
    ],
  ]);
}

/** Without the options that were not given. */
function given<T extends Record<string, string | undefined>>(options: T): Partial<Record<keyof T, string>> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as Partial<
    Record<keyof T, string>
  >;
}
