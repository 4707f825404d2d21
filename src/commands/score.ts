/** `vigia score`: verdicts of a CSV file, as the stream would give them. */
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
    .description('scores a timestamp,value CSV exactly as the stream would')
    .requiredOption('--input <csv>', 'file to score')
    .requiredOption('--output <csv>', 'where the verdicts go')
    .option('--model <dir>', 'model artifact (default: the shipped model)')
    .addOption(
      new Option('--train <what>', 'train a model on the first min(15 %, 750) rows first')
        .choices(['probation'])
        .conflicts('model'),
    )
    .option('--seed <n>', 'seed of the training', wholeNumber, 1)
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
