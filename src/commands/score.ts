/** `vigia score`: gives the rows of a CSV file the verdicts that the stream would give them. */
import { Command, Option } from 'commander';
import { loadArtifact } from '../../models/artifact.ts';
import { defaultModelDirectory } from '../../models/default-model.ts';
import { createModel } from '../../models/lstm-model.ts';
import { wholeNumber } from './option-values.ts';
import { checkFile } from './output-path.ts';
import { readRows } from './rows.ts';
import { lineWriter, probationRows, probationTraining, scoreRows } from './score-rows.ts';
import { progressBar } from './terminal.ts';
import { trainWithProgress } from './training-progress.ts';

export function scoreCommand(): Command {
  return new Command('score')
    .description('scores a CSV file with the columns timestamp and value exactly as the stream would')
    .requiredOption('--input <csv>', 'CSV file that is scored')
    .requiredOption('--output <csv>', 'CSV file that the verdicts are written to')
    .option('--model <dir>', 'directory of the model artifact (default: the model that comes with Vigía)')
    .addOption(
      new Option(
        '--train <what>',
        'train a model on the first 15 % of the rows, at most 750, and score with this model',
      )
        .choices(['probation'])
        .conflicts('model'),
    )
    .option(
      '--seed <n>',
      'start of the random numbers of the training: equal seeds give equal weights',
      wholeNumber,
      1,
    )
    .action(run);
}

interface ScoreCommandOptions {
  input: string;
  output: string;
  model?: string;
  train?: string;
  seed: number;
}

async function run(options: ScoreCommandOptions): Promise<void> {
  await checkFile('output', options.output);
  const rows = await readRows(options.input);
  const probation = options.train ? probationRows(rows.length) : 0;
  const artifact = options.train
    ? (await trainWithProgress(probationTraining(rows.slice(0, probation), options.seed))).artifact
    : await loadArtifact(options.model ?? defaultModelDirectory());
  const model = createModel(artifact);
  const output = await lineWriter(options.output);
  const bar = progressBar('scoring');
  bar.start(rows.length, 0);
  const summary = await scoreRows({
    rows,
    model,
    probation,
    write: output.write,
    onProgress: (n) => bar.update(n),
  });
  bar.stop();
  await output.end();
  console.log(
    `${summary.rows} rows scored with ${model.id}, ${summary.anomalies} anomalies: ${options.output}`,
  );
}
