/** `vigia devices`: publishes readings of simulated sensors, or a recorded CSV file as the readings of one sensor. */
import { Command } from 'commander';
import { type FaultKind, faultKinds } from '../../devices/faults.ts';
import { replay } from '../../devices/replay.ts';
import { startSimulator } from '../../devices/simulator.ts';
import { ConfigurationError } from '../errors.ts';
import { createLogger } from '../logger.ts';
import { type Config, readConfig } from '../settings/config.ts';
import { DEMO } from './demo.ts';
import { durationOption, factor, faultList, timeOption, wholeNumber } from './option-values.ts';
import type { OnSignal } from './serve.ts';
import { urlHost } from './terminal.ts';

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
    const { replay: file, sensor, metric, speed } = options;
    const abort = new AbortController();
    onSignal(() => abort.abort());
    const counts = await replay({ ...broker, file, sensor, metric, speed, signal: abort.signal });
    console.log(`${counts.published} readings published, ${counts.acknowledged} acknowledged`);
    if (counts.acknowledged < counts.published) process.exitCode = 1;
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
