/** `vigia decode`: what one message would become, by the code that runs in the bridge. */
import { Command } from 'commander';
import { InvalidInput } from '../errors.ts';
import { readConfig } from '../settings/config.ts';
import { readTime } from '../sources/time.ts';
import {
  type ExplainedMessage,
  explainMessage,
  type GivenBytes,
  givenBytes,
  readingText,
} from './explained-message.ts';

interface Options extends GivenBytes {
  readonly topic: string;
  readonly config?: string;
  readonly json?: boolean;
  readonly client?: string;
  readonly user?: string;
  readonly at?: string;
}

/** Who has published is not known here; a source that asks for it shows where the name would stand. */
const CLIENT = '<client id>';
const USER = '<user>';

export function decodeCommand(): Command {
  return new Command('decode')
    .description('shows what a message becomes: its readings, what is ignored, and what is wrong')
    .requiredOption('--topic <topic>', 'topic of the message')
    .option('--payload <text>', 'payload as text')
    .option('--file <file>', 'file that holds the payload (-: standard input)')
    .option('--hex <digits>', 'payload in hexadecimal digits')
    .option('--config <file>', 'configuration file (default: VIGIA_CONFIG)')
    .option('--client <id>', 'client id of the publisher, which only the built-in broker knows')
    .option('--user <name>', 'user name of the publisher, which only the built-in broker knows')
    .option('--at <time>', 'when the message arrives, as ISO 8601 or in ms (default: now)')
    .option('--json', 'the answer as JSON')
    .action((options: Options) => {
      const now = clock(options.at);
      const config = readConfig({}, undefined, options.config);
      const publisher = { clientId: options.client ?? CLIENT, username: options.user ?? USER };
      const explained = explainMessage(config, options.topic, givenBytes(options), now, publisher);
      if (options.json) console.log(JSON.stringify(asJson(explained), null, 2));
      else for (const line of inWords(explained)) console.log(line);
      if (explained.readings.length === 0) process.exitCode = 1;
    });
}

function clock(at: string | undefined): number {
  if (at === undefined) return Date.now();
  const time = readTime(at, { unit: 'auto', zone: null });
  if (typeof time !== 'number') throw new InvalidInput('at', `--at: '${at}' is no time`);
  return time;
}

function asJson({ timeField, presets, ...shown }: ExplainedMessage): object {
  return {
    ...shown,
    ...(timeField !== null && { time: timeField }),
    ...(presets.length > 0 && { presets }),
  };
}

function inWords({
  source,
  format,
  readings,
  ignored,
  problems,
  timeField,
  presets,
}: ExplainedMessage): string[] {
  const line = (name: string, text: string) => `${name.padEnd(9)}${text}`;
  return [
    line('source', source ?? 'none takes this topic'),
    ...(format === null ? [] : [line('format', format)]),
    ...(timeField === null ? [] : [line('time', `from ${timeField}`)]),
    ...readings.map((reading) => line('reading', readingText(reading, ''))),
    ...ignored.map(({ path, reason }) => line('ignored', `${path} (${reason})`)),
    ...problems.map(({ field, reason, detail }) => line('problem', `${field} (${reason}): ${detail}`)),
    ...(readings.length === 0 && problems.length === 0
      ? [line('result', 'the message says nothing: no reading, no dead letter')]
      : []),
    ...(presets.length === 0
      ? []
      : [line('preset', `${presets.join(', ')} would read it: MQTT_PRESETS=${presets[0]}`)]),
  ];
}
