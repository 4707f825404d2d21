/** `vigia series`: lists the stored series, and deletes a series. */
import { Command } from 'commander';
import { InvalidInput } from '../errors.ts';
import { readConfig } from '../settings/config.ts';
import { askServer, runningServer } from './running-server.ts';
import { ask } from './terminal.ts';

interface Series {
  readonly sensor: string;
  readonly metric: string;
  readonly unit: string | null;
  readonly last: { readonly t: number; readonly v: number } | null;
  readonly state: string;
}

export function seriesCommand(): Command {
  const command = new Command('series').description(
    'lists and deletes the series that a running Vigía has stored',
  );
  const url = ['--url <url>', 'URL of the running Vigía (default: HOST and PORT)'] as const;
  command
    .command('list')
    .description('lists every series with its state and last reading')
    .option(...url)
    .action(async (options: { url?: string }) => {
      const list = (await askServer(
        runningServer(readConfig(), options.url),
        'GET',
        '/api/series',
      )) as Series[];
      for (const { sensor, metric, unit, last, state } of list) {
        const shown = last ? `${new Date(last.t).toISOString()}  ${last.v} ${unit ?? ''}` : 'no readings';
        console.log(`${sensor}/${metric}  ${state}  ${shown}`.trimEnd());
      }
      if (list.length === 0) console.log('no series');
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
