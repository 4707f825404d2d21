/** `vigia dead-letter`: shows messages that could not be stored, and sends them again. */
import { Command } from 'commander';
import { InvalidInput } from '../errors.ts';
import { readConfig } from '../settings/config.ts';
import { wholeNumber } from './option-values.ts';
import { askServer, type RunningServer, runningServer, ServerRefused } from './running-server.ts';
import { type Column, JSON_OPTION, printList, timeCell } from './table.ts';
import { progressBar } from './terminal.ts';

interface Summary {
  readonly id: string;
  readonly topic: string;
  readonly size: number;
  readonly reason: string;
  readonly detail: string;
  readonly firstTs: number;
  readonly lastTs: number;
  readonly count: number;
}

interface Letter extends Summary {
  readonly payload: string;
}

const PATH = '/api/dead-letters';
/** Ids in one answer of the server. */
const PAGE = 100;

const COLUMNS: readonly Column<Summary>[] = [
  { title: 'id', cell: ({ id }) => id },
  { title: 'last', cell: ({ lastTs }) => timeCell(lastTs) },
  { title: 'times', cell: ({ count }) => `${count}x` },
  { title: 'reason', cell: ({ reason }) => reason },
  { title: 'topic', cell: ({ topic }) => topic },
  { title: 'detail', cell: ({ detail }) => detail },
];

export function deadLetterCommand(): Command {
  const command = new Command('dead-letter').description(
    'shows the messages that a running Vigía could not store, and sends them again',
  );
  const url = ['--url <url>', 'URL of the running Vigía (default: HOST and PORT)'] as const;
  command
    .command('list')
    .description('lists the dead letters, the newest first')
    .option('--limit <n>', 'how many are listed at most', wholeNumber, 100)
    .option(...JSON_OPTION)
    .option(...url)
    .action(async (options: { limit: number; json?: boolean; url?: string }) => {
      const letters = (await askServer(
        server(options),
        'GET',
        `${PATH}?limit=${options.limit}`,
      )) as Summary[];
      printList(letters, COLUMNS, { json: options.json, none: 'no dead letters' });
    });
  command
    .command('show <id>')
    .description('shows everything about one dead letter, with its bytes')
    .option(...url)
    .action(async (id: string, options: { url?: string }) => {
      const { payload, firstTs, lastTs, ...rest } = (await askServer(
        server(options),
        'GET',
        `${PATH}/${encodeURIComponent(id)}`,
      )) as Letter;
      const shown = {
        ...rest,
        first: new Date(firstTs).toISOString(),
        last: new Date(lastTs).toISOString(),
      };
      for (const [name, value] of Object.entries(shown)) console.log(`${name.padEnd(8)}${value}`);
      console.log(Buffer.from(payload, 'base64').toString('utf8'));
    });
  command
    .command('replay [ids...]')
    .description(
      'sends dead letters through the pipeline again; a letter that is stored now is deleted from the dead letters',
    )
    .option('--all', 'every dead letter')
    .option(...url)
    .action(async (ids: string[], options: { all?: boolean; url?: string }) => {
      if (ids.length > 0 === (options.all === true)) throw new InvalidInput('id', 'give ids, or --all');
      const at = server(options);
      await replay(at, options.all ? [...(await everyId(at))] : ids);
    });
  return command;
}

function server({ url }: { url?: string }): RunningServer {
  return runningServer(readConfig(), url);
}

async function replay(at: RunningServer, ids: readonly string[]): Promise<void> {
  let stored = 0;
  let tried = 0;
  const refused: string[] = [];
  const bar = progressBar('sending again');
  bar.start(ids.length, 0);
  for (const id of ids) {
    bar.update(++tried);
    try {
      const answer = (await askServer(at, 'POST', `${PATH}/${encodeURIComponent(id)}/replay`)) as {
        stored: boolean;
        detail: string;
      };
      if (answer.stored) stored++;
      else refused.push(`${id}  still refused: ${answer.detail}`);
    } catch (error) {
      // Newer letters have pushed this letter out, or another person has stored it. The other letters are still tried.
      if (!(error instanceof ServerRefused && error.status === 404)) {
        bar.stop();
        throw error;
      }
      refused.push(`${id}  is not there (any more)`);
    }
  }
  bar.stop();
  for (const line of refused) console.log(line);
  console.log(`${stored} of ${tried} stored`);
  if (stored < tried) process.exitCode = 1;
}

/** The ids of all letters that exist now. They are read before any letter is sent again, because a letter that is refused again becomes the newest. */
async function everyId(at: RunningServer): Promise<Set<string>> {
  const ids = new Set<string>();
  for (let after = ''; ; ) {
    const page = (await askServer(at, 'GET', `${PATH}/ids?limit=${PAGE}${after}`)) as {
      ids: string[];
      next: string | null;
    };
    for (const id of page.ids) ids.add(id);
    if (page.next === null) return ids;
    after = `&after=${encodeURIComponent(page.next)}`;
  }
}
