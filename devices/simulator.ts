/**
 * Publishes the readings of N simulated sensors over MQTT, on schedule. Reading i of every sensor has the timestamp
 * start + i x interval, whatever the clock says when it goes out, so the same (seed, start, interval, count, faults)
 * publishes the same bytes per topic and writes the same ground truth. A schedule that begins in the past is published as
 * fast as the broker acknowledges until it has caught up; from then on it is live.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { Logger } from 'pino';
import { InvalidInput } from '../src/errors.ts';
import type { Fault, FaultKind, FaultRecord } from './faults.ts';
import { type GroundTruth, openGroundTruth } from './ground-truth.ts';
import { Publisher } from './publisher.ts';
import { readingPayload, readingTopic } from './reading-message.ts';
import { until } from './schedule.ts';
import { type SimulatedReading, simulatedSensor } from './simulated-sensor.ts';

export interface SimulatorOptions {
  readonly url: string;
  readonly username?: string;
  readonly password?: string;
  /** Number of sensors, `sensor-01` and so on. */
  readonly count: number;
  /** Whole ms between two readings of a sensor. */
  readonly intervalMs: number;
  /** Any integer. */
  readonly seed: number;
  /** Kinds of faults to inject; empty = none. */
  readonly faults: readonly FaultKind[];
  /** Where to append the ground truth as JSON lines; absent = nowhere. */
  readonly truthFile?: string;
  /** ms UTC of the first reading; default now, at a multiple of the interval. */
  readonly start?: number;
  /** Readings per sensor, dropped-out ones included; default: until stopped. */
  readonly readings?: number;
  /** MQTT connections to spread the sensors over; default one per 50 sensors. */
  readonly connections?: number;
  /** Unacknowledged publishes per connection at most; default 1,000. */
  readonly window?: number;
  /** Default Date.now. */
  readonly now?: () => number;
  readonly logger: Logger;
}

export interface SimulatorCounts {
  readonly published: number;
  readonly acknowledged: number;
  /** Faults begun. */
  readonly faults: number;
}

export interface Simulator {
  counts(): SimulatorCounts;
  /**
   * Resolves with the final counts when all `readings` are acknowledged, or after `stop`. Rejects with
   * ConfigurationError if the broker refuses the first connection (field `url`) or the ground truth cannot be written
   * (field `truth`). A broker that is away is no error: it is tried for ever.
   */
  readonly done: Promise<SimulatorCounts>;
  /** Resolves when the readings of the past are acknowledged, or when there are no more to come. */
  readonly caughtUp: Promise<void>;
  /**
   * Publishes no more, waits for the acknowledgements that are due for at most 1 s, and disconnects. Idempotent; never
   * rejects, errors are those of `done`.
   */
  stop(): Promise<void>;
}

const METRIC = 'temperature';
const STOP_MS = 1000;
/** Live, the sensors do not all publish at once: their publishes are spread over the interval, over this at most. */
const SPREAD_MS = 1000;

