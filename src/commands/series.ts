/** `vigia series`: lists the stored series, and deletes a series. */
import { Command } from 'commander';
import { InvalidInput } from '../errors.ts';
import { readConfig } from '../settings/config.ts';
import { askServer, runningServer } from './running-server.ts';
import { type Column, JSON_OPTION, printList, timeCell } from './table.ts';
import { ask } from './terminal.ts';

interface Series {
  readonly sensor: string;
  readonly metric: string;
  readonly unit: string | null;
  readonly last: { readonly t: number; readonly v: number } | null;
  readonly state: string;
}

const COLUMNS: readonly Column<Series>[] = [
  { title: 'series', cell: ({ sensor, metric }) => `${sensor}/${metric}` },
  { title: 'state', cell: ({ state }) => state },
  { title: 'last reading', cell: ({ last }) => (last ? timeCell(last.t) : 'none') },
  { title: 'value', cell: ({ last, unit }) => (last ? `${last.v} ${unit ?? ''}`.trimEnd() : '') },
];

export function seriesCommand(): Command {
  const command = new Command('series').description(
    'lists and deletes the series that a running Vigía has stored',
  );
  const url = ['--url <url>', 'URL of the running Vigía (default: HOST and PORT)'] as const;
  command
    .command('list')
    .description('lists every series with its state and last reading')
    .option(...JSON_OPTION)
    .option(...url)
    .action(async (options: { url?: string; json?: boolean }) => {
      const list = (await askServer(
        runningServer(readConfig(), options.url),
        'GET',
        '/api/series',
      )) as Series[];
      printList(list, COLUMNS, { json: options.json, none: 'no series' });
    });
  command
    .command('delete')
    .description(
      'deletes a series with its readings, verdicts, rollups and alerts; the deletion cannot be undone',
    )
    .requiredOption('--sensor <id>', 'sensor of the series')
    .requiredOption('--metric <name>', 'metric of the series')
    .option('--yes', 'delete without asking')
    .option(...url)
    .action(remove);
  return command;
}

async function remove(options: {
  sensor: string;
  metric: string;
  yes?: boolean;
  url?: string;
}): Promise<void> {
  const name = `${options.sensor}/${options.metric}`;
  if (options.yes !== true) {
    const typed = await ask(`This deletes ${name} for good. Type its name to go on: `);
    if (typed !== name)
      throw new InvalidInput('yes', 'nothing was deleted: the name was not typed (or give --yes)');
  }
  const path = `/api/series/${encodeURIComponent(options.sensor)}/${encodeURIComponent(options.metric)}`;
  const query = `confirm=${encodeURIComponent(name)}`;
  await askServer(runningServer(readConfig(), options.url), 'DELETE', `${path}?${query}`);
  console.log(`${name} deleted`);
}
