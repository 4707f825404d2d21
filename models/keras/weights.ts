/**
 * Finds the weights of each layer in the HDF5 file of a Keras model and checks their shapes.
 *
 * - `.keras`: `<root>/<group>[/cell]/vars/<0, 1, 2>`; the root is `layers` (Keras 3) or `_layer_checkpoint_dependencies` (Keras
 *   2.12 to 2.15). Keras names the group after the layer's class and position among its kind (`lstm`, `lstm_1`), not after
 *   the layer, so that is looked for first, and the layers' names only if it does not fit.
 * - `.h5`: `model_weights/<layer name>/…/<kernel, recurrent_kernel, bias>`, with `:0` behind it in Keras 2.
 */
import { InvalidModel } from '../../src/errors.ts';
import { type Network, weightShapes } from '../network.ts';
import type { WeightedLayer } from './architecture.ts';
import type { KerasFile } from './container.ts';

const roots = ['layers', '_layer_checkpoint_dependencies'] as const;
const roles = {
  lstm: ['kernel', 'recurrent_kernel', 'bias'],
  dense: ['kernel', 'bias'],
} as const;

/** Where a layer's array lies, or undefined. */
type Find = (layer: WeightedLayer, index: number) => string | undefined;

/**
 * @returns all weights in the order of `weightShapes`; layers without bias get zeros
 * @throws {InvalidModel} naming the layer whose weights are missing, misshapen or not finite
 */
export function readWeights(
  { kind, hdf5 }: KerasFile,
  network: Network,
  layers: readonly WeightedLayer[],
  source: string,
): Float32Array {
  const find = kind === '.h5' ? legacyPaths(hdf5.paths) : archivePaths(hdf5.paths, layers);
  const shapes = weightShapes(network);
  const parts: Float32Array[] = [];
  for (const layer of layers) {
    roles[layer.kind].forEach((role, index) => {
      const { shape, size } = shapes[parts.length]!;
      if (role === 'bias' && !layer.useBias) {
        parts.push(new Float32Array(size));
        return;
      }
      const what = `${source}: layer ${layer.name}: ${role}`;
      const field = `${layer.name}.${role}`;
      const path = find(layer, index);
      if (path === undefined) throw new InvalidModel(`${what} is missing`, { field });
      const array = hdf5.read(path);
      if (array.shape.join() !== shape.join())
        throw new InvalidModel(
          `${what} is [${array.shape.join(', ')}] where [${shape.join(', ')}] is needed`,
          { field },
        );
      const bad = array.values.find((value) => !Number.isFinite(value));
      if (bad !== undefined) throw new InvalidModel(`${what} contains ${bad}`, { field });
      parts.push(array.values);
    });
  }
  const weights = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    weights.set(part, offset);
    offset += part.length;
  }
  return weights;
}

function legacyPaths(paths: readonly string[]): Find {
  return (layer, index) => {
    const role = roles[layer.kind][index];
    return paths.find((path) => {
      const last = path.slice(path.lastIndexOf('/') + 1).replace(/:\d+$/, '');
      return path.startsWith(`model_weights/${layer.name}/`) && last === role;
    });
  };
}

function archivePaths(paths: readonly string[], layers: readonly WeightedLayer[]): Find {
  const known = new Set(paths);
  const pathIn = (root: string, group: string, { kind }: WeightedLayer, index: number) =>
    `${root}/${group}/${kind === 'lstm' ? 'cell/' : ''}vars/${index}`;
  const counted = countedGroups(layers);
  for (const groups of [counted, layers.map(({ name }) => name)]) {
    for (const root of roots) {
      if (!layers.every((layer, i) => known.has(pathIn(root, groups[i]!, layer, 0)))) continue;
      return (layer, index) => {
        const path = pathIn(root, groups[layers.indexOf(layer)]!, layer, index);
        return known.has(path) ? path : undefined;
      };
    }
  }
  // Nothing fits as a whole: say which layer is the first without weights.
  return (layer, index) =>
    roots
      .map((root) => pathIn(root, counted[layers.indexOf(layer)]!, layer, index))
      .find((path) => known.has(path));
}

/** `lstm`, `lstm_1`, …, `dense`, `dense_1`, … */
function countedGroups(layers: readonly WeightedLayer[]): string[] {
  const seen = { lstm: 0, dense: 0 };
  return layers.map(({ kind }) => {
    const number = seen[kind]++;
    return number === 0 ? kind : `${kind}_${number}`;
  });
}
