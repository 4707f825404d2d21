/**
 * The training loop: mini-batches in a seeded order, Huber loss (Huber 1964; squared near zero, absolute beyond, so that
 * jumps nobody can foresee do not rule), Adam with a cosine-decayed rate and clipped gradients, and early stopping on
 * windows the loop does not train on. With the WebAssembly backend equal arguments give equal bits.
 */
import { random } from '../../devices/random.ts';
import { type Network, weightShapes, weightViews } from '../network.ts';
import { layers, tf } from './tensorflow.ts';

/** Scaled windows, row-major, with the scaled value that follows each. */
export interface Examples {
  readonly inputs: Float32Array;
  readonly targets: Float32Array;
}

export interface FitOptions {
  readonly network: Network;
  readonly window: number;
  /** Where training starts, in the order of `weightShapes`. */
  readonly initial: Float32Array;
  readonly training: Examples;
  /** May be empty: then the last epoch's weights are the result. */
  readonly validation: Examples;
  readonly epochs: number;
  readonly batch: number;
  readonly learningRate: number;
  /** Epochs without a better validation loss before it stops. */
  readonly patience: number;
  readonly seed: number;
  onEpoch(progress: EpochProgress): void;
}

export interface EpochProgress {
  /** From 1. */
  readonly epoch: number;
  readonly epochs: number;
  readonly loss: number;
  /** null without validation windows. */
  readonly validationLoss: number | null;
}

export interface FitResult {
  /** In the order of `weightShapes`. */
  readonly weights: Float32Array;
  /** How many epochs ran. */
  readonly epochs: number;
}

const GRADIENT_LIMIT = 1;
const FINAL_RATE_SHARE = 0.02;

/** TensorFlow.js must have been started. */
export function fitNetwork(options: FitOptions): FitResult {
  const { network, window, training, validation, epochs, batch, seed } = options;
  const model = buildModel(network, window, options.initial);
  const optimizer = tf.train.adam(options.learningRate);
  const order = Uint32Array.from({ length: training.targets.length }, (_, index) => index);
  const steps = Math.ceil(order.length / batch);
  let best = currentWeights(model);
  let bestLoss = Number.POSITIVE_INFINITY;
  let sinceBest = 0;
  let epoch = 0;
  while (epoch < epochs && sinceBest < options.patience) {
    shuffle(order, seed, epoch);
    let total = 0;
    for (let step = 0; step < steps; step++) {
      const rate = cosine((epoch * steps + step) / (epochs * steps)) * options.learningRate;
      // Adam has no setter for what every framework lets one schedule.
      (optimizer as unknown as { learningRate: number }).learningRate = rate;
      const rows = order.subarray(step * batch, (step + 1) * batch);
      total += rows.length * trainStep(model, optimizer, gather(training, rows, window), window);
    }
    epoch++;
    const validationLoss = validation.targets.length > 0 ? evaluate(model, validation, window) : null;
    if (validationLoss === null || validationLoss < bestLoss) {
      best = currentWeights(model);
      bestLoss = validationLoss ?? bestLoss;
      sinceBest = 0;
    } else sinceBest++;
    options.onEpoch({ epoch, epochs, loss: total / order.length, validationLoss });
  }
  optimizer.dispose();
  model.dispose();
  return { weights: best, epochs: epoch };
}

function buildModel(network: Network, window: number, weights: Float32Array): layers.Sequential {
  const model = layers.sequential();
  network.lstm.forEach(({ units, activation, recurrentActivation }, index) => {
    if (recurrentActivation === 'hardSigmoidSixth')
      throw new RangeError('TensorFlow.js cannot train hardSigmoidSixth');
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
  tf.tidy(() =>
    model.setWeights(
      weightViews(network, weights).map((view, index) => tf.tensor(view, [...shapes[index]!.shape])),
    ),
  );
  return model;
}

function lossOf(model: layers.Sequential, examples: Examples, window: number): tf.Scalar {
  const n = examples.targets.length;
  const forecast = model.apply(tf.tensor3d(examples.inputs, [n, window, 1]), {
    training: true,
  }) as tf.Tensor2D;
  return tf.losses.huberLoss(tf.tensor2d(examples.targets, [n, 1]), forecast) as tf.Scalar;
}

function trainStep(
  model: layers.Sequential,
  optimizer: tf.Optimizer,
  examples: Examples,
  window: number,
): number {
  return tf.tidy(() => {
    const { value, grads } = tf.variableGrads(() => lossOf(model, examples, window));
    const squares = Object.values(grads).map((gradient) => tf.sum(tf.square(gradient)));
    const norm = Math.sqrt(squares.reduce((sum, square) => sum + square.dataSync()[0]!, 0));
    const factor = norm > GRADIENT_LIMIT ? GRADIENT_LIMIT / norm : 1;
    for (const name of Object.keys(grads)) grads[name] = tf.mul(grads[name]!, factor);
    optimizer.applyGradients(grads);
    return value.dataSync()[0]!;
  });
}

function evaluate(model: layers.Sequential, examples: Examples, window: number): number {
  const chunk = 2048;
  let total = 0;
  for (let from = 0; from < examples.targets.length; from += chunk) {
    const part: Examples = {
      inputs: examples.inputs.subarray(from * window, (from + chunk) * window),
      targets: examples.targets.subarray(from, from + chunk),
    };
    total += part.targets.length * tf.tidy(() => lossOf(model, part, window).dataSync()[0]!);
  }
  return total / examples.targets.length;
}

function currentWeights(model: layers.Sequential): Float32Array {
  return Float32Array.from(model.getWeights().flatMap((tensor) => [...tensor.dataSync()]));
}

function gather({ inputs, targets }: Examples, rows: Uint32Array, window: number): Examples {
  const picked = { inputs: new Float32Array(rows.length * window), targets: new Float32Array(rows.length) };
  rows.forEach((row, index) => {
    picked.inputs.set(inputs.subarray(row * window, (row + 1) * window), index * window);
    picked.targets[index] = targets[row]!;
  });
  return picked;
}

/** Fisher-Yates, another order each epoch. */
function shuffle(order: Uint32Array, seed: number, epoch: number): void {
  const source = random(seed, 'order', epoch);
  for (let i = order.length - 1; i > 0; i--) {
    const j = source.integer(0, i);
    const held = order[i]!;
    order[i] = order[j]!;
    order[j] = held;
  }
}

/** From 1 at the start to a fiftieth at the end. */
function cosine(progress: number): number {
  return FINAL_RATE_SHARE + ((1 - FINAL_RATE_SHARE) * (1 + Math.cos(Math.PI * progress))) / 2;
}
