/**
 * An artifact at work: scales windows, runs the kernel, scales back. `forecast` and `threshold` allocate nothing.
 *
 * Cost (test/bench/lstm.bench.ts): about 6 µs per window for LSTM-50, 3 µs for the shipped model, on the calling thread, and
 * `forecast` computes what it is given in one go. A caller that must not hold the event loop divides its batches by `cost`
 * (src/detect/forecast-batch.ts); nothing is gained above 16 windows.
 */
import { type Artifact, modelId } from './artifact.ts';
import { createKernel, type Simd } from './kernel/kernel.ts';
import type { Model } from './model.ts';
import { multiplications } from './network.ts';
import { type Frame, frameWindow, fromScaled, inputLimit, toScaled } from './scaling.ts';

/** A window around 0 has no level; any positive boundary will do for it. */
const LEAST_THRESHOLD = 1e-9;
/**
 * The level says what is much for a series only as long as its values do not: where they vary, the share of the level counts as
 * at most this many of the window's scales. So a pressure around 1013 that moves by 1 is not allowed jumps of 40.
 */
const LEVEL_LIMIT = 20;
/** A window that varies by less than this share of its level is as good as constant. */
const CONSTANT = 1e-7;

/** @throws {ConfigurationError} where the machine lacks this kind of SIMD; see `Simd` before choosing `relaxed` */
export function createModel(artifact: Artifact, simd: Simd = 'simd128'): Model {
  const { network, window, weights, scaling, threshold } = artifact;
  const kernel = createKernel(network, window, weights, simd);
  const frames: Frame[] = Array.from({ length: kernel.block }, () => ({ centre: 0, scale: 1 }));
  const limit = inputLimit(scaling);
  const spare: Frame = { centre: 0, scale: 1 };

  return {
    id: modelId(artifact),
    window,
    backend: kernel.backend,
    cost: multiplications(network, window),

    forecast(windows, n, out) {
      for (let from = 0; from < n; from += kernel.block) {
        const count = Math.min(kernel.block, n - from);
        for (let row = 0; row < count; row++) {
          const frame = frames[row]!;
          const at = (from + row) * window;
          frameWindow(scaling, windows, at, window, frame);
          for (let i = 0; i < window; i++)
            kernel.inputs[row * window + i] = toScaled(windows[at + i]!, frame, limit);
        }
        kernel.run(count);
        for (let row = 0; row < count; row++) {
          const scaled = kernel.outputs[row]!;
          // An imported network (relu cells, wild inputs) may overflow; persistence is then the sane answer.
          out[from + row] = Number.isFinite(scaled)
            ? fromScaled(scaled, frames[row]!)
            : windows[(from + row + 1) * window - 1]!;
        }
      }
    },

    threshold(windows, row) {
      frameWindow(scaling, windows, row * window, window, spare);
      const unit = scaling.kind === 'window' ? spare.scale : 1;
      const level = Math.abs(spare.centre);
      const limit = spare.scale > CONSTANT * level ? LEVEL_LIMIT * spare.scale : Number.POSITIVE_INFINITY;
      const floor = Math.min(threshold.levelShare * level, limit);
      return Math.min(Math.max(threshold.value * unit, floor, LEAST_THRESHOLD), Number.MAX_VALUE);
    },
  };
}
