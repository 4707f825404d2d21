/**
 * `vigia discover`: listens at a broker for a while, and says which presets and sources would read what is published there. It
 * takes nothing from anybody: an own session that ends with the command, no shared subscription, QoS 0.
 */
import { writeFileSync } from 'node:fs';
import { Command } from 'commander';
import { listen } from '../app/listen.ts';
import { parseDuration } from '../domain/duration.ts';
import { redact } from '../domain/url.ts';
import { InvalidInput } from '../errors.ts';
import { readConfig } from '../settings/config.ts';
import { discoveredFile } from '../sources/discovered-file.ts';
import type { Discoveries } from '../sources/discovery.ts';
import { discoveryTable } from './discovery-table.ts';

interface Options {
  readonly url?: string;
  readonly for: string;
  readonly filter: readonly string[];
  readonly write?: string;
  readonly force?: boolean;
  readonly config?: string;
  readonly json?: boolean;
}

export function discoverCommand(): Command {
  return new Command('discover')
    .description('listens at a broker, recognises what is published there, and proposes presets and sources')
    .option('--url <url>', 'broker to listen at (default: MQTT_URL)')
    .option('--for <time>', 'how long to listen', '30s')
    .option('--filter <filter...>', 'topics to listen to', ['#'])
    .option('--write <file>', 'write a configuration file whose sources read what was heard')
    .option('--force', 'write the file even if it exists')
    .option('--config <file>', 'configuration file (VIGIA_CONFIG)')
    .option('--json', 'print what was found as JSON')
    .action(async (options: Options) => {
      const config = readConfig(
        options.url === undefined ? {} : { MQTT_URL: options.url },
        undefined,
        options.config,
      );
      const patience = parseDuration(options.for);
      if (!(patience > 0)) throw new InvalidInput('for', '--for: must be a duration such as 30s');
      const url = redact(config.mqtt.url ?? '');
      const found = await listen(config, options.filter, patience, {
        shownUrl: url,
        listening: () => {
          if (options.json !== true) console.error(`listening at ${url} for ${patience / 1000} s`);
        },
      });
      if (options.json) console.log(JSON.stringify(asJson(found), null, 2));
      else for (const line of discoveryTable(found)) console.log(line);
      if (options.write !== undefined) write(options.write, found, options.force === true);
    });
}

function asJson({ lines, presets, entities, left }: Discoveries): object {
  return {
    presets,
    sources: lines.flatMap(({ source }) => source ?? []),
    found: lines.map(({ pattern, topics, messages, example, becomes, preset }) => ({
      pattern,
      topics,
      messages,
      preset,
      example: example.topic,
      format: becomes.format,
      time: becomes.timeField,
      readings: becomes.decoded.flatMap((each) =>
        'reading' in each ? { ...each.reading, unit: each.unit } : [],
      ),
      problems: becomes.decoded.flatMap((each) => ('problem' in each ? each.problem : [])),
      ignored: becomes.ignored,
    })),
    entities,
    ...(left > 0 && { topicsLeftOut: left }),
  };
}

function write(file: string, found: Discoveries, force: boolean): void {
  try {
    writeFileSync(file, discoveredFile(found), { flag: force ? 'w' : 'wx' });
  } catch (error) {
    const exists = (error as NodeJS.ErrnoException).code === 'EEXIST';
    throw new InvalidInput(
      'write',
      `--write: ${exists ? `'${file}' exists already (--force writes it again)` : (error as Error).message}`,
    );
  }
  console.error(`${file} written: vigia bridge --config ${file}`);
}
