/**
 * A trial run of a model that somebody brings along, before it is stored or put to work: bytes that are well-formed may still
 * be weights that forecast nothing.
 */
import { setImmediate as turn } from 'node:timers/promises';
import { InvalidModel } from '../src/errors.ts';
import type { Artifact } from './artifact.ts';
import type { Simd } from './kernel/kernel.ts';
import { createModel } from './lstm-model.ts';
import type { Model } from './model.ts';

const WINDOWS = 4;

/**
 * Runs `artifact` on ordinary windows of its scale, a window at a time with turns of the event loop between.
 * @param source how messages call the model
 * @returns the model, ready for use
 * @throws {InvalidModel} when it has no finite forecast for any of them, or a threshold that is no number
 */
export async function trialRun(artifact: Artifact, source: string, simd?: Simd): Promise<Model> {
  const { scaling, window } = artifact;
  const model = createModel(artifact, simd);
  const { centre, scale } = scaling.kind === 'affine' ? scaling : { centre: 20, scale: 1 };
  const values = new Float64Array(window * WINDOWS);
  for (let i = 0; i < values.length; i++) values[i] = centre + scale * (0.5 + Math.sin(i * 1.7));
  let overflows = 0;
  const out = new Float64Array(1);
  for (let row = 0; row < WINDOWS; row++) {
    const own = values.subarray(row * window, (row + 1) * window);
    model.forecast(own, 1, out);
    // Where the network overflows, a model answers with the last value (lstm-model.ts).
    if (out[0] === own[window - 1]) overflows++;
    const threshold = model.threshold(own, 0);
    if (!(threshold > 0)) throw invalid(source, 'threshold', `is ${threshold} for an ordinary window`);
    await turn();
  }
  if (overflows === WINDOWS)
    throw invalid(source, 'weights', 'give no finite forecast of any ordinary window');
  return model;
}

function invalid(source: string, field: string, problem: string): InvalidModel {
  return new InvalidModel(`${source}: ${field}: ${problem}`, { field });
}
