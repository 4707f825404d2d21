/** Writes small Keras models in the layouts that Keras has used, for the importer's tests. */
import { strToU8, zipSync } from 'fflate';
import h5wasm from 'h5wasm';
import { type Network, weightShapes, weightViews } from '../../models/network.ts';

export type Layout = 'keras2' | 'keras2-windows' | 'keras3' | 'h5-keras2' | 'h5-keras3';
export const layouts: readonly Layout[] = ['keras2', 'keras2-windows', 'keras3', 'h5-keras2', 'h5-keras3'];

export interface KerasModel {
  readonly network: Network;
  readonly weights: Float32Array;
  readonly window: number | null;
  /** Changes a layer's description; default none. */
  readonly describe?: (layer: { class_name: string; config: Record<string, unknown> }, index: number) => void;
  /** Layers that are only described, put before the first Dense. */
  readonly extra?: readonly { class_name: string; config: Record<string, unknown> }[];
  readonly className?: string;
  /** The configuration is the list of layers alone, as up to Keras 2.2.2. */
  readonly bareLayers?: boolean;
  /** Numbers added to the layers' names, as in a long Python session; the groups of an archive keep counting from 0. */
  readonly session?: number;
  /** Leaves out the arrays whose HDF5 path matches. */
  readonly without?: RegExp;
}

const kerasNames = {
  sigmoid: 'sigmoid',
  hardSigmoid: 'hard_sigmoid',
  hardSigmoidSixth: 'hard_sigmoid',
} as const;

export async function kerasFile(layout: Layout, model: KerasModel): Promise<Uint8Array> {
  const major = layout.endsWith('keras3') ? 3 : 2;
  const version = major === 3 ? '3.4.1' : '2.14.0';
  const config = JSON.stringify(description(model, major));
  if (layout.startsWith('h5')) {
    const suffix = major === 2 ? ':0' : '';
    const roles = {
      kernel: `kernel${suffix}`,
      recurrent: `recurrent_kernel${suffix}`,
      bias: `bias${suffix}`,
    };
    return hdf5(
      arrays(model).map(({ layer, kind, role, shape, values }) => ({
        path: ['model_weights', layer, layer, ...(kind === 'lstm' ? ['lstm_cell'] : []), roles[role]],
        shape,
        values,
      })),
      { model_config: config, keras_version: version, backend: 'tensorflow' },
      model.without,
    );
  }
  const root = major === 3 ? 'layers' : '_layer_checkpoint_dependencies';
  const weights = await hdf5(
    arrays(model).map(({ group, kind, role, shape, values }) => {
      const index =
        kind === 'dense'
          ? { kernel: '0', recurrent: '-', bias: '1' }
          : { kernel: '0', recurrent: '1', bias: '2' };
      const groups = [root, group, ...(kind === 'lstm' ? ['cell'] : [])];
      return {
        path: [...(layout === 'keras2-windows' ? [groups.join('\\')] : groups), 'vars', index[role]],
        shape,
        values,
      };
    }),
    {},
    model.without,
  );
  return zipSync(
    {
      'metadata.json': strToU8(JSON.stringify({ keras_version: version, date_saved: '2024-01-01@00:00:00' })),
      'config.json': strToU8(config),
      'model.weights.h5': weights,
    },
    { level: 0 },
  );
}

function description(
  {
    network,
    window,
    describe,
    extra = [],
    className = 'Sequential',
    bareLayers = false,
    session = 0,
  }: KerasModel,
  major: 2 | 3,
) {
  const input = {
    [major === 3 ? 'batch_shape' : 'batch_input_shape']: [null, window, 1],
    name: 'input_layer',
  };
  const activation = (name: string) =>
    major === 3 && name === 'relu' ? { module: 'builtins', class_name: 'function', config: name } : name;
  const layers: { class_name: string; config: Record<string, unknown> }[] = [
    { class_name: 'InputLayer', config: input },
    ...network.lstm.flatMap((layer, index) => [
      {
        class_name: 'LSTM',
        config: {
          name: numbered('lstm', index + session),
          units: layer.units,
          activation: activation(layer.activation),
          recurrent_activation: kerasNames[layer.recurrentActivation],
          use_bias: true,
          return_sequences: index + 1 < network.lstm.length,
          return_state: false,
          go_backwards: false,
          stateful: false,
          dropout: 0.2,
        } as Record<string, unknown>,
      },
      { class_name: 'Dropout', config: { name: numbered('dropout', index + session), rate: 0.4 } },
    ]),
    ...extra,
    ...network.dense.map((layer, index) => ({
      class_name: 'Dense',
      config: {
        name: numbered('dense', index + session),
        units: layer.units,
        activation: activation(layer.activation),
        use_bias: true,
      },
    })),
  ];
  layers.forEach((layer, index) => {
    describe?.(layer, index);
  });
  return {
    module: 'keras',
    class_name: className,
    config: bareLayers ? layers : { name: 'sequential', layers },
  };
}

function arrays({ network, weights, session = 0 }: KerasModel) {
  const views = weightViews(network, weights);
  return weightShapes(network).map(({ name, shape }, index) => {
    const [kind, number, role] = name.split('.') as [
      'lstm' | 'dense',
      string,
      'kernel' | 'recurrent' | 'bias',
    ];
    return {
      kind,
      role,
      shape,
      layer: numbered(kind, Number(number) + session),
      group: numbered(kind, Number(number)),
      values: views[index]!,
    };
  });
}

function numbered(name: string, number: number): string {
  return number === 0 ? name : `${name}_${number}`;
}

interface Entry {
  readonly path: readonly string[];
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

async function hdf5(
  entries: readonly Entry[],
  attributes: Record<string, string>,
  without?: RegExp,
): Promise<Uint8Array> {
  const { FS } = await h5wasm.ready;
  const file = new h5wasm.File('/written.h5', 'w');
  for (const [name, value] of Object.entries(attributes)) file.create_attribute(name, value);
  for (const { path, shape, values } of entries) {
    if (without?.test(path.join('/'))) continue;
    const name = path.at(-1)!;
    let group: InstanceType<typeof h5wasm.Group> = file;
    for (const part of path.slice(0, -1)) {
      const below = group.get(part);
      group = below instanceof h5wasm.Group ? below : group.create_group(part);
    }
    group.create_dataset({ name, data: Float32Array.from(values), shape: [...shape], dtype: '<f' });
  }
  file.close();
  const bytes = Uint8Array.from(FS.readFile('/written.h5') as Uint8Array);
  FS.unlink('/written.h5');
  return bytes;
}
