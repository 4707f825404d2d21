/**
 * TensorFlow.js for training: the slim packages with the WebAssembly backend, or the native `@tensorflow/tfjs-node` where
 * the user has installed it (it is no dependency: its install script downloads a large library). Scoring never comes here.
 */
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import util from 'node:util';
import * as wasm from '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';
import * as layers from '@tensorflow/tfjs-layers';

export { layers, tf };

export type BackendChoice = 'auto' | 'wasm';

/**
 * Makes TensorFlow.js ready.
 * @param choice `auto` prefers tfjs-node; `wasm` gives the same numbers with and without it
 * @returns what computes, for the log: `tfjs-node` or `tfjs-wasm`
 */
export async function startTensorflow(choice: BackendChoice): Promise<string> {
  if (choice === 'auto' && (await nativeBackend())) return 'tfjs-node';
  const require = createRequire(import.meta.url);
  wasm.setWasmPaths(join(dirname(require.resolve('@tensorflow/tfjs-backend-wasm/package.json')), 'dist/'));
  await tf.setBackend('wasm');
  await tf.ready();
  return 'tfjs-wasm';
}

async function nativeBackend(): Promise<boolean> {
  // tfjs-node 4.22 calls this function, which Node 23 removed.
  const legacy = util as { isNullOrUndefined?: (value: unknown) => boolean };
  legacy.isNullOrUndefined ??= (value) => value === null || value === undefined;
  // In a variable, because the compiler must not look for the package.
  const optional = '@tensorflow/tfjs-node';
  try {
    await import(optional);
  } catch {
    return false;
  }
  return tf.setBackend('tensorflow');
}
