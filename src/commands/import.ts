/** `vigia import`: makes a model artifact of a Keras model file. */
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { Command, Option } from 'commander';
import { trialRun } from '../../models/trial.ts';
import { InvalidInput } from '../errors.ts';
import { factor } from './option-values.ts';
import { keepModel } from './output-path.ts';

interface ImportOptions {
  readonly config?: string;
  readonly threshold?: number;
  readonly thresholdUnits: 'series' | 'scaled';
  readonly scale?: string;
  readonly standardScale?: string;
  readonly name: string;
  readonly out: string;
}

export function importCommand(): Command {
  return new Command('import')
    .description(
      'makes a model artifact of a Keras model (.keras or .h5) with LSTM, Dense and Dropout layers',
    )
    .argument('<file>', 'the model file')
    .option(
      '--config <json>',
      'config-lstm-model.json of the replaced system, with the threshold and the window',
    )
    .option(
      '--threshold <n>',
      'error above which a reading is an anomaly (default: the threshold in the file of --config)',
      factor,
    )
    .addOption(
      new Option(
        '--threshold-units <units>',
        'units of the threshold: those of the series, or scaled like the input of the model',
      )
        .choices(['series', 'scaled'])
        .default('series'),
    )
    .option('--scale <min:max>', 'range of the training series, which was scaled to 0..1')
    .addOption(
      new Option(
        '--standard-scale <mean:deviation>',
        'mean and standard deviation by which the training series was scaled',
      ).conflicts('scale'),
    )
    .option('--name <name>', 'name of the model', 'imported')
    .requiredOption('--out <dir>', 'directory that the artifact is written to')
    .action(run);
}

async function run(file: string, options: ImportOptions): Promise<void> {
  // Loaded here, because a WebAssembly module reads HDF5 and no other command needs the module.
  const { importKeras, parseMinMax, parseStandard } = await import('../../models/keras/import.ts');
  const artifact = await importKeras(await read('file', file), {
    name: options.name,
    source: basename(file),
    thresholdUnits: options.thresholdUnits,
    ...(options.config !== undefined && { config: (await read('config', options.config)).toString('utf8') }),
    ...(options.threshold !== undefined && { threshold: options.threshold }),
    ...(options.scale !== undefined && { scale: parseMinMax(options.scale) }),
    ...(options.standardScale !== undefined && { scale: parseStandard(options.standardScale) }),
  });
  await trialRun(artifact, file);
  console.log(
    `window ${artifact.window}, LSTM ${artifact.network.lstm.map(({ units }) => units).join(', ')}`,
  );
  await keepModel(options.out, artifact);
}

async function read(field: string, file: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (error) {
    throw new InvalidInput(field, `${file} cannot be read: ${(error as Error).message}`, { cause: error });
  }
}
