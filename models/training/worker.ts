/** The thread of `train`: one training per worker, progress and result as messages (train.ts has their types). */
import { parentPort, workerData } from 'node:worker_threads';
import { VigiaError } from '../../src/errors.ts';
import type { Message } from './train.ts';
import { type TrainingOptions, trainHere } from './training.ts';

const post = (message: Message) => parentPort?.postMessage(message);

try {
  const result = await trainHere(workerData as TrainingOptions, (progress) => post({ progress }));
  post({ result });
} catch (error) {
  // An error's class does not survive the way to the other thread.
  if (!(error instanceof VigiaError)) throw error;
  const { code, field, message } = error;
  post({ refused: { code, field, message } });
}
