/**
 * Where things lie in the kernel's memory. lstm.as reads the tables written here; the two files change together.
 *
 * Units are padded to a multiple of 4 with zero weights. A padded unit's state is finite, and its hidden state meets only
 * zero weights or none, so padding changes no result.
 */
import { type Network, weightViews } from '../network.ts';

/** Windows per call of the kernel: the scratch of 16 stays in the first-level cache, and more gains nothing. */
export const BLOCK = 16;

/** The compiler puts the kernel's constants below. */
const RESERVED = 2048;

const LAYER_WORDS = 10;
const DENSE_WORDS = 5;
const GATES = 4;
const LANES = 4;

const activationCodes = {
  linear: 0,
  relu: 1,
  tanh: 2,
  sigmoid: 3,
  hardSigmoid: 4,
  hardSigmoidSixth: 5,
} as const;

export interface Layout {
  /** Bytes of memory that are needed. */
  readonly bytes: number;
  /** Addresses in bytes. */
  readonly layers: number;
  readonly lastLayer: number;
  readonly dense: number;
  readonly inputs: number;
  readonly z: number;
  readonly scratch: number;
  readonly scratchWidth: number;
  readonly outputs: number;
  /** Writes tables and weights; the memory must have `bytes` bytes and be zero. */
  fill(memory: ArrayBufferLike): void;
}

/** Gives out places in the memory, aligned to 64 bytes, and remembers what is to be written there. */
class MemoryPlan {
  end = RESERVED;
  private readonly writes: ((memory: ArrayBufferLike) => void)[] = [];

  /** @returns where the bytes begin */
  take(bytes: number): number {
    const at = this.end;
    this.end += Math.ceil(bytes / 64) * 64;
    return at;
  }

  writeWords(at: number, words: readonly number[]): void {
    this.writes.push((memory) => new Uint32Array(memory, at, words.length).set(words));
  }

  writeFloats(at: number, floats: Float32Array): void {
    this.writes.push((memory) => new Float32Array(memory, at, floats.length).set(floats));
  }

  fill(memory: ArrayBufferLike): void {
    for (const write of this.writes) write(memory);
  }
}

/** @param weights as in `weightShapes` */
export function layOut(network: Network, window: number, weights: Float32Array): Layout {
  const plan = new MemoryPlan();
  const take = (bytes: number) => plan.take(bytes);
  const views = weightViews(network, weights);
  const layers = take(network.lstm.length * LAYER_WORDS * 4);
  const dense = take(network.dense.length * DENSE_WORDS * 4);

  // The first layer has one input and needs no padding: its row begins three floats into an aligned block, so that the
  // hidden state behind it is aligned. The others read whole vectors of the layer below.
  let inputs = 1;
  let paddedInputs = 1;
  let widest = 0;
  network.lstm.forEach((layer, index) => {
    const [kernel, recurrent, bias] = views.splice(0, 3) as [Float32Array, Float32Array, Float32Array];
    const groups = Math.ceil(layer.units / LANES);
    const lead = index === 0 ? LANES - 1 : 0;
    const stride = (lead + paddedInputs + groups * LANES) * 4;
    // The kernel clears whole strides, so the lead is needed behind the last row too.
    const rows = take(BLOCK * stride + lead * 4) + lead * 4;
    const packed = packLstm({ kernel, recurrent, bias, units: layer.units, inputs, paddedInputs });
    const weightsAt = take(packed.weights.byteLength);
    const biasesAt = take(packed.biases.byteLength);
    const cells = take(BLOCK * groups * LANES * 4);
    plan.writeFloats(weightsAt, packed.weights);
    plan.writeFloats(biasesAt, packed.biases);
    plan.writeWords(layers + index * LAYER_WORDS * 4, [
      rows,
      stride,
      paddedInputs,
      groups,
      weightsAt,
      biasesAt,
      cells,
      activationCodes[layer.activation],
      activationCodes[layer.recurrentActivation],
      paddedInputs + layer.units,
    ]);
    inputs = layer.units;
    paddedInputs = groups * LANES;
    widest = Math.max(widest, groups);
  });

  let scratchWidth = inputs;
  network.dense.forEach((layer, index) => {
    const [kernel, bias] = views.splice(0, 2) as [Float32Array, Float32Array];
    const weightsAt = take(kernel.byteLength);
    const biasesAt = take(bias.byteLength);
    plan.writeFloats(weightsAt, transpose(kernel, inputs, layer.units));
    plan.writeFloats(biasesAt, bias);
    plan.writeWords(dense + index * DENSE_WORDS * 4, [
      inputs,
      layer.units,
      weightsAt,
      biasesAt,
      activationCodes[layer.activation],
    ]);
    inputs = layer.units;
    scratchWidth = Math.max(scratchWidth, inputs);
  });

  const inputsAt = take(BLOCK * window * 4);
  const z = take(BLOCK * widest * LANES * GATES * 4);
  const scratch = take(2 * scratchWidth * 8);
  const outputs = take(BLOCK * 8);
  return {
    bytes: plan.end,
    layers,
    lastLayer: layers + (network.lstm.length - 1) * LAYER_WORDS * 4,
    dense,
    inputs: inputsAt,
    z,
    scratch,
    scratchWidth,
    outputs,
    fill: (memory) => plan.fill(memory),
  };
}

interface LstmWeights {
  readonly kernel: Float32Array;
  readonly recurrent: Float32Array;
  readonly bias: Float32Array;
  readonly units: number;
  readonly inputs: number;
  readonly paddedInputs: number;
}

/** From Keras's [input][gate][unit] to [group][input, then hidden][gate][lane]. */
function packLstm({ kernel, recurrent, bias, units, inputs, paddedInputs }: LstmWeights) {
  const groups = Math.ceil(units / LANES);
  const terms = paddedInputs + units;
  const weights = new Float32Array(groups * terms * GATES * LANES);
  const biases = new Float32Array(groups * GATES * LANES);
  for (let unit = 0; unit < units; unit++) {
    const group = Math.floor(unit / LANES);
    const lane = unit % LANES;
    for (let gate = 0; gate < GATES; gate++) {
      const column = gate * units + unit;
      const put = (term: number, weight: number) => {
        weights[((group * terms + term) * GATES + gate) * LANES + lane] = weight;
      };
      for (let i = 0; i < inputs; i++) put(i, kernel[i * GATES * units + column]!);
      for (let i = 0; i < units; i++) put(paddedInputs + i, recurrent[i * GATES * units + column]!);
      biases[(group * GATES + gate) * LANES + lane] = bias[column]!;
    }
  }
  return { weights, biases };
}

function transpose(matrix: Float32Array, rows: number, columns: number): Float32Array {
  const out = new Float32Array(matrix.length);
  for (let r = 0; r < rows; r++)
    for (let c = 0; c < columns; c++) out[c * rows + r] = matrix[r * columns + c]!;
  return out;
}
