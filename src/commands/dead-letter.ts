/** `vigia dead-letter`: what could not be stored, and another try. */
import { Command } from 'commander';
import { readConfig } from '../config.ts';
import { InvalidInput } from '../errors.ts';
import { wholeNumber } from './option-values.ts';
import { askServer, type RunningServer, runningServer } from './running-server.ts';

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
/** Most letters in one answer of the server. */
const MOST = 10_000;

export function deadLetterCommand(): Command {
  const command = new Command('dead-letter').description(
    'messages that could not be stored, at a running Vigía',
  );
  const url = ['--url <url>', 'the running Vigía to ask (default: HOST and PORT)'] as const;
  command
    .command('list')
    .description('newest first')
    .option('--limit <n>', 'at most', wholeNumber, 100)
    .option(...url)
    .action(async (options: { limit: number; url?: string }) => {
      const letters = (await askServer(
        server(options),
        'GET',
        `${PATH}?limit=${options.limit}`,
      )) as Summary[];
      for (const { id, topic, reason, detail, lastTs, count } of letters) {
        console.log(`${id}  ${new Date(lastTs).toISOString()}  ${count}x  ${reason}  ${topic}  ${detail}`);
      }
      if (letters.length === 0) console.log('no dead letters');
    });
  command
    .command('show <id>')
    .description('everything about one, with its bytes')
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
    .description('sends them through the pipeline again; those that are stored then are dead letters no more')
    .option('--all', 'every one')
    .option(...url)
    .action(async (ids: string[], options: { all?: boolean; url?: string }) => {
      if (ids.length > 0 === (options.all === true)) throw new InvalidInput('id', 'give ids, or --all');
      await replay(server(options), ids.length > 0 ? ids : null);
    });
  return command;
}

function server({ url }: { url?: string }): RunningServer {
  return runningServer(readConfig(), url);
}

async function replay(at: RunningServer, ids: readonly string[] | null): Promise<void> {
  const chosen =
    ids ?? ((await askServer(at, 'GET', `${PATH}?limit=${MOST}`)) as Summary[]).map(({ id }) => id);
  let stored = 0;
  for (const id of chosen) {
    const answer = (await askServer(at, 'POST', `${PATH}/${encodeURIComponent(id)}/replay`)) as {
      stored: boolean;
      detail: string;
    };
    if (answer.stored) stored++;
    else console.log(`${id}  still refused: ${answer.detail}`);
  }
  console.log(`${stored} of ${chosen.length} stored`);
  if (stored < chosen.length) process.exitCode = 1;
}
