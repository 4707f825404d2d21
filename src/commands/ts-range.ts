/**
 * Reads series of the replaced system, which kept each series under one key of RedisTimeSeries: from its Redis, or from a
 * file with the output of `redis-cli TS.RANGE <key> - +`.
 */
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { Redis } from 'ioredis';
import { parseDecimal } from '../domain/decimal.ts';
import { ConfigurationError, InvalidInput } from '../errors.ts';

export interface ImportedReading {
  /** ms UTC */
  readonly ts: number;
  readonly value: number;
  /** For messages: `line 7`. */
  readonly where: string;
}

const PAGE = 10_000;

/**
 * @param url `redis://…` or `rediss://…`
 * @throws ConfigurationError (field redis) when it cannot be read, InvalidInput (field key) when there is no such series
 */
export async function* readTsRange(url: string, key: string): AsyncGenerator<ImportedReading> {
  const redis = new Redis(url, {
    lazyConnect: true,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
    connectTimeout: 5000,
  });
  let why: Error | undefined;
  redis.on('error', (error) => {
    why = error;
  });
  try {
    await redis.connect();
    let from = '-';
    for (let n = 0; ; ) {
      const page = (await redis.call('TS.RANGE', key, from, '+', 'COUNT', String(PAGE))) as [
        number,
        string,
      ][];
      for (const [ts, value] of page) yield { ts, value: Number(value), where: `sample ${++n} of ${key}` };
      if (page.length < PAGE) return;
      from = String(page.at(-1)![0] + 1);
    }
  } catch (error) {
    const message = (why ?? (error as Error)).message;
    if (/key does not exist/i.test(message)) {
      throw new InvalidInput('key', `there is no time series '${key}' at that Redis`);
    }
    if (/WRONGTYPE/.test(message)) throw new InvalidInput('key', `'${key}' at that Redis is no time series`);
    if (/unknown command/i.test(message)) {
      throw new ConfigurationError('--redis: that server has no RedisTimeSeries', { field: 'redis' });
    }
    throw new ConfigurationError(`--redis: it cannot be read: ${message}`, { field: 'redis' });
  } finally {
    redis.disconnect();
  }
}

/**
 * Reads the output of redis-cli: on a terminal (`1) 1) (integer) 1700000000000`), into a file (time and value on lines in
 * turn), or with `--csv` (`1700000000000,"21.5"`).
 * @throws InvalidInput while iterating, naming file and line
 */
export async function* readTsRangeFile(file: string): AsyncGenerator<ImportedReading> {
  let ts: number | null = null;
  let line = 0;
  const bad = (why: string) => new InvalidInput('ts-range', `${file}, line ${line}: ${why}`);
  const lines = createInterface({ input: createReadStream(file), crlfDelay: Number.POSITIVE_INFINITY });
  try {
    for await (const raw of lines) {
      line += 1;
      const text = raw.trim();
      if (text === '' || text === '(empty array)') continue;
      const parts = text
        .replace(/^(\d+\) *)+/, '')
        .replace(/^\(integer\) */, '')
        .split(',');
      for (const part of parts) {
        const token = part.trim().replace(/^"(.*)"$/, '$1');
        if (ts === null) {
          if (!/^\d{1,16}$/.test(token)) throw bad(`'${token}' is no time in ms`);
          ts = Number(token);
        } else {
          const value = parseDecimal(token);
          if (value === null || !Number.isFinite(value)) throw bad(`'${token}' is no number`);
          yield { ts, value: value + 0, where: `line ${line}` };
          ts = null;
        }
      }
    }
  } catch (error) {
    if (error instanceof InvalidInput) throw error;
    throw new InvalidInput('ts-range', `${file} cannot be read: ${(error as Error).message}`, {
      cause: error,
    });
  }
  if (ts !== null) throw bad('the last time has no value');
}
