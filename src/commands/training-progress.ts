import type { TrainOptions } from '../../models/training/train.ts';
import type { TrainingResult } from '../../models/training/training.ts';
import { progressBar } from './terminal.ts';

/** Trains in a worker thread. On a terminal a bar counts the epochs; elsewhere each epoch prints a line. The training may stop early. */
export async function trainWithProgress(options: TrainOptions): Promise<TrainingResult> {
  // Loaded here, because TensorFlow.js is large and only this command needs it.
  const { train } = await import('../../models/training/train.ts');
  const bar = progressBar('training');
  const watched = process.stderr.isTTY;
  bar.start(options.epochs ?? 0, 0);
  try {
    return await train({
      ...options,
      onProgress: ({ epoch, epochs, loss, validationLoss }) => {
        bar.update(epoch, { total: epochs });
        const validation = validationLoss === null ? '' : `, validation ${validationLoss.toPrecision(4)}`;
        if (!watched) console.error(`epoch ${epoch}/${epochs}: loss ${loss.toPrecision(4)}${validation}`);
      },
    });
  } finally {
    bar.stop();
  }
}
