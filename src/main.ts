/**
 * The command line. The only place with signals and process.exit: a problem that the user can mend ends in one sentence
 * and exit code 1 (2 for wrong usage), everything else in a stack trace.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SingleBar } from 'cli-progress';
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { startBroker } from '../broker/broker.ts';
import { type FaultKind, faultKinds } from '../devices/faults.ts';
import { replay } from '../devices/replay.ts';
import { startSimulator } from '../devices/simulator.ts';
import { loadArtifact } from '../models/artifact.ts';
import { createModel } from '../models/lstm-model.ts';
import { packageRoot } from '../models/package-root.ts';
import { brokerOptions, defaultModelDirectory, startApp } from './app.ts';
import { lineWriter, probationRows, readRows, scoreRows } from './commands/score.ts';
import { type Config, parseDuration, readConfig, SETTINGS } from './config.ts';
import { parseIsoTime } from './domain/time.ts';
import { VigiaError } from './errors.ts';
import { createLogger } from './logger.ts';

const { version } = JSON.parse(readFileSync(join(packageRoot(import.meta.dirname), 'package.json'), 'utf8'));
const DEMO = { count: 20, intervalMs: 1000, seed: 1, historyMs: 15 * 60_000 };
/** A shutdown that takes longer than this is cut off. */
const SHUTDOWN_MS = 5000;

const program = new Command('vigia')
  .description('MQTT telemetry bridge: every reading committed once, scored by an LSTM, alerted and shown')
  .version(version)
  .exitOverride()
  .showHelpAfterError('(--help lists the options)')
  .addHelpText('after', () => `\n${settingsHelp()}`);

program
  .command('serve')
  .description('broker, simulated devices, bridge and HTTP in one process, on the embedded store')
  .option('--port <n>', 'HTTP port (PORT)')
  .option('--mqtt-port <n>', 'port of the broker (MQTT_PORT)')
  .option('--data <dir>', 'directory of the store (DATA_DIR)')
  .option('--devices <n>', 'number of simulated devices', wholeNumber, DEMO.count)
  .option('--no-devices', 'no simulated devices')
  .action(async (options: { port?: string; mqttPort?: string; data?: string; devices: number | false }) => {
    const config = readConfig(
      given({ PORT: options.port, MQTT_PORT: options.mqttPort, DATA_DIR: options.data }),
    );
    const count = options.devices === false ? 0 : options.devices;
    await runApp('serve', config, count);
  });

program
  .command('bridge')
  .description('one replica: subscribes at MQTT_URL, writes to REDIS_URL, serves HTTP')
  .option('--port <n>', 'HTTP port (PORT)')
  .option('--data <dir>', 'directory of the embedded store, used without REDIS_URL (DATA_DIR)')
  .action(async (options: { port?: string; data?: string }) => {
    await runApp('bridge', readConfig(given({ PORT: options.port, DATA_DIR: options.data })), 0);
  });

program
  .command('broker')
  .description('the MQTT broker on its own')
  .option('--mqtt-port <n>', 'its port (MQTT_PORT)')
  .action(async (options: { mqttPort?: string }) => {
    const config = readConfig(given({ MQTT_PORT: options.mqttPort }));
    const broker = await startBroker(brokerOptions(config, createLogger(config.LOG_LEVEL)));
    say([['MQTT', `mqtt://${urlHost(config.HOST)}:${broker.mqttPort}`]]);
    if (broker.webSocketPort !== undefined)
      say([['WebSocket', `ws://${urlHost(config.HOST)}:${broker.webSocketPort}`]]);
    onSignal(() => broker.close());
  });

