import { type TrainOptions, train } from '../../models/training/train.ts';
import type { TrainingResult } from '../../models/training/training.ts';
import { progressBar } from './terminal.ts';

/** Trains in a worker; the bar counts epochs and may end early. */
export async function trainWithProgress(options: TrainOptions): Promise<TrainingResult> {
  const bar = progressBar('training');
  bar.start(options.epochs ?? 0, 0);
  try {
    return await train({
      ...options,
      onProgress: ({ epoch, epochs }) => bar.update(epoch, { total: epochs }),
    });
  } finally {
    bar.stop();
  }
}
