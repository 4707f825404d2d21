/** The simulated devices of `vigia serve`. */
import { faultKinds } from '../../devices/faults.ts';
import { startSimulator } from '../../devices/simulator.ts';
import { ConfigurationError } from '../errors.ts';
import type { Store } from '../store/store.ts';
import type { AppContext } from './context.ts';

export interface DemoDevices {
  readonly count: number;
  readonly intervalMs: number;
  readonly seed: number;
  /** How far in the past the first start begins, so that the panel shows readings at once, ms. */
  readonly historyMs: number;
}

/**
 * Continues where an earlier run ended, so that a restart adds no late readings.
 * @param port of the built-in broker without TLS
 */
export async function startDevices(
  { config, store, logger, now, lifecycle }: AppContext,
  { count, intervalMs, seed, historyMs }: DemoDevices,
  port: number | null,
): Promise<{ readonly caughtUp: Promise<void> }> {
  const { username, password } = config.mqtt;
  if (port === null) {
    throw new ConfigurationError('MQTT_PORT: the simulated devices need this port; or use --no-devices', {
      field: 'MQTT_PORT',
    });
  }
  if (config.broker.users !== undefined && username === undefined) {
    throw new ConfigurationError(
      'MQTT_USERNAME is not set: with MQTT_USERS the simulated devices need a user; or use --no-devices',
      { field: 'MQTT_USERNAME' },
    );
  }
  const start = Math.max((await newestReading(store)) + intervalMs, now() - historyMs);
  const simulator = startSimulator({
    url: localUrl(config.http.host, port),
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    count,
    intervalMs,
    seed,
    faults: faultKinds,
    start: start - (start % intervalMs),
    logger,
  });
  lifecycle.add('devices', () => simulator.stop());
  simulator.done.catch((error) => logger.error({ err: error }, 'the simulated devices have stopped'));
  return { caughtUp: simulator.caughtUp };
}

/** Of the simulated devices; -1 without any. */
async function newestReading(store: Store): Promise<number> {
  const series = await store.series.list();
  const times = series.filter(({ sensor }) => sensor.startsWith('sensor-')).map(({ last }) => last?.ts ?? -1);
  return Math.max(-1, ...times);
}

/** @param host what the broker listens on */
function localUrl(host: string, port: number): string {
  const local = ['0.0.0.0', '::', ''].includes(host) ? '127.0.0.1' : host;
  return `mqtt://${local.includes(':') ? `[${local}]` : local}:${port}`;
}
