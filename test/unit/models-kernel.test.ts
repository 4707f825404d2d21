import { readFile } from 'node:fs/promises';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { random } from '../../devices/random.ts';
import { binaryModule } from '../../models/kernel/compile.ts';
import { createKernel, usableSimd } from '../../models/kernel/kernel.ts';
import {
  cellActivations,
  denseActivations,
  type Network,
  recurrentActivations,
} from '../../models/network.ts';
import { ConfigurationError } from '../../src/errors.ts';
import { doubleForecast, randomWeights, tensorflowForecast } from './models-reference.ts';

const units = fc.oneof(
  { weight: 8, arbitrary: fc.integer({ min: 1, max: 70 }) },
  fc.integer({ min: 71, max: 256 }),
);

const networks = (recurrent: readonly (typeof recurrentActivations)[number][]) =>
  fc.record<Network>({
    lstm: fc.array(
      fc.record({
        units,
        activation: fc.constantFrom(...cellActivations),
        recurrentActivation: fc.constantFrom(...recurrent),
      }),
      { minLength: 1, maxLength: 3 },
    ),
    dense: fc
      .tuple(
        fc.array(
          fc.record({
            units: fc.integer({ min: 1, max: 40 }),
            activation: fc.constantFrom(...denseActivations),
          }),
          { maxLength: 2 },
        ),
        fc.constantFrom(...denseActivations),
      )
      .map(([hidden, activation]) => [...hidden, { units: 1, activation }]),
  });

function randomWindows(n: number, window: number, seed: number): Float32Array {
  const source = random(seed, 'windows');
  return Float32Array.from({ length: n * window }, () => source.between(-2, 2));
}

function forecast(
  network: Network,
  window: number,
  weights: Float32Array,
  scaled: Float32Array,
): Float64Array {
  const kernel = createKernel(network, window, weights);
  const n = scaled.length / window;
  const out = new Float64Array(n);
  for (let from = 0; from < n; from += kernel.block) {
    const count = Math.min(kernel.block, n - from);
    kernel.inputs.set(scaled.subarray(from * window, (from + count) * window));
    kernel.run(count);
    out.set(kernel.outputs.subarray(0, count), from);
  }
  return out;
}

/** Absolute up to 1, relative above. */
function difference(actual: ArrayLike<number>, wanted: ArrayLike<number>): number {
  let worst = 0;
  for (let i = 0; i < wanted.length; i++)
    worst = Math.max(worst, Math.abs(actual[i]! - wanted[i]!) / Math.max(1, Math.abs(wanted[i]!)));
  return worst;
}

describe('kernel', () => {
  it('is compiled from its source', async () => {
    const committed = await readFile(new URL('../../models/kernel/binary.ts', import.meta.url), 'utf8');
    expect(committed).toBe(await binaryModule());
  });

  it('forecasts what TensorFlow.js forecasts, for every shape', { timeout: 120_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(
        networks(['sigmoid', 'hardSigmoid']),
        fc.integer({ min: 1, max: 24 }),
        fc.integer({ min: 1, max: 20 }),
        fc.integer(),
        async (network, window, n, seed) => {
          const weights = randomWeights(network, seed);
          const scaled = randomWindows(n, window, seed);
          const wanted = await tensorflowForecast(network, window, weights, scaled);
          expect(difference(forecast(network, window, weights, scaled), wanted)).toBeLessThanOrEqual(1e-6);
        },
      ),
      { numRuns: 40 },
    );
  });

  it('forecasts what the equations say, also with the hard sigmoid of Keras 3', async () => {
    await fc.assert(
      fc.property(
        networks(recurrentActivations),
        fc.integer({ min: 1, max: 12 }),
        fc.integer(),
        (network, window, seed) => {
          const weights = randomWeights(network, seed);
          const scaled = randomWindows(1, window, seed);
          const wanted = doubleForecast(network, weights, scaled);
          expect(difference(forecast(network, window, weights, scaled), [wanted])).toBeLessThanOrEqual(1e-6);
        },
      ),
      { numRuns: 100 },
    );
  });

  it('answers a window with the same bits whatever else is in the batch', async () => {
    await fc.assert(
      fc.property(
        networks(recurrentActivations),
        fc.integer({ min: 1, max: 12 }),
        fc.integer({ min: 2, max: 40 }),
        fc.integer(),
        (network, window, n, seed) => {
          const weights = randomWeights(network, seed, 2);
          const scaled = randomWindows(n, window, seed);
          const together = forecast(network, window, weights, scaled);
          const alone = Array.from(
            { length: n },
            (_, row) =>
              forecast(network, window, weights, scaled.subarray(row * window, (row + 1) * window))[0],
          );
          expect([...together]).toEqual(alone);
        },
      ),
      { numRuns: 30 },
    );
  });

  it('saturates instead of overflowing', () => {
    const network: Network = {
      lstm: [{ units: 5, activation: 'tanh', recurrentActivation: 'sigmoid' }],
      dense: [{ units: 1, activation: 'linear' }],
    };
    const weights = randomWeights(network, 1);
    for (const x of [1e6, -1e6, 1e30, -1e30]) {
      const scaled = new Float32Array(10).fill(x);
      expect(
        difference(forecast(network, 10, weights, scaled), [doubleForecast(network, weights, scaled)]),
      ).toBeLessThan(1e-6);
    }
  });

  it('has a relaxed variant, which says so where it cannot run', async () => {
    const network: Network = {
      lstm: [{ units: 30, activation: 'tanh', recurrentActivation: 'sigmoid' }],
      dense: [{ units: 1, activation: 'linear' }],
    };
    const weights = randomWeights(network, 5);
    const scaled = randomWindows(1, 10, 5);
    expect(usableSimd('simd128')).toBe('simd128');
    if (usableSimd('relaxed') === 'simd128') {
      expect(() => createKernel(network, 10, weights, 'relaxed')).toThrow(ConfigurationError);
      return;
    }
    const relaxed = createKernel(network, 10, weights, 'relaxed');
    expect(relaxed.backend).toBe('wasm-relaxed-simd');
    relaxed.inputs.set(scaled);
    relaxed.run(1);
    expect(difference(relaxed.outputs, [doubleForecast(network, weights, scaled)])).toBeLessThan(1e-6);
  });
});