program
  .command('devices')
  .description('simulated sensors, or a recorded CSV file as one sensor')
  .option('--url <url>', 'broker (MQTT_URL, else the built-in one at MQTT_PORT)')
  .option('--count <n>', 'number of sensors', wholeNumber, DEMO.count)
  .option(
    '--interval <duration>',
    'time between two readings of a sensor, e.g. 1s, 250ms',
    durationOption,
    DEMO.intervalMs,
  )
  .option('--seed <n>', 'equal seeds give equal readings', wholeNumber, DEMO.seed)
  .option('--faults [kinds]', `inject faults: all, or some of ${faultKinds.join(',')}`, faultList)
  .option('--truth <file>', 'append the injected faults as JSON lines')
  .option(
    '--start <time>',
    'time of the first reading, ms or ISO 8601; what is past goes out at full speed',
    timeOption,
  )
  .option('--readings <n>', 'readings per sensor, then exit', wholeNumber)
  .option('--replay <csv>', 'publish this timestamp,value file instead, then exit')
  .option('--sensor <id>', 'sensor of the replay', 'replay')
  .option('--metric <name>', 'metric of the replay', 'temperature')
  .option('--speed <n>', 'multiple of real time; 0: as fast as acknowledged', factor, 1)
  .action(runDevices);

program
  .command('score')
  .description('scores a timestamp,value CSV exactly as the stream would')
  .requiredOption('--input <csv>', 'file to score')
  .requiredOption('--output <csv>', 'where the verdicts go')
  .option('--model <dir>', 'model artifact (default: the shipped model)')
  .addOption(
    new Option('--train <what>', 'train a model on the first min(15 %, 750) rows first')
      .choices(['probation'])
      .conflicts('model'),
  )
  .option('--seed <n>', 'seed of the training', wholeNumber, 1)
  .action(runScore);

async function runApp(role: 'serve' | 'bridge', config: Config, devices: number): Promise<void> {
  const logger = createLogger(config.LOG_LEVEL);
  const app = await startApp({
    config,
    logger,
    role,
    ...(devices > 0 && { devices: { ...DEMO, count: devices } }),
  });
  const host = urlHost(config.HOST);
  const example = devices > 0 ? `sensor-${'1'.padStart(Math.max(2, String(devices).length), '0')}` : 'x';
  say([
    ['open', `http://${host}:${app.httpPort}/`],
    ['readings', `http://${host}:${app.httpPort}/listar?sensor=${example}`],
    ['alerts', `http://${host}:${app.httpPort}/api/alerts`],
    [
      'MQTT',
      `${app.mqttPort === null ? redact(config.MQTT_URL!) : `mqtt://${host}:${app.mqttPort}`}  ${config.MQTT_TOPICS.join(', ')}`,
    ],
    ...(app.webSocketPort === null ? [] : ([['WebSocket', `ws://${host}:${app.webSocketPort}`]] as const)),
    ['store', app.store],
    ['model', app.model],
    [
      'devices',
      devices === 0
        ? 'none simulated'
        : `${devices} simulated, one reading a second each, the last ${DEMO.historyMs / 60_000} minutes at once`,
    ],
  ]);
  onSignal(() => app.close());
}

async function runDevices(options: {
  url?: string;
  count: number;
  interval: number;
  seed: number;
  faults?: FaultKind[] | true;
  truth?: string;
  start?: number;
  readings?: number;
  replay?: string;
  sensor: string;
  metric: string;
  speed: number;
}): Promise<void> {
  const config = readConfig();
  const logger = createLogger(config.LOG_LEVEL);
  const broker = {
    url: options.url ?? config.MQTT_URL ?? `mqtt://${urlHost(config.HOST)}:${config.MQTT_PORT}`,
    ...(config.MQTT_USERNAME !== undefined && { username: config.MQTT_USERNAME }),
    ...(config.MQTT_PASSWORD !== undefined && { password: config.MQTT_PASSWORD }),
    logger,
  };
  if (options.replay !== undefined) {
    const { replay: file, sensor, metric, speed } = options;
    const abort = new AbortController();
    onSignal(() => abort.abort());
    const counts = await replay({ ...broker, file, sensor, metric, speed, signal: abort.signal });
    console.log(`${counts.published} readings published, ${counts.acknowledged} acknowledged`);
    process.exit(counts.acknowledged === counts.published ? 0 : 1);
  }
  const { count, interval: intervalMs, seed, faults, truth, start, readings } = options;
  const simulator = startSimulator({
    ...broker,
    count,
    intervalMs,
    seed,
    faults: faults === true ? faultKinds : (faults ?? []),
    ...(truth !== undefined && { truthFile: truth }),
    ...(start !== undefined && { start }),
    ...(readings !== undefined && { readings }),
  });
  onSignal(() => simulator.stop());
  const counts = await simulator.done;
  console.log(
    `${counts.published} readings published, ${counts.acknowledged} acknowledged, ${counts.faults} faults injected`,
  );
  process.exit(0);
}

