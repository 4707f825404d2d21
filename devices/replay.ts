/**
 * Publishes a recorded `timestamp,value` file as one sensor, with the recorded timestamps, in file order. Publishing the
 * same file again publishes the same bytes.
 */
import type { Logger } from 'pino';
import { InvalidInput } from '../src/errors.ts';
import { Publisher } from './publisher.ts';
import { readingPayload, readingTopic } from './reading-message.ts';
import { until } from './schedule.ts';
import { readTimestampValueCsv } from './timestamp-value-csv.ts';

export interface ReplayOptions {
  readonly url: string;
  readonly username?: string;
  readonly password?: string;
  readonly file: string;
  readonly sensor: string;
  /** Default `temperature`. */
  readonly metric?: string;
  /**
   * Multiple of real time at which the file's timestamps pass, from the first one on; 0 = as fast as the broker
   * acknowledges. A row whose time is already past goes out at once.
   */
  readonly speed: number;
  /** Stops the replay early; it then resolves with the counts so far. */
  readonly signal?: AbortSignal;
  /** Told of every row that is published, with how many rows the file has. */
  readonly onProgress?: (published: number, total: number) => void;
  /** Unacknowledged publishes at most; default 1,000. */
  readonly window?: number;
  /** Default Date.now. */
  readonly now?: () => number;
  readonly logger: Logger;
}

export interface ReplayCounts {
  readonly published: number;
  /** Equal to `published` unless stopped by the signal. */
  readonly acknowledged: number;
}

/**
 * Resolves when every row is acknowledged. A broker that is away is waited for.
 * @throws InvalidInput: `sensor` or `metric` that is no topic level, bad `speed`, `file` that cannot be read; a bad row, with
 *   the message naming file, line and field (nothing is published then); ConfigurationError (`url`) if
 *   the URL is impossible or the broker refuses the first connection
 */
export async function replay(options: ReplayOptions): Promise<ReplayCounts> {
  const { file, sensor, metric = 'temperature', speed, signal, now = Date.now } = options;
  const topic = readingTopic(sensor, metric);
  if (!Number.isFinite(speed) || speed < 0)
    throw new InvalidInput(
      'speed',
      'speed must be 0 (as fast as possible) or a positive multiple of real time',
    );
  // One pass to check: a bad row in the middle must not surface after hours of a replay in real time.
  let total = 0;
  for await (const _row of readTimestampValueCsv(file)) {
    total++;
    if (signal?.aborted) break;
  }
  const publisher = new Publisher(options);
  publisher.start();
  // Stopping drops what is unacknowledged, which also releases the waits below.
  const stop = (): void => void publisher.close();
  signal?.addEventListener('abort', stop, { once: true });
  let published = 0;
  let origin: { readonly clock: number; readonly ts: number } | null = null;
  try {
    for await (const { ts, value } of readTimestampValueCsv(file)) {
      origin ??= { clock: now(), ts };
      if (speed > 0) await until(origin.clock + (ts - origin.ts) / speed, now, signal);
      if (signal?.aborted) break;
      published++;
      options.onProgress?.(published, total);
      const full = publisher.publish(topic, readingPayload(value, ts));
      if (full !== undefined) await full;
    }
    await publisher.drain();
    return { published, acknowledged: publisher.acknowledged };
  } finally {
    signal?.removeEventListener('abort', stop);
    await publisher.close();
  }
}
