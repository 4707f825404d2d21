/** `vigia train`: a model artifact from a CSV file or from stored readings. */
import { Command, Option } from 'commander';
import { modelId, writeArtifact } from '../../models/artifact.ts';
import { readConfig } from '../config.ts';
import { InvalidInput } from '../errors.ts';
import { durationOption, unitList, wholeNumber } from './option-values.ts';
import { runningServer } from './running-server.ts';
import { trainWithProgress } from './training-progress.ts';
import { seriesFromCsv, seriesFromServer, trainingReport } from './training-series.ts';

export function trainCommand(): Command {
  return new Command('train')
    .description('trains a model on a CSV file or on what a running Vigía has stored')
    .option('--input <csv>', 'timestamp,value file')
    .option('--sensor <id>', 'sensor whose stored readings to train on')
    .option('--metric <name>', 'its metric', 'temperature')
    .option('--since <duration>', 'how far back, e.g. 30d', durationOption, 30 * 86_400_000)
    .option('--url <url>', 'the running Vigía to ask (default: HOST and PORT)')
    .requiredOption('--out <dir>', 'where the artifact goes')
    .option('--name <name>', 'name of the model', 'trained')
    .option('--window <n>', 'values that a forecast sees', wholeNumber, 10)
    .option('--units <list>', 'LSTM units per layer, bottom up, e.g. 50,50', unitList, [32])
    .addOption(
      new Option('--scaling <kind>', 'how values are scaled')
        .choices(['standard', 'min-max', 'window'])
        .default('standard'),
    )
    .option('--epochs <n>', 'at most', wholeNumber, 50)
    .option('--seed <n>', 'equal seeds give equal weights', wholeNumber, 1)
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
  window: number;
  units: number[];
  scaling: 'standard' | 'min-max' | 'window';
  epochs: number;
  seed: number;
}

async function run(options: TrainCommandOptions): Promise<void> {
  const { input, sensor, metric, since, out, scaling } = options;
  if ((input === undefined) === (sensor === undefined)) {
    throw new InvalidInput('input', 'give either --input CSV or --sensor ID');
  }
  const at = runningServer(readConfig(), options.url);
  const series =
    input !== undefined
      ? await seriesFromCsv(input)
      : await seriesFromServer({
          ...at,
          sensor: sensor!,
          metric,
          from: Date.now() - since,
        });
  const result = await trainWithProgress({ ...options, series: [series] });
  await writeArtifact(out, result.artifact);
  for (const line of trainingReport(
    result,
    scaling === 'window' ? 'units of the window’s scale' : 'units of the series',
  )) {
    console.log(line);
  }
  console.log(`${modelId(result.artifact)} written to ${out}; use it with MODEL_DIR=${out}`);
}
