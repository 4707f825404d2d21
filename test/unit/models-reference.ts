/**
 * Two independent answers to check the kernel against: TensorFlow.js on its plain JavaScript backend, and the equations
 * written down in double precision (which also know Keras 3's hard sigmoid).
 */
import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import * as layers from '@tensorflow/tfjs-layers';
import { random } from '../../devices/random.ts';
import { type Network, weightShapes, weightViews } from '../../models/network.ts';

/** Weights as Keras would start with: Glorot uniform matrices (times `gain`), small biases. */
export function randomWeights(network: Network, seed: number, gain = 1): Float32Array {
  const source = random(seed, 'weights');
  return Float32Array.from(
    weightShapes(network).flatMap(({ shape, size }) => {
      const [rows, columns] = shape;
      const limit = columns === undefined ? 0.1 : gain * Math.sqrt(6 / (rows + columns));
      return Array.from({ length: size }, () => source.between(-limit, limit));
    }),
  );
}

/** @returns what TensorFlow.js (cpu) forecasts for the scaled windows, row-major */
export async function tensorflowForecast(
  network: Network,
  window: number,
  weights: Float32Array,
  scaled: Float32Array,
): Promise<Float32Array> {
  await tf.setBackend('cpu');
  const model = layers.sequential();
  network.lstm.forEach(({ units, activation, recurrentActivation }, index) => {
    if (recurrentActivation === 'hardSigmoidSixth') throw new Error('not in TensorFlow.js');
    model.add(
      layers.layers.lstm({
        units,
        activation,
        recurrentActivation,
        kernelInitializer: 'zeros',
        recurrentInitializer: 'zeros',
        returnSequences: index + 1 < network.lstm.length,
        ...(index === 0 ? { inputShape: [window, 1] } : {}),
      }),
    );
  });
  for (const { units, activation } of network.dense)
    model.add(layers.layers.dense({ units, activation, kernelInitializer: 'zeros' }));
  const shapes = weightShapes(network);
  model.setWeights(
    weightViews(network, weights).map((view, index) => tf.tensor(view, [...shapes[index]!.shape])),
  );
  const output = tf.tidy(
    () => model.predict(tf.tensor3d(scaled, [scaled.length / window, window, 1])) as tf.Tensor,
  );
  const answer = (await output.data()) as Float32Array;
  output.dispose();
  model.dispose();
  return answer;
}

const activations: Record<string, (x: number) => number> = {
  linear: (x) => x,
  relu: (x) => Math.max(x, 0),
  tanh: Math.tanh,
  sigmoid: (x) => 1 / (1 + Math.exp(-x)),
  hardSigmoid: (x) => Math.min(Math.max(0.2 * x + 0.5, 0), 1),
  hardSigmoidSixth: (x) => Math.min(Math.max(x / 6 + 0.5, 0), 1),
};

/** The forecast for one scaled window, in double precision. */
export function doubleForecast(network: Network, weights: Float32Array, window: ArrayLike<number>): number {
  const views = weightViews(network, weights);
  let sequence: number[][] = Array.from(window, (x) => [x]);
  network.lstm.forEach(({ units, activation, recurrentActivation }) => {
    const [kernel, recurrent, bias] = views.splice(0, 3) as [Float32Array, Float32Array, Float32Array];
    const act = activations[activation]!;
    const rec = activations[recurrentActivation]!;
    let h: number[] = new Array(units).fill(0);
    let c: number[] = new Array(units).fill(0);
    sequence = sequence.map((x) => {
      const z = Array.from(bias, (b, column) => {
        let sum = b;
        x.forEach((value, i) => {
          sum += value * kernel[i * 4 * units + column]!;
        });
        h.forEach((value, i) => {
          sum += value * recurrent[i * 4 * units + column]!;
        });
        return sum;
      });
      c = c.map((cell, u) => rec(z[units + u]!) * cell + rec(z[u]!) * act(z[2 * units + u]!));
      h = c.map((cell, u) => rec(z[3 * units + u]!) * act(cell));
      return h;
    });
  });
  let values = sequence.at(-1)!;
  network.dense.forEach(({ units, activation }) => {
    const [kernel, bias] = views.splice(0, 2) as [Float32Array, Float32Array];
    values = Array.from({ length: units }, (_, o) =>
      activations[activation]!(
        values.reduce((sum, value, i) => sum + value * kernel[i * units + o]!, bias[o]!),
      ),
    );
  });
  return values[0]!;
}
