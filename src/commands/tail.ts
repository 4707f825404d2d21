/** `vigia tail`: prints readings as they are stored. */
import { Command } from 'commander';
import { shortNumber } from '../domain/alert-text.ts';
import { seriesKey } from '../domain/series.ts';
import { readConfig } from '../settings/config.ts';
import { liveEvents } from './event-stream.ts';
import { runningServer } from './running-server.ts';

interface Reading {
  readonly sensor: string;
  readonly metric: string;
  readonly t: number;
  readonly v: number;
  readonly expected: number | null;
  readonly score: number | null;
  readonly state: string;
}

interface Options {
  readonly sensor?: string;
  readonly metric?: string;
  readonly json?: boolean;
  readonly url?: string;
}

export function tailCommand(): Command {
  return new Command('tail')
    .description('prints readings with forecast and score as a running Vigía stores them, until Ctrl-C')
    .option('--sensor <id>', 'only of this sensor')
    .option('--metric <name>', 'only of this metric')
    .option('--json', 'print one JSON object a line')
    .option('--url <url>', 'URL of the running Vigía (default: HOST and PORT)')
    .action(async ({ sensor, metric, json, url }: Options) => {
      const query = new URLSearchParams({ ...(sensor && { sensor }), ...(metric && { metric }) });
      for await (const { event, data } of liveEvents(runningServer(readConfig(), url), query)) {
        if (event !== 'reading') continue;
        console.log(json ? JSON.stringify(data) : line(data as Reading));
      }
    });
}

function line(reading: Reading): string {
  const { t, v, expected, score, state } = reading;
  return [
    new Date(t).toISOString(),
    seriesKey(reading).padEnd(28),
    String(v).padStart(12),
    ...(expected === null ? [] : [`expected ${shortNumber(expected)}`]),
    ...(score === null ? [] : [`score ${Number(score.toPrecision(3))}`]),
    ...(state === 'normal' ? [] : [state]),
  ].join('  ');
}
