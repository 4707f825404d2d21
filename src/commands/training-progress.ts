import type { TrainOptions } from '../../models/training/train.ts';
import type { TrainingResult } from '../../models/training/training.ts';
import { progressBar } from './terminal.ts';

/** Trains in a worker; the bar counts epochs and may end early. */
export async function trainWithProgress(options: TrainOptions): Promise<TrainingResult> {
  // TensorFlow.js is large: the commands that do not train start without it.
  const { train } = await import('../../models/training/train.ts');
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
