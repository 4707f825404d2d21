/** `vigia train`: reads the training series, from a CSV file or from the stored readings of a sensor. */
import { openExistingStore } from '../app/store-choice.ts';
import { InvalidInput, VigiaError } from '../errors.ts';
import { createLogger } from '../logger.ts';
import type { Config } from '../settings/config.ts';
import { readRows } from './rows.ts';
import { askServer, type RunningServer, runningServer } from './running-server.ts';

/** In the order of time. Readings of the same time keep the order in which they were read. */
export interface Rows {
  /** ms UTC */
  readonly timestamps: Float64Array;
  readonly values: Float64Array;
}

/** @throws InvalidInput as `readRows` */
export async function rowsFromCsv(file: string): Promise<Rows> {
  return inTimeOrder(await readRows(file));
}

export interface StoredSource {
  readonly sensor: string;
  readonly metric: string;
  /** ms UTC */
  readonly from: number;
  readonly to: number;
  /** URL of a running Vigía. Without it the settings say where the readings are. */
  readonly url?: string | undefined;
}

/**
 * Reads from the server at `url`. Without `url` it reads from Redis where REDIS_URL is set, else from the server that the
 * settings describe. If no server answers, it reads the embedded store, which no other process uses then.
 * @throws InvalidInput (field sensor) when nothing is stored in that time; as `askServer`
 */
export async function rowsFromStore(source: StoredSource, config: Config): Promise<Rows> {
  const { sensor, metric, from, url } = source;
  const rows = await storedRows(source, config, url);
  if (rows.length > 0) return inTimeOrder(rows);
  const since = new Date(Math.max(from, 0)).toISOString();
  throw new InvalidInput('sensor', `${sensor}/${metric} has no readings since ${since}`);
}

interface Row {
  readonly ts: number;
  readonly value: number;
}

async function storedRows(source: StoredSource, config: Config, url: string | undefined): Promise<Row[]> {
  const server = runningServer(config, url);
  if (url === undefined && config.redis.url !== undefined) return (await rowsInStore(source, config)) ?? [];
  try {
    return await rowsAtServer(source, server);
  } catch (error) {
    if (url !== undefined || !(error instanceof VigiaError && error.code === 'server_unavailable'))
      throw error;
    const rows = await rowsInStore(source, config);
    if (rows === null)
      throw new InvalidInput(
        'url',
        `${error.message}; and DATA_DIR (${config.store.directory}) holds no store`,
        {
          cause: error,
        },
      );
    return rows;
  }
}

async function rowsInStore(
  { sensor, metric, from, to }: StoredSource,
  config: Config,
): Promise<Row[] | null> {
  const store = await openExistingStore(
    config,
    createLogger(config.process.logLevel, config.process.logInterval),
  );
  if (store === null) return null;
  try {
    return await store.series.range({ sensor, metric }, from, to);
  } finally {
    await store.close();
  }
}

/** A server answers a limited number of points. If there are more, the two halves of the time are asked for one after the other. */
async function rowsAtServer(source: StoredSource, server: RunningServer): Promise<Row[]> {
  const { sensor, metric, from, to } = source;
  const path = `/api/series/${encodeURIComponent(sensor)}/${encodeURIComponent(metric)}?from=${from}&to=${to}`;
  try {
    const points = (await askServer(server, 'GET', path)) as { t: number; v: number }[];
    return points.map(({ t, v }) => ({ ts: t, value: v }));
  } catch (error) {
    if (!(error instanceof VigiaError && error.code === 'server_refused')) throw error;
    if (error.field !== 'from' || from >= to)
      throw new InvalidInput('sensor', `${sensor}/${metric}: ${error.message}`, { cause: error });
    const middle = Math.floor((from + to) / 2);
    const older = await rowsAtServer({ ...source, to: middle }, server);
    return older.concat(await rowsAtServer({ ...source, from: middle + 1 }, server));
  }
}

function inTimeOrder(rows: readonly Row[]): Rows {
  const sorted = rows.toSorted((a, b) => a.ts - b.ts);
  return {
    timestamps: Float64Array.from(sorted, ({ ts }) => ts),
    values: Float64Array.from(sorted, ({ value }) => value),
  };
}
