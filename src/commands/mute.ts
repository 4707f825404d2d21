/** `vigia mute`: says which alerts nobody is told of. */
import { Command } from 'commander';
import { parseDuration } from '../domain/duration.ts';
import { InvalidInput } from '../errors.ts';
import { readConfig } from '../settings/config.ts';
import { askServer, type RunningServer, runningServer } from './running-server.ts';
import { type Column, JSON_OPTION, printList, timeCell } from './table.ts';

interface Mute {
  readonly id: string;
  readonly sensor: string;
  readonly metric: string;
  readonly rule: string;
  readonly from: number;
  readonly until: number | null;
  readonly weekly: { days: string[]; start: string; end: string; zone: string } | null;
  readonly comment: string;
  readonly by: string | null;
  readonly active: boolean;
}

interface Options {
  readonly url?: string;
  readonly metric: string;
  readonly rule: string;
  readonly for?: string;
  readonly from?: string;
  readonly until?: string;
  readonly weekly?: string;
  readonly zone: string;
  readonly comment: string;
  readonly json?: boolean;
}

const PATH = '/api/mutes';

export function muteCommand(): Command {
  const command = new Command('mute').description(
    'mutes alerts of a running Vigía: they are kept and shown, and nobody is told of them',
  );
  const url = ['--url <url>', 'URL of the running Vigía (default: HOST and PORT)'] as const;
  command
    .command('add <sensor>')
    .description('mutes the alerts of a sensor, or of all sensors that fit a pattern such as freezer-*')
    .option('--metric <pattern>', 'alerts of these metrics', '*')
    .option('--rule <pattern>', 'alerts by these rules', '*')
    .option('--for <duration>', 'how long, such as 2h')
    .option('--from <time>', 'from this time on (ISO 8601 or ms; default: now)')
    .option('--until <time>', 'until this time (ISO 8601 or ms; default: without an end)')
    .option('--weekly <window>', 'only in a window of each week, such as "sat,sun 22:00-06:00"')
    .option('--zone <zone>', 'time zone of the window', 'UTC')
    .option('--comment <text>', 'why', '')
    .option(...url)
    .action(async (sensor: string, options: Options) => {
      const body = JSON.stringify({ sensor, ...requestOf(options, Date.now()) });
      console.log(line((await askServer(server(options), 'POST', PATH, body)) as Mute));
    });
  command
    .command('list')
    .description('lists the mutes, those that have ended within RETENTION included')
    .option(...JSON_OPTION)
    .option(...url)
    .action(async (options: Options) => {
      const mutes = (await askServer(server(options), 'GET', PATH)) as Mute[];
      printList(mutes, COLUMNS, { json: options.json, none: 'no mutes' });
    });
  command
    .command('end <id>')
    .description('ends a mute now')
    .option(...url)
    .action(async (id: string, options: Options) => {
      const path = `${PATH}/${encodeURIComponent(id)}`;
      console.log(line((await askServer(server(options), 'DELETE', path)) as Mute));
    });
  return command;
}

function requestOf(options: Options, now: number): object {
  const { metric, rule, comment, from, until, weekly, zone } = options;
  if (options.for !== undefined && until !== undefined)
    throw new InvalidInput('for', 'give --for or --until');
  const duration = options.for === undefined ? null : parseDuration(options.for);
  if (duration !== null && !(duration >= 1))
    throw new InvalidInput('for', '--for must be a duration such as 2h');
  const start = from === undefined ? now : timeOf(from, 'from');
  return {
    ...{ metric, rule, comment, from: start },
    ...(duration !== null && { until: start + duration }),
    ...(until !== undefined && { until: timeOf(until, 'until') }),
    ...(weekly !== undefined && { weekly: windowOf(weekly, zone) }),
  };
}

function timeOf(text: string, option: string): number {
  const ms = /^\d+$/.test(text) ? Number(text) : Date.parse(text);
  if (Number.isNaN(ms))
    throw new InvalidInput(option, `--${option} must be a time such as 2026-01-31T08:00:00Z`);
  return ms;
}

function windowOf(text: string, zone: string): object {
  const [, days, start, end] = /^([a-z,]+)\s+(\d\d:\d\d)-(\d\d:\d\d)$/i.exec(text.trim()) ?? [];
  if (!days) throw new InvalidInput('weekly', '--weekly must be such as "sat,sun 22:00-06:00"');
  return { days: days.toLowerCase().split(','), start, end, zone };
}

const COLUMNS: readonly Column<Mute>[] = [
  { title: 'id', cell: ({ id }) => id },
  { title: 'state', cell: ({ active }) => (active ? 'active' : 'not active') },
  { title: 'series', cell: ({ sensor, metric }) => `${sensor}/${metric}` },
  { title: 'rule', cell: ({ rule }) => rule },
  { title: 'from', cell: ({ from }) => timeCell(from) },
  { title: 'until', cell: ({ until }) => (until === null ? 'ended by hand' : timeCell(until)) },
  {
    title: 'window',
    cell: ({ weekly }) =>
      weekly ? `${weekly.days.join(',')} ${weekly.start}-${weekly.end} ${weekly.zone}` : '',
  },
  { title: 'by', cell: ({ by }) => by ?? '' },
  { title: 'comment', cell: ({ comment }) => comment },
];

function line(mute: Mute): string {
  return COLUMNS.map(({ cell }) => cell(mute))
    .filter((text) => text !== '')
    .join('  ');
}

function server({ url }: Options): RunningServer {
  return runningServer(readConfig(), url);
}
