/**
 * Training for programs: in a worker thread, so that scoring, HTTP and the broker go on meanwhile. TensorFlow.js is loaded
 * there and only there.
 */
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { InvalidInput, InvalidModel } from '../../src/errors.ts';
import { packageRoot } from '../package-root.ts';
import type { EpochProgress } from './fit.ts';
import type { TrainingOptions, TrainingResult } from './training.ts';

export type Message =
  | { readonly progress: EpochProgress }
  | { readonly result: TrainingResult }
  | {
      readonly refused: {
        readonly code: string;
        readonly field: string | undefined;
        readonly message: string;
      };
    };

export interface TrainOptions extends TrainingOptions {
  onProgress?(progress: EpochProgress): void;
  /** Ends the worker at once; the promise is rejected with the signal's reason. */
  readonly signal?: AbortSignal;
}

/**
 * @throws {InvalidInput} naming the option or series at fault
 * @throws {InvalidModel} where what came out is no model
 */
export async function train({ onProgress, signal, ...options }: TrainOptions): Promise<TrainingResult> {
  signal?.throwIfAborted();
  const worker = new Worker(workerFile(), { workerData: options });
  const abort = () => void worker.terminate();
  signal?.addEventListener('abort', abort, { once: true });
  try {
    return await new Promise<TrainingResult>((resolve, reject) => {
      worker.on('message', (message: Message) => {
        if ('progress' in message) onProgress?.(message.progress);
        else if ('result' in message) resolve(message.result);
        else reject(refusal(message.refused));
      });
      worker.once('error', reject);
      worker.once('exit', (code) =>
        reject(signal?.aborted ? signal.reason : new Error(`the training thread ended with code ${code}`)),
      );
    });
  } finally {
    signal?.removeEventListener('abort', abort);
    await worker.terminate();
  }
}

function refusal({
  code,
  field = 'model',
  message,
}: Extract<Message, { refused: unknown }>['refused']): Error {
  return code === 'invalid_input' ? new InvalidInput(field, message) : new InvalidModel(message, { field });
}

/** A worker runs compiled code: from sources (a test runner) it is the one of the last build. */
function workerFile(): string {
  const here = fileURLToPath(import.meta.url);
  if (here.endsWith('.js')) return join(dirname(here), 'worker.js');
  return join(packageRoot(dirname(here)), 'dist', 'models', 'training', 'worker.js');
}
