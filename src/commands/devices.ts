/** `vigia devices`: simulated sensors, or a recorded CSV file as one sensor. */
import { Command } from 'commander';
import { type FaultKind, faultKinds } from '../../devices/faults.ts';
import { replay } from '../../devices/replay.ts';
import { startSimulator } from '../../devices/simulator.ts';
import { createLogger } from '../logger.ts';
import { readConfig } from '../settings/config.ts';
import { DEMO } from './demo.ts';
import { durationOption, factor, faultList, timeOption, wholeNumber } from './option-values.ts';
import type { OnSignal } from './serve.ts';
import { urlHost } from './terminal.ts';

export function devicesCommand(onSignal: OnSignal): Command {
  return new Command('devices')
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

async function run(options: DevicesOptions, onSignal: OnSignal): Promise<void> {
  const config = readConfig({}, undefined, options.config);
  const logger = createLogger(config.process.logLevel);
  const broker = {
    url: options.url ?? config.mqtt.url ?? `mqtt://${urlHost(config.http.host)}:${config.broker.port}`,
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
