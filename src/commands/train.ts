/** `vigia train`: trains a model on a CSV file or on stored readings, and writes the artifact, a report and a plot. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Command, Option } from 'commander';
import { plotForecasts } from '../../models/training/plot.ts';
import { InvalidInput } from '../errors.ts';
import { readConfig } from '../settings/config.ts';
import { durationOption, unitList, wholeNumber } from './option-values.ts';
import { checkFile, checkFolder, keepModel, writing } from './output-path.ts';
import { trainWithProgress } from './training-progress.ts';
import { trainingReport } from './training-report.ts';
import { type Rows, rowsFromCsv, rowsFromStore } from './training-series.ts';

/** Name of the plot in the directory of the artifact. */
const PLOT_FILE = 'forecasts.svg';

export function trainCommand(): Command {
  return new Command('train')
    .description('trains a model on a CSV file or on the stored readings of a sensor')
    .option('--input <csv>', 'CSV file with the columns timestamp and value')
    .option('--sensor <id>', 'sensor whose stored readings the model is trained on')
    .option('--metric <name>', 'metric of the stored readings', 'temperature')
    .option(
      '--since <duration>',
      'age of the oldest stored reading that is used, for example 30d',
      durationOption,
      30 * 86_400_000,
    )
    .option(
      '--url <url>',
      'URL of a running Vigía that has the readings (default: the store of REDIS_URL, else the Vigía at HOST and PORT, else the store in DATA_DIR)',
    )
    .requiredOption('--out <dir>', 'directory that the artifact is written to')
    .option('--name <name>', 'name of the model', 'trained')
    .option('--model-version <text>', 'version of the model, as text for people', '1')
    .option('--window <n>', 'number of values that a forecast is made from', wholeNumber, 10)
    .option(
      '--units <list>',
      'LSTM units of each layer, beginning at the input, for example 50,50',
      unitList,
      [32],
    )
    .addOption(
      new Option('--scaling <kind>', 'how the values of the series are scaled for the model')
        .choices(['standard', 'min-max', 'window'])
        .default('standard'),
    )
    .option('--epochs <n>', 'largest number of epochs', wholeNumber, 50)
    .option('--seed <n>', 'start of the random numbers: equal seeds give equal weights', wholeNumber, 1)
    .option(
      '--plot <svg>',
      `SVG file for a plot of the last values and their forecasts (default: ${PLOT_FILE} in --out)`,
    )
    .option('--no-plot', 'draw no plot')
    .action(run);
}

interface TrainCommandOptions {
  input?: string;
  sensor?: string;
  metric: string;
  since: number;
  url?: string;
  out: string;
  name: string;
  modelVersion: string;
  window: number;
  units: number[];
  scaling: 'standard' | 'min-max' | 'window';
  epochs: number;
  seed: number;
  /** false: no plot. */
  plot?: string | false;
}

async function run(options: TrainCommandOptions): Promise<void> {
  const {
    out,
    plot = join(out, PLOT_FILE),
    name,
    modelVersion,
    window,
    units,
    scaling,
    epochs,
    seed,
  } = options;
  await checkFolder('out', out);
  if (options.plot) await checkFile('plot', options.plot);
  const { timestamps, values } = await readRows(options);
  const result = await trainWithProgress({
    series: [{ values, from: timestamps[0]!, to: timestamps.at(-1)! }],
    ...{ name, version: modelVersion, window, units, scaling, epochs, seed },
  });
  for (const line of trainingReport(result)) console.log(line);
  await keepModel(out, result.artifact);
  if (plot === false) return;
  await writing('plot', plot, () => writeFile(plot, plotForecasts(result.artifact, values, { timestamps })));
  console.log(`plot: ${plot}`);
}

function readRows({ input, sensor, metric, since, url }: TrainCommandOptions): Promise<Rows> {
  if (input !== undefined && sensor === undefined) return rowsFromCsv(input);
  if (sensor === undefined || input !== undefined)
    throw new InvalidInput('input', 'give either --input CSV or --sensor ID');
  const config = readConfig();
  const now = Date.now();
  const times = { from: Math.max(0, now - since), to: now + config.readings.maxClockSkew };
  return rowsFromStore({ sensor, metric, url, ...times }, config);
}
