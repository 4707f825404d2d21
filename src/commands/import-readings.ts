/**
 * `vigia import-readings`: sends a CSV file, or a series of the replaced system, to `POST /api/readings` of a running Vigía,
 * so that the readings are stored once and scored like other readings. All readings are checked before the first is sent.
 * A second run adds nothing.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { Command } from 'commander';
import { readTimestampValueCsv } from '../../devices/timestamp-value-csv.ts';
import { spokenDuration } from '../domain/duration.ts';
import { InvalidInput, VigiaError } from '../errors.ts';
import { readConfig } from '../settings/config.ts';
import { durationOption } from './option-values.ts';
import { ADVICE } from './refusal-advice.ts';
import { askServer, type RunningServer, runningServer, ServerRefused } from './running-server.ts';
import { progressBar } from './terminal.ts';
import { type ImportedReading, readTsRange, readTsRangeFile } from './ts-range.ts';

interface ImportOptions {
  readonly sensor: string;
  readonly metric: string;
  readonly input?: string;
  readonly redis?: string;
  readonly key?: string;
  readonly tsRange?: string;
  readonly url?: string;
  readonly patience: number;
}

interface Answer {
  readonly committed: number;
  readonly duplicate: number;
  readonly rejected: readonly { readonly index: number; readonly reason: string; readonly detail: string }[];
}

/** Readings in one request. With names of up to 200 bytes, the request stays below the default MAX_PAYLOAD. */
const BATCH = 400;
/** Between two tries while the server is not ready, ms. */
const RETRY_MS = 1000;
/** Answers of a server that is not ready, or of a proxy before it. */
const NOT_NOW: ReadonlySet<number> = new Set([429, 502, 503, 504]);
/** How many refused readings are shown for each reason. */
const SHOWN = 3;

export function importReadingsCommand(): Command {
  return new Command('import-readings')
    .description(
      'stores the readings of a CSV file, or of a series of the replaced system, in a running Vigía',
    )
    .requiredOption('--sensor <id>', 'sensor that the readings are stored under')
    .option('--metric <name>', 'metric that the readings are stored under', 'temperature')
    .option('--input <csv>', 'CSV file with the columns timestamp and value')
    .option(
      '--redis <url>',
      'URL of the Redis of the replaced system, which has RedisTimeSeries; needs --key',
    )
    .option('--key <name>', 'key of the series in the Redis of --redis')
    .option('--ts-range <file>', 'file with the output of `redis-cli TS.RANGE <key> - +`')
    .option('--url <url>', 'URL of the running Vigía (default: HOST and PORT)')
    .option(
      '--patience <time>',
      'how long to wait for a server that is not ready, such as one with a full disk',
      durationOption,
      600_000,
    )
    .action(run);
}

async function run(options: ImportOptions): Promise<void> {
  const readings = await collected(source(options));
  if (readings.length === 0) throw new InvalidInput('input', 'there are no readings to import');
  const { sensor, metric, patience } = options;
  const server = runningServer(readConfig(), options.url);
  const total = { committed: 0, duplicate: 0 };
  const refused = new Map<string, string[]>();
  const bar = progressBar('importing');
  bar.start(readings.length, 0);
  try {
    for (let i = 0; i < readings.length; i += BATCH) {
      const part = readings.slice(i, i + BATCH);
      const body = JSON.stringify(part.map(({ ts, value }) => ({ sensor, metric, ts, value })));
      const answer = await send(server, body, { done: i, of: readings.length, patience });
      total.committed += answer.committed;
      total.duplicate += answer.duplicate;
      for (const { index, reason, detail } of answer.rejected) {
        refused.set(reason, [...(refused.get(reason) ?? []), `${part[index]!.where}: ${detail}`]);
      }
      bar.increment(part.length);
    }
  } finally {
    bar.stop();
  }
  console.log(`${total.committed} stored, ${total.duplicate} were there already`);
  for (const [reason, details] of refused) {
    console.log(`${details.length} refused: ${reason}${ADVICE[reason] ?? ''}`);
    for (const detail of details.slice(0, SHOWN)) console.log(`  ${detail}`);
    if (details.length > SHOWN) console.log(`  and ${details.length - SHOWN} more`);
  }
  if (refused.size > 0) process.exitCode = 1;
}

function source({ input, redis, key, tsRange }: ImportOptions): AsyncIterable<ImportedReading> {
  if ([input, redis, tsRange].filter((each) => each !== undefined).length !== 1) {
    throw new InvalidInput('input', 'give one of --input, --redis (with --key) and --ts-range');
  }
  if (input !== undefined) return readCsv(input);
  if (tsRange !== undefined) return readTsRangeFile(tsRange);
  if (key === undefined) throw new InvalidInput('key', '--redis needs --key, the key of the series there');
  return readTsRange(redis!, key);
}

async function* readCsv(file: string): AsyncGenerator<ImportedReading> {
  for await (const { ts, value, line } of readTimestampValueCsv(file)) {
    yield { ts, value, where: `line ${line}` };
  }
}

/**
 * All readings in the order of time. Equal rows become one reading.
 * @throws InvalidInput naming both places when one time has two values
 */
async function collected(readings: AsyncIterable<ImportedReading>): Promise<ImportedReading[]> {
  const byTime = new Map<number, ImportedReading>();
  for await (const reading of readings) {
    const before = byTime.get(reading.ts);
    if (before !== undefined && before.value !== reading.value) {
      const time = new Date(reading.ts).toISOString();
      throw new InvalidInput(
        'timestamp',
        `${reading.where} and ${before.where} give ${time} two values, ${reading.value} and ${before.value}: keep one of them`,
      );
    }
    if (before === undefined) byTime.set(reading.ts, reading);
  }
  return [...byTime.values()].sort((a, b) => a.ts - b.ts);
}

interface Progress {
  /** Readings that were answered before. */
  readonly done: number;
  readonly of: number;
  /** How long a server that is not ready is waited for, ms. */
  readonly patience: number;
}

/** @throws VigiaError that says how far the import has come */
async function send(server: RunningServer, body: string, progress: Progress): Promise<Answer> {
  const { done, of, patience } = progress;
  const until = performance.now() + patience;
  for (let told = false; ; told = true) {
    try {
      return (await askServer(server, 'POST', '/api/readings', body)) as Answer;
    } catch (error) {
      const { code, message } = error as VigiaError;
      const sofar = `${message} (after ${done} of ${of} readings)`;
      if (!mayPass(error, done) || performance.now() > until) {
        if (!(error instanceof VigiaError) || done === 0) throw error;
        throw new VigiaError(code, `${sofar}: run the command again, readings that are stored stay single`);
      }
      if (!told) console.error(`${sofar}: trying again for ${spokenDuration(patience)}`);
      await delay(RETRY_MS);
    }
  }
}

/** Whether the same request may succeed later. A server that never answered is taken for a wrong address. */
function mayPass(error: unknown, done: number): boolean {
  if (error instanceof ServerRefused) return NOT_NOW.has(error.status);
  return error instanceof VigiaError && error.code === 'server_unavailable' && done > 0;
}
