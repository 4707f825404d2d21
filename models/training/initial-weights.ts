/**
 * Seeded initial weights, as Keras chooses them: Glorot uniform kernels, orthogonal recurrent kernels, zero biases but one
 * for the forget gate (Jozefowicz et al. 2015). Made here instead of by TensorFlow.js so that a seed means the same on
 * every backend.
 */
import { type Random, random } from '../../devices/random.ts';
import { type Network, weightShapes } from '../network.ts';

/** @returns all weights of the network, in the order of `weightShapes` */
export function initialWeights(network: Network, seed: number): Float32Array {
  const source = random(seed, 'initial weights');
  return Float32Array.from(
    weightShapes(network).flatMap(({ name, shape, size }) => {
      const [rows, columns] = shape;
      if (columns === undefined)
        return name.startsWith('lstm') ? forgetOne(size) : new Array<number>(size).fill(0);
      if (name.endsWith('recurrent')) return orthogonal(rows, columns, source);
      const limit = Math.sqrt(6 / (rows + columns));
      return Array.from({ length: size }, () => source.between(-limit, limit));
    }),
  );
}

function forgetOne(size: number): number[] {
  const units = size / 4;
  return Array.from({ length: size }, (_, index) => (index >= units && index < 2 * units ? 1 : 0));
}

/** Rows of unit length, at right angles to each other (Gram-Schmidt over normal random rows); rows <= columns. */
function orthogonal(rows: number, columns: number, source: Random): number[] {
  const done: number[][] = [];
  while (done.length < rows) {
    let row = Array.from({ length: columns }, () => source.gaussian());
    for (const other of done) {
      const along = dot(row, other);
      row = row.map((value, i) => value - along * other[i]!);
    }
    const length = Math.sqrt(dot(row, row));
    if (length > 1e-3) done.push(row.map((value) => value / length));
  }
  return done.flat();
}

function dot(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, value, i) => sum + value * b[i]!, 0);
}
