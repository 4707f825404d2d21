/** The thread of `train`: one training per worker, progress and result as messages (train.ts has their types). */
import { parentPort, workerData } from 'node:worker_threads';
import type { Message } from './train.ts';
import { type TrainingOptions, trainHere } from './training.ts';

const post = (message: Message) => parentPort?.postMessage(message);

const result = await trainHere(workerData as TrainingOptions, (progress) => post({ progress }));
post({ result });
