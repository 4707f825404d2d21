/** `vigia devices`: publishes readings of simulated sensors, or a recorded CSV file as the readings of one sensor. */
import { Command } from 'commander';
import { type FaultKind, faultKinds } from '../../devices/faults.ts';
import { readingTopic } from '../../devices/reading-message.ts';
import { type ReplayOptions, replay } from '../../devices/replay.ts';
import { startSimulator } from '../../devices/simulator.ts';
import { ConfigurationError, VigiaError } from '../errors.ts';
import { createLogger } from '../logger.ts';
import { type Config, readConfig } from '../settings/config.ts';
import { DEMO } from './demo.ts';
import { durationOption, factor, faultList, timeOption, wholeNumber } from './option-values.ts';
import { ADVICE } from './refusal-advice.ts';
import { type Account, ReplayAccount } from './replay-account.ts';
import { type RunningServer, runningServer } from './running-server.ts';
import type { OnSignal } from './serve.ts';
import { progressBar, urlHost } from './terminal.ts';

export function devicesCommand(onSignal: OnSignal): Command {
  return new Command('devices')
    .description(
      'publishes readings of simulated sensors, or a recorded CSV file as the readings of one sensor',
    )
    .option('--url <url>', 'URL of the broker (default: MQTT_URL, else the built-in broker at MQTT_PORT)')
    .option('--count <n>', 'number of sensors', wholeNumber, DEMO.count)
    .option(
      '--interval <duration>',
      'time between two readings of a sensor, for example 1s or 250ms',
      durationOption,
      DEMO.intervalMs,
    )
    .option(
      '--seed <n>',
      'start of the random numbers: equal seeds give equal readings',
      wholeNumber,
      DEMO.seed,
    )
    .option(
      '--faults [kinds]',
      `faults that are injected: all kinds, or some of ${faultKinds.join(',')}`,
      faultList,
    )
    .option('--truth <file>', 'file that the injected faults are appended to, as JSON lines')
    .option(
      '--start <time>',
      'time of the first reading, in ms since 1970 or ISO 8601; readings in the past are published at full speed',
      timeOption,
    )
    .option('--readings <n>', 'readings per sensor, after which the command ends', wholeNumber)
    .option(
      '--replay <csv>',
      'CSV file with the columns timestamp and value that is published instead of simulated readings',
    )
    .option('--sensor <id>', 'sensor of the readings of --replay', 'replay')
    .option('--metric <name>', 'metric of the readings of --replay', 'temperature')
    .option(
      '--speed <n>',
      'speed of --replay as a multiple of real time (0: as fast as the broker acknowledges)',
      factor,
      1,
    )
    .option(
      '--http <url>',
      'URL of the running Vigía that is asked what it has stored of --replay (default: HOST and PORT)',
    )
    .option('--config <file>', 'configuration file (VIGIA_CONFIG)')
    .action((options: DevicesOptions) => run(options, onSignal));
}

interface DevicesOptions {
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
  http?: string;
  speed: number;
  config?: string;
}

function builtInBroker({ http, broker }: Config): string {
  if (broker.port !== null) return `mqtt://${urlHost(http.host)}:${broker.port}`;
  throw new ConfigurationError('MQTT_PORT: is off; name a broker with --url', { field: 'MQTT_PORT' });
}

async function run(options: DevicesOptions, onSignal: OnSignal): Promise<void> {
  const config = readConfig({}, undefined, options.config);
  const logger = createLogger(config.process.logLevel, config.process.logInterval);
  const broker = {
    url: options.url ?? config.mqtt.url ?? builtInBroker(config),
    ...(config.mqtt.username !== undefined && { username: config.mqtt.username }),
    ...(config.mqtt.password !== undefined && { password: config.mqtt.password }),
    logger,
  };
  if (options.replay !== undefined) {
    const { replay: file, http } = options;
    await replayFile({ ...broker, ...options, file }, runningServer(config, http), onSignal);
    return;
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
}

/** Exit code 1 if a row was not acknowledged, or if none of the rows is stored. */
async function replayFile(
  options: ReplayOptions & { readonly metric: string },
  server: RunningServer,
  onSignal: OnSignal,
): Promise<void> {
  const { file, sensor, metric } = options;
  const abort = new AbortController();
  onSignal(() => abort.abort());
  const topic = readingTopic(sensor, metric);
  const begun = await ReplayAccount.begin(server, file, { sensor, metric }, topic).catch(unknownWhy);
  const bar = progressBar('replaying');
  bar.start(0, 0);
  const counts = await replay({
    ...options,
    signal: abort.signal,
    onProgress(published, total) {
      bar.setTotal(total);
      bar.update(published);
    },
  }).finally(() => bar.stop());
  console.log(`${counts.published} readings published, ${counts.acknowledged} acknowledged`);
  if (counts.acknowledged < counts.published) process.exitCode = 1;
  const account = typeof begun === 'string' ? begun : await begun.end(abort.signal).catch(unknownWhy);
  if (typeof account === 'string') console.error(`how many are stored is not known: ${account} (--http)`);
  else sayAccount(account, topic);
}

/** @returns why Vigía cannot be asked @throws any other error */
function unknownWhy(error: unknown): string {
  if (error instanceof VigiaError && error.code.startsWith('server_')) return error.message;
  throw error;
}

function sayAccount({ readings, stored, before, refused }: Account, topic: string): void {
  console.log(`${stored} of ${readings} stored${before > 0 ? `, ${before} of them before` : ''}`);
  for (const [reason, n] of refused) console.log(`${n} refused: ${reason}${ADVICE[reason] ?? ''}`);
  if (stored > 0) return;
  if (refused.size === 0)
    console.log(`no dead letters of ${topic}: does the server take this topic (MQTT_TOPICS)?`);
  process.exitCode = 1;
}
