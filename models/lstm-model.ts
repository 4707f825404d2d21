/**
 * An artifact at work: scales windows, runs the kernel, scales back. `forecast` and `threshold` allocate nothing.
 *
 * Cost (test/bench/lstm.ts): about 6 µs per window for LSTM-50, 3 µs for the shipped model, on the calling thread, and
 * `forecast` computes what it is given in one go. A caller that must not hold the event loop over 2 ms submits at most
 * 256 windows of LSTM-50 at a time, fewer of larger networks (in proportion to units squared); nothing is gained above 16.
 */
import { type Artifact, modelId } from './artifact.ts';
import { createKernel, type Simd } from './kernel/kernel.ts';
import type { Model } from './model.ts';
import { type Frame, frameWindow, fromScaled, toScaled } from './scaling.ts';

/** A window around 0 has no level; any positive boundary will do for it. */
const LEAST_THRESHOLD = 1e-9;

/** @throws {ConfigurationError} where the machine lacks this kind of SIMD; see `Simd` before choosing `relaxed` */
export function createModel(artifact: Artifact, simd: Simd = 'simd128'): Model {
  const { network, window, weights, scaling, threshold } = artifact;
  const kernel = createKernel(network, window, weights, simd);
  const frames: Frame[] = Array.from({ length: kernel.block }, () => ({ centre: 0, scale: 1 }));
  const spare: Frame = { centre: 0, scale: 1 };

  return {
    id: modelId(artifact),
    window,
    backend: kernel.backend,

    forecast(windows, n, out) {
      for (let from = 0; from < n; from += kernel.block) {
        const count = Math.min(kernel.block, n - from);
        for (let row = 0; row < count; row++) {
          const frame = frames[row]!;
          const at = (from + row) * window;
          frameWindow(scaling, windows, at, window, frame);
          for (let i = 0; i < window; i++)
            kernel.inputs[row * window + i] = toScaled(windows[at + i]!, frame);
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
      const boundary = Math.max(
        threshold.value * unit,
        threshold.levelShare * Math.abs(spare.centre),
        LEAST_THRESHOLD,
      );
      return Math.min(boundary, Number.MAX_VALUE);
    },
  };
}