/** @throws InvalidInput naming the option, ConfigurationError for an impossible URL (field `url`) */
export function startSimulator(options: SimulatorOptions): Simulator {
  const publishers = publishersFor(options);
  const stopping = new AbortController();
  const stopped = new Promise<void>((resolve) =>
    stopping.signal.addEventListener('abort', () => resolve(), { once: true }),
  );
  let published = 0;
  let faults = 0;
  const counts = (): SimulatorCounts => ({
    published,
    acknowledged: publishers.reduce((sum, publisher) => sum + publisher.acknowledged, 0),
    faults,
  });

  async function run(): Promise<SimulatorCounts> {
    const finished = new AbortController();
    let truth: GroundTruth | null = null;
    try {
      if (options.truthFile !== undefined) truth = await openGroundTruth(options.truthFile);
      await publishAll(truth);
      await Promise.race([
        Promise.all(publishers.map((publisher) => publisher.drain())),
        stopped.then(() => pause(STOP_MS, undefined, { signal: finished.signal })).catch(() => undefined),
      ]);
      return counts();
    } finally {
      finished.abort();
      present();
      await Promise.allSettled([...publishers.map((publisher) => publisher.close()), truth?.close()]);
    }
  }

  let present = () => {};
  const caughtUp = new Promise<void>((resolve) => {
    present = resolve;
  });
  let behind = true;

  /** Called before the wait for the time of a reading: the first that lies ahead is the end of the past. */
  function catchUp(ts: number, now: number): void {
    if (!behind || ts <= now) return;
    behind = false;
    void Promise.all(publishers.map((publisher) => publisher.drain())).then(present, present);
  }

  async function publishAll(truth: GroundTruth | null): Promise<void> {
    const { intervalMs, readings = Number.POSITIVE_INFINITY, now = Date.now } = options;
    const start = options.start ?? Math.floor(now() / intervalMs) * intervalMs;
    const sensors = fleet(options, start, publishers);
    for (let index = 0; index < readings; index++) {
      for (const sensor of sensors) {
        const reading = sensor.readings.next().value;
        catchUp(reading.ts, now());
        await until(reading.ts + sensor.delayMs, now, stopping.signal);
        if (stopping.signal.aborted) return;
        if (reading.begins !== undefined) {
          faults++;
          await truth?.append(faultRecord(sensor.name, reading.begins, start, intervalMs));
        }
        if (reading.value === null) continue;
        published++;
        const full = sensor.publisher.publish(sensor.topic, readingPayload(reading.value, reading.ts));
        if (full !== undefined) await full;
      }
    }
  }

  for (const publisher of publishers) publisher.start();
  const done = run();
  const stop = async (): Promise<void> => {
    stopping.abort();
    for (const publisher of publishers) publisher.release();
    await done.catch(() => undefined);
  };
  return { counts, done, caughtUp, stop };
}

/** One publisher a connection. @throws InvalidInput, ConfigurationError */
function publishersFor(options: SimulatorOptions): Publisher[] {
  requireInteger('count', options.count, 1, 100_000);
  requireInteger('interval', options.intervalMs, 1);
  requireInteger('seed', options.seed, Number.MIN_SAFE_INTEGER);
  if (options.readings !== undefined) requireInteger('readings', options.readings, 0);
  if (options.start !== undefined) requireInteger('start', options.start, 0);
  const connections = options.connections ?? Math.ceil(options.count / 50);
  requireInteger('connections', connections, 1);
  return Array.from({ length: Math.min(connections, options.count) }, () => new Publisher(options));
}

interface FleetSensor {
  readonly name: string;
  readonly topic: string;
  readonly publisher: Publisher;
  readonly delayMs: number;
  readonly readings: Generator<SimulatedReading, never, void>;
}

function fleet(options: SimulatorOptions, start: number, publishers: readonly Publisher[]): FleetSensor[] {
  const { count, intervalMs, seed, faults } = options;
  return Array.from({ length: count }, (_, sensor) => {
    const name = sensorName(sensor, count);
    return {
      name,
      topic: readingTopic(name, METRIC),
      publisher: publishers[sensor % publishers.length] as Publisher,
      delayMs: Math.floor((sensor / count) * Math.min(intervalMs, SPREAD_MS)),
      readings: simulatedSensor({ seed, sensor, faults, start, intervalMs }),
    };
  });
}

/** `sensor-01`, with as many digits as the last one of `count` needs, at least two. */
export function sensorName(sensor: number, count: number): string {
  return `sensor-${String(sensor + 1).padStart(Math.max(2, String(count).length), '0')}`;
}

function faultRecord(sensor: string, fault: Fault, start: number, intervalMs: number): FaultRecord {
  return {
    sensor,
    metric: METRIC,
    fault: fault.kind,
    from: start + fault.from * intervalMs,
    to: start + fault.to * intervalMs,
    sd: Math.round(fault.sd * 1000) / 1000,
  };
}

function requireInteger(field: string, value: number, least: number, most = Number.MAX_SAFE_INTEGER): void {
  if (!Number.isSafeInteger(value) || value < least || value > most)
    throw new InvalidInput(
      field,
      `${field} must be a whole number of at least ${least}${most < Number.MAX_SAFE_INTEGER ? ` and at most ${most}` : ''}`,
    );
}
