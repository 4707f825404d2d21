/** `vigia export`: writes a series of a running Vigía to a file. */
import { createWriteStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ReadableStream } from 'node:stream/web';
import { Command, Option } from 'commander';
import { InvalidInput } from '../errors.ts';
import { readConfig } from '../settings/config.ts';
import { timeOption } from './option-values.ts';
import { requestServer, runningServer } from './running-server.ts';

interface ExportOptions {
  readonly sensor: string;
  readonly metric: string;
  readonly format: 'csv' | 'json';
  readonly from?: number;
  readonly to?: number;
  readonly out?: string;
  readonly url?: string;
}

export function exportCommand(): Command {
  return new Command('export')
    .description('writes the readings of a series, with their forecasts and scores, as CSV or JSON')
    .requiredOption('--sensor <id>', 'sensor of the series')
    .option('--metric <name>', 'metric of the series', 'temperature')
    .addOption(new Option('--format <format>', 'format of the file').choices(['csv', 'json']).default('csv'))
    .option('--from <time>', 'time of the first reading, in ms since 1970 or ISO 8601', timeOption)
    .option('--to <time>', 'time of the last reading, in ms since 1970 or ISO 8601', timeOption)
    .option('--out <file>', 'file that is written (default: standard output)')
    .option('--url <url>', 'URL of the running Vigía (default: HOST and PORT)')
    .action(run);
}

async function run({ sensor, metric, format, from, to, out, url }: ExportOptions): Promise<void> {
  const query = new URLSearchParams({ format });
  if (from !== undefined) query.set('from', String(from));
  if (to !== undefined) query.set('to', String(to));
  const path = `/api/series/${encodeURIComponent(sensor)}/${encodeURIComponent(metric)}/export?${query}`;
  const response = await requestServer(runningServer(readConfig(), url), 'GET', path);
  const body = Readable.fromWeb(response.body as ReadableStream);
  if (out === undefined) {
    await pipeline(body, process.stdout, { end: false });
    return;
  }
  try {
    await pipeline(body, createWriteStream(out));
  } catch (error) {
    throw new InvalidInput('out', `the export to ${out} is not complete: ${(error as Error).message}`, {
      cause: error,
    });
  }
}
