/**
 * The shape of the networks Vigía can run, and how their weights lie in one flat array. Everything that makes, stores,
 * trains, imports or computes a model speaks of it in these terms.
 */
export const cellActivations = ['relu', 'tanh', 'sigmoid'] as const;
/** `hardSigmoid` is 0.2 x + 0.5 (Keras 2, TensorFlow.js), `hardSigmoidSixth` x / 6 + 0.5 (Keras 3); both clipped to 0..1. */
export const recurrentActivations = ['sigmoid', 'hardSigmoid', 'hardSigmoidSixth'] as const;
export const denseActivations = ['linear', 'relu'] as const;

export type CellActivation = (typeof cellActivations)[number];
export type RecurrentActivation = (typeof recurrentActivations)[number];
export type DenseActivation = (typeof denseActivations)[number];

export const MAX_LSTM_LAYERS = 3;
export const MAX_DENSE_LAYERS = 3;
export const MAX_UNITS = 256;
export const MAX_WINDOW = 512;

export interface LstmLayer {
  readonly units: number;
  readonly activation: CellActivation;
  readonly recurrentActivation: RecurrentActivation;
}

export interface DenseLayer {
  readonly units: number;
  readonly activation: DenseActivation;
}

/**
 * One feature in, LSTM layers (all but the last hand on their whole sequence), dense layers on the last hidden state,
 * one number out: the last dense layer has one unit.
 */
export interface Network {
  readonly lstm: readonly LstmLayer[];
  readonly dense: readonly DenseLayer[];
}

export interface WeightShape {
  /** `lstm.0.kernel`, `lstm.0.recurrent`, `lstm.0.bias`, …, `dense.0.kernel`, `dense.0.bias`. */
  readonly name: string;
  /** As in Keras: kernels are [inputs, outputs], the four gates of an LSTM side by side in the order i f c o. */
  readonly shape: readonly [number] | readonly [number, number];
  readonly size: number;
}

/** The weight arrays of a network, in the order in which they follow each other in its flat array. */
export function weightShapes(network: Network): WeightShape[] {
  const shapes: WeightShape[] = [];
  const matrix = (name: string, rows: number, columns: number) =>
    shapes.push({ name, shape: [rows, columns], size: rows * columns });
  const vector = (name: string, length: number) => shapes.push({ name, shape: [length], size: length });
  let inputs = 1;
  network.lstm.forEach(({ units }, index) => {
    matrix(`lstm.${index}.kernel`, inputs, 4 * units);
    matrix(`lstm.${index}.recurrent`, units, 4 * units);
    vector(`lstm.${index}.bias`, 4 * units);
    inputs = units;
  });
  network.dense.forEach(({ units }, index) => {
    matrix(`dense.${index}.kernel`, inputs, units);
    vector(`dense.${index}.bias`, units);
    inputs = units;
  });
  return shapes;
}

/** How many numbers the weights of a network are. */
export function weightCount(network: Network): number {
  return weightShapes(network).reduce((sum, { size }) => sum + size, 0);
}

/** Views into a flat array, in the order of `weightShapes`; nothing is copied. */
export function weightViews(network: Network, weights: Float32Array): Float32Array[] {
  let offset = 0;
  return weightShapes(network).map(({ size }) => {
    offset += size;
    return weights.subarray(offset - size, offset);
  });
}

/** Multiplications that one window of `window` values takes, activations left out. */
export function multiplications(network: Network, window: number): number {
  let inputs = 1;
  let sum = 0;
  for (const { units } of network.lstm) {
    sum += window * 4 * units * (inputs + units);
    inputs = units;
  }
  for (const { units } of network.dense) {
    sum += inputs * units;
    inputs = units;
  }
  return sum;
}
