/** `vigia model`: shows and changes which model scores which series of a running Vigía, without a restart. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { artifactBytes, loadArtifact, MODEL_FILE } from '../../models/artifact.ts';
import { costNote } from '../../models/cost.ts';
import { globMatches } from '../domain/glob.ts';
import { DEFAULT_SCOPE, type ModelScope, type ModelTable, scopeText } from '../domain/model-table.ts';
import type { SeriesId } from '../domain/series.ts';
import { InvalidInput } from '../errors.ts';
import { readConfig } from '../settings/config.ts';
import type { Overview, Report, Stored } from './model-text.ts';
import { modelLine, reportLines, tableLines } from './model-text.ts';
import { askServer, type RunningServer, runningServer } from './running-server.ts';

const PATH = '/api/models';

interface Options {
  readonly url?: string;
  readonly sensor: string;
  readonly metric: string;
  readonly end?: boolean;
  readonly json?: boolean;
}

const url = ['--url <url>', 'URL of the running Vigía (default: HOST and PORT)'] as const;
const sensor = [
  '--sensor <pattern>',
  'only these sensors: * stands for any characters, ? for one character',
  '*',
] as const;
const metric = ['--metric <pattern>', 'only these metrics', '*'] as const;

export function modelCommand(): Command {
  const command = new Command('model').description(
    'shows, compares, promotes and rolls back the models of a running Vigía',
  );
  command
    .command('list')
    .description('lists which model scores which series, and every model in the store')
    .option('--json', 'print JSON')
    .option(...url)
    .action(async (options: Options) => list(server(options), options.json === true));
  command
    .command('show <model>')
    .description('shows one model, and its comparison with the active model while it is a shadow')
    .option(...url)
    .action(async (id: string, options: Options) => {
      for (const line of reportLines(await report(server(options), id))) console.log(line);
    });
  command
    .command('shadow [model]')
    .description(
      'lets a model (an id, or a folder with model.json) score beside the active model; alerts of the shadow are counted but not sent',
    )
    .option('--end', 'end the shadow')
    .option(...sensor)
    .option(...metric)
    .option(...url)
    .action(async (model: string | undefined, options: Options) => {
      if ((model === undefined) !== (options.end === true))
        throw new InvalidInput('model', 'give a model, or --end');
      const at = server(options);
      if (model === undefined) {
        await post(at, `${PATH}/end-shadow`, options);
        console.log(`no shadow for ${scopeText(options)}`);
        return;
      }
      const id = await stored(at, model);
      await post(at, `${PATH}/${encodeURIComponent(id)}/shadow`, options);
      await sayIfNothingFits(at, options);
      console.log(
        `${id} scores beside the active model, ${scopeText(options)}; compare: vigia model show ${id}`,
      );
    });
  command
    .command('promote <model>')
    .description(
      'makes a model (an id, or a folder with model.json) the active model, for each series from its next reading on',
    )
    .option(...sensor)
    .option(...metric)
    .option(...url)
    .action(async (model: string, options: Options) => {
      const at = server(options);
      const id = await stored(at, model);
      await post(at, `${PATH}/${encodeURIComponent(id)}/promote`, options);
      await sayIfNothingFits(at, options);
      console.log(`${id} is in force for ${scopeText(options)}, for each series from its next reading on`);
    });
  command
    .command('delete <model>')
    .description('takes a model out of the store that no series uses or has used')
    .option(...url)
    .action(async (id: string, options: Options) => {
      await askServer(server(options), 'DELETE', `${PATH}/${encodeURIComponent(id)}`);
      console.log(`${id} deleted`);
    });
  command
    .command('rollback')
    .description('undoes the last promotion')
    .option(...sensor)
    .option(...metric)
    .option(...url)
    .action(async (options: Options) => {
      const table = (await post(server(options), `${PATH}/rollback`, options)) as ModelTable;
      const rule = table.rules.find(
        ({ sensor, metric }) => sensor === options.sensor && metric === options.metric,
      );
      const now = rule?.model ?? (isDefault(options) ? table.start : 'what holds without it');
      console.log(`rolled back for ${scopeText(options)}: ${now}`);
    });
  return command;
}

function server({ url }: { url?: string }): RunningServer {
  return runningServer(readConfig(), url);
}

function isDefault({ sensor, metric }: ModelScope): boolean {
  return sensor === DEFAULT_SCOPE.sensor && metric === DEFAULT_SCOPE.metric;
}

function post(at: RunningServer, path: string, { sensor, metric }: ModelScope): Promise<unknown> {
  return askServer(at, 'POST', `${path}?${new URLSearchParams({ sensor, metric })}`);
}

/** A scope may be named before its first reading comes, so this is no error. */
async function sayIfNothingFits(at: RunningServer, { sensor, metric }: ModelScope): Promise<void> {
  const series = (await askServer(at, 'GET', '/api/series')) as SeriesId[];
  const fits = (each: SeriesId) => globMatches(sensor, each.sensor) && globMatches(metric, each.metric);
  if (series.some(fits)) return;
  console.error(`no series fits yet: ${scopeText({ sensor, metric })} (see vigia series list)`);
}

/** The id of a stored model. A model in a folder is stored first. @throws InvalidModel that names the file */
async function stored(at: RunningServer, model: string): Promise<string> {
  if (!existsSync(join(model, MODEL_FILE)) && !/[/\\]/.test(model)) return model;
  const artifact = await loadArtifact(model);
  const note = costNote(artifact);
  if (note) console.error(note);
  const { id } = (await askServer(at, 'POST', PATH, new Uint8Array(artifactBytes(artifact)))) as Stored;
  return id;
}

async function report(at: RunningServer, id: string): Promise<Report> {
  return (await askServer(at, 'GET', `${PATH}/${encodeURIComponent(id)}`)) as Report;
}

async function list(at: RunningServer, json: boolean): Promise<void> {
  const overview = (await askServer(at, 'GET', PATH)) as Overview;
  if (json) {
    console.log(JSON.stringify(overview));
    return;
  }
  const shadows = new Set(overview.rules.flatMap(({ shadow }) => (shadow === null ? [] : [shadow])));
  const comparisons = new Map<string, Report>();
  for (const id of shadows) comparisons.set(id, await report(at, id));
  for (const line of tableLines(overview, comparisons)) console.log(line);
  for (const model of overview.models) console.log(modelLine(model));
}
