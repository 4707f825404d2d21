/** `vigia alerts`: lists alerts of a running Vigía, and follows them. */
import { Command, Option } from 'commander';
import { spokenDuration } from '../domain/duration.ts';
import { seriesKey } from '../domain/series.ts';
import { readConfig } from '../settings/config.ts';
import { liveEvents } from './event-stream.ts';
import { wholeNumber } from './option-values.ts';
import { askServer, runningServer } from './running-server.ts';
import { type Column, printList, timeCell } from './table.ts';

interface ShownAlert {
  readonly sensor: string;
  readonly metric: string;
  readonly rule: string;
  readonly ts: number;
  readonly state: string;
  readonly severity: string;
  readonly acknowledged: boolean;
  readonly muted: boolean;
  readonly durationMs: number | null;
  readonly text: { readonly en: string; readonly es: string };
}

interface Options {
  readonly follow?: boolean;
  readonly state?: string;
  readonly sensor?: string;
  readonly metric?: string;
  readonly rule?: string;
  readonly limit: number;
  readonly json?: boolean;
  readonly url?: string;
}

export function alertsCommand(): Command {
  return new Command('alerts')
    .description('lists the alerts of a running Vigía, the newest first, and why each was raised')
    .option('--follow', 'go on with every change of an alert, until Ctrl-C')
    .addOption(new Option('--state <state>', 'only in this state').choices(['open', 'cleared', 'retracted']))
    .option('--sensor <id>', 'only of this sensor')
    .option('--metric <name>', 'only of this metric')
    .option('--rule <name>', 'only by this rule')
    .option('--limit <n>', 'how many are listed at most', wholeNumber, 50)
    .option('--json', 'print JSON instead of a table; with --follow one object a line')
    .option('--url <url>', 'URL of the running Vigía (default: HOST and PORT)')
    .action(run);
}

async function run({ follow, json, url, limit, state, sensor, metric, rule }: Options): Promise<void> {
  const server = runningServer(readConfig(), url);
  const series = { ...(sensor && { sensor }), ...(metric && { metric }) };
  const filter = { ...(state && { state }), ...(rule && { rule }) };
  const query = new URLSearchParams({ ...series, ...filter, limit: String(limit) });
  const alerts = (await askServer(server, 'GET', `/api/alerts?${query}`)) as ShownAlert[];
  if (!follow) {
    printList(alerts, COLUMNS, { json, none: 'no alerts' });
    return;
  }
  const print = (alert: ShownAlert) => console.log(json ? JSON.stringify(alert) : line(alert));
  for (const alert of alerts.toReversed()) print(alert);
  for await (const { event, data } of liveEvents(server, new URLSearchParams(series))) {
    if (event !== 'alert') continue;
    const alert = data as ShownAlert;
    if ((rule ?? alert.rule) === alert.rule && (state ?? alert.state) === alert.state) print(alert);
  }
}

const COLUMNS: readonly Column<ShownAlert>[] = [
  { title: 'raised', cell: ({ ts }) => timeCell(ts) },
  { title: 'state', cell: stateOf },
  { title: 'severity', cell: ({ severity }) => severity },
  { title: 'series', cell: (alert) => seriesKey(alert) },
  { title: 'rule', cell: ({ rule }) => rule },
  { title: 'lasted', cell: ({ durationMs }) => (durationMs === null ? '' : spokenDuration(durationMs)) },
  { title: 'why', cell: ({ text }) => text.en },
];

function line(alert: ShownAlert): string {
  return COLUMNS.map(({ cell }) => cell(alert))
    .filter((text) => text !== '')
    .join('  ');
}

function stateOf({ state, acknowledged, muted }: ShownAlert): string {
  return [state, acknowledged && state === 'open' && 'acknowledged', muted && 'muted']
    .filter(Boolean)
    .join(', ');
}