async function runScore(options: {
  input: string;
  output: string;
  model?: string;
  train?: string;
  seed: number;
}): Promise<void> {
  const rows = await readRows(options.input);
  const model = createModel(await loadArtifact(options.model ?? defaultModelDirectory()));
  const probation = options.train ? probationRows(rows.length) : 0;
  const output = await lineWriter(options.output);
  const bar = progressBar('scoring');
  bar.start(rows.length, 0);
  const summary = await scoreRows({
    rows,
    model,
    probation,
    write: output.write,
    onProgress: (n) => bar.update(n),
  });
  bar.stop();
  await output.end();
  console.log(
    `${summary.rows} rows scored with ${model.id}, ${summary.anomalies} anomalies: ${options.output}`,
  );
}

function progressBar(what: string): SingleBar {
  return new SingleBar({
    format: `${what} {bar} {percentage}% {value}/{total}`,
    stream: process.stderr,
    noTTYOutput: false,
    hideCursor: true,
  });
}

/** Runs `close` once on Ctrl-C or SIGTERM, then exits; a second signal, or a close that hangs, cuts it off. */
function onSignal(close: () => unknown): void {
  let closing = false;
  const stop = (signal: NodeJS.Signals) => {
    if (closing) process.exit(130);
    closing = true;
    setTimeout(() => process.exit(1), SHUTDOWN_MS).unref();
    Promise.resolve(close()).then(
      () => process.exit(signal === 'SIGINT' ? 130 : 0),
      (error) => fail(error),
    );
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
}

function say(lines: readonly (readonly [name: string, text: string])[]): void {
  for (const [name, text] of lines) console.log(`  ${name.padEnd(10)}${text}`);
}

function urlHost(host: string): string {
  if (host === '0.0.0.0' || host === '::') return 'localhost';
  return host.includes(':') ? `[${host}]` : host;
}

function redact(text: string): string {
  const url = new URL(text);
  if (url.password) url.password = '***';
  return url.toString();
}

/** Without the options that were not given. */
function given<T extends Record<string, string | undefined>>(options: T): Partial<Record<keyof T, string>> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as Partial<
    Record<keyof T, string>
  >;
}

function wholeNumber(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError('must be a whole number.');
  return Number(text);
}

function factor(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value) || value < 0)
    throw new InvalidArgumentError('must be a number from 0 up.');
  return value;
}

function durationOption(text: string): number {
  const ms = parseDuration(text);
  if (!(ms >= 1)) throw new InvalidArgumentError('must be a duration such as 1s or 250ms.');
  return ms;
}

function timeOption(text: string): number {
  const ms = /^\d{1,15}$/.test(text) ? Number(text) : parseIsoTime(text);
  if (ms === null) throw new InvalidArgumentError('must be ms since 1970 or ISO 8601.');
  return ms;
}

function faultList(text: string): FaultKind[] {
  if (text === 'all') return [...faultKinds];
  if (text === 'none') return [];
  return text.split(',').map((name) => {
    const kind = faultKinds.find((candidate) => candidate === name.trim());
    if (!kind) throw new InvalidArgumentError(`'${name}' is none of ${faultKinds.join(', ')}.`);
    return kind;
  });
}

function settingsHelp(): string {
  const lines = Object.entries<{ help: string; fallback?: string }>(SETTINGS).map(
    ([name, { help, fallback }]) =>
      `  ${name.padEnd(22)}${help}${fallback === undefined ? '' : ` [${fallback}]`}`,
  );
  return `Settings (environment; NAME_FILE reads NAME from a file):\n${lines.join('\n')}`;
}

function fail(error: unknown): never {
  if (error instanceof CommanderError) process.exit(error.exitCode === 0 ? 0 : 2);
  if (error instanceof VigiaError) console.error(`vigia: ${error.message}`);
  else console.error(error);
  process.exit(1);
}

program.parseAsync().catch(fail);
