/** `vigia alert`: the receivers of alerts of a running Vigía, what they have refused, and a test message. */
import { Command } from 'commander';
import { InvalidInput } from '../errors.ts';
import { readConfig } from '../settings/config.ts';
import { askServer, type RunningServer, runningServer } from './running-server.ts';
import { type Column, JSON_OPTION, printList, timeCell } from './table.ts';

interface Receiver {
  readonly name: string;
  readonly type: string;
  readonly pending: number;
  readonly kept: number;
  readonly problem: string | null;
}

interface Kept {
  readonly key: string;
  readonly reason: string;
  readonly keptAt: number;
}

interface Options {
  readonly url?: string;
  readonly all?: boolean;
  readonly json?: boolean;
}

const RECEIVER_COLUMNS: readonly Column<Receiver>[] = [
  { title: 'receiver', cell: ({ name }) => name },
  { title: 'type', cell: ({ type }) => type },
  { title: 'waiting', cell: ({ pending }) => pending },
  { title: 'kept', cell: ({ kept }) => kept },
  { title: 'problem', cell: ({ problem }) => problem ?? '' },
];
const KEPT_COLUMNS: readonly Column<Kept>[] = [
  { title: 'key', cell: ({ key }) => key },
  { title: 'kept since', cell: ({ keptAt }) => timeCell(keptAt) },
  { title: 'reason', cell: ({ reason }) => reason },
];

export function alertCommand(): Command {
  const command = new Command('alert').description(
    'closes alerts of a running Vigía, shows and tests their receivers, and sends again what receivers have refused',
  );
  const url = ['--url <url>', 'URL of the running Vigía (default: HOST and PORT)'] as const;
  command
    .command('receivers')
    .description('lists the receivers, and how many alert changes wait for each')
    .option(...JSON_OPTION)
    .option(...url)
    .action(async (options: Options) => {
      const receivers = (await askServer(server(options), 'GET', '/api/alert-receivers')) as Receiver[];
      printList(receivers, RECEIVER_COLUMNS, { json: options.json, none: 'no receivers' });
    });
  command
    .command('test <receiver>')
    .description('sends a test message to a receiver, and says how the receiver answers')
    .option(...url)
    .action(async (name: string, options: Options) => {
      const { result, reason } = (await askServer(server(options), 'POST', `${pathOf(name)}/test`)) as {
        result: string;
        reason: string | null;
      };
      console.log(reason === null ? result : `${result}: ${reason}`);
      if (result !== 'delivered') process.exitCode = 1;
    });
  command
    .command('close <id>')
    .description(
      'closes an open alert, for example of a sensor that is gone for good; receivers are told of its end',
    )
    .option(...url)
    .action(async (id: string, options: Options) => {
      await askServer(server(options), 'POST', `/api/alerts/${encodeURIComponent(id)}/close`);
      console.log(`${id}  closed`);
    });
  command
    .command('kept <receiver>')
    .description('lists the alert changes that a receiver has refused or that were too old to be told')
    .option(...JSON_OPTION)
    .option(...url)
    .action(async (name: string, options: Options) => {
      const kept = (await askServer(server(options), 'GET', `${pathOf(name)}/kept`)) as Kept[];
      printList(kept, KEPT_COLUMNS, { json: options.json, none: 'nothing is kept' });
    });
  for (const [verb, path, what] of [
    ['resend', 'send-again', 'sends kept alert changes to the receiver again'],
    ['drop', 'drop-kept', 'deletes kept alert changes without sending them'],
  ] as const) {
    command
      .command(`${verb} <receiver> [keys...]`)
      .description(what)
      .option('--all', 'every kept alert change')
      .option(...url)
      .action(async (name: string, keys: string[], options: Options) => {
        if (keys.length > 0 === (options.all === true)) throw new InvalidInput('keys', 'give keys, or --all');
        const body = JSON.stringify(options.all ? {} : { keys });
        const answer = await askServer(server(options), 'POST', `${pathOf(name)}/${path}`, body);
        console.log(`${(answer as { changes: number }).changes} alert changes`);
      });
  }
  return command;
}

function server({ url }: Options): RunningServer {
  return runningServer(readConfig(), url);
}

function pathOf(receiver: string): string {
  return `/api/alert-receivers/${encodeURIComponent(receiver)}`;
}
