/**
 * From Keras's description of a model to a network of ours. What would compute something else than ours does is refused
 * by the layer's name; what only matters in training (dropout, regularisers, initialisers) is passed over.
 */
import * as z from 'zod';
import { InvalidModel } from '../../src/errors.ts';
import {
  type CellActivation,
  cellActivations,
  type DenseActivation,
  type DenseLayer,
  denseActivations,
  type LstmLayer,
  MAX_DENSE_LAYERS,
  MAX_LSTM_LAYERS,
  MAX_UNITS,
  MAX_WINDOW,
  type Network,
  type RecurrentActivation,
} from '../network.ts';

/** A layer that has weights, in the order of the model. */
export interface WeightedLayer {
  readonly kind: 'lstm' | 'dense';
  readonly name: string;
  readonly useBias: boolean;
}

export interface Architecture {
  readonly network: Network;
  readonly layers: readonly WeightedLayer[];
  /** null where the model accepts windows of any length. */
  readonly window: number | null;
}

const SUPPORTED = `supported are Sequential models of InputLayer, 1 to ${MAX_LSTM_LAYERS} LSTM, Dropout and 1 to ${MAX_DENSE_LAYERS} Dense layers`;

const activation = z
  .union([z.string(), z.object({ config: z.string() }).transform(({ config }) => config), z.null()])
  .transform((name) => name ?? 'linear');
const shape = z.array(z.int().nullable());

const layerSchema = z.object({
  class_name: z.string(),
  config: z.looseObject({
    name: z.string().default('(without name)'),
    batch_shape: shape.optional(),
    batch_input_shape: shape.optional(),
  }),
  build_config: z.object({ input_shape: shape.optional() }).nullish(),
});

const layersSchema = z.array(layerSchema);
const modelSchema = z.object({
  class_name: z.string(),
  // Up to Keras 2.2.2 the configuration of a Sequential model was its layers.
  config: z.union([
    z.looseObject({ layers: layersSchema }),
    layersSchema.transform((layers) => ({ layers })),
  ]),
});

/** Its policy, by name; a quantized one may have none. */
const dtype = z
  .union([
    z.string(),
    z.object({ config: z.looseObject({}) }).transform(({ config }) => config.name ?? config.mode),
    z.null(),
  ])
  .transform((name) => name ?? 'float32')
  .pipe(z.enum(['float32', 'float64']))
  .default('float32');

/** What would make the weights of a layer mean something else than they say. */
const plainWeights = {
  dtype,
  lora_rank: z.null().default(null),
  quantization_config: z.null().default(null),
};

const lstmSchema = z.object({
  ...plainWeights,
  units: z.int().min(1).max(MAX_UNITS),
  activation: activation.pipe(z.enum(cellActivations)),
  recurrent_activation: activation.pipe(z.enum(['sigmoid', 'hard_sigmoid'])),
  use_bias: z.boolean().default(true),
  return_sequences: z.boolean().default(false),
  return_state: z.literal(false).default(false),
  go_backwards: z.literal(false).default(false),
  stateful: z.literal(false).default(false),
  time_major: z.literal(false).default(false),
});

const denseSchema = z.object({
  ...plainWeights,
  units: z.int().min(1).max(MAX_UNITS),
  activation: activation.pipe(z.enum(denseActivations)),
  use_bias: z.boolean().default(true),
});

type Layer = z.infer<typeof layerSchema>;

/**
 * @param config what `openKeras` found
 * @param kerasVersion decides what `hard_sigmoid` means: Keras 3 changed its slope
 * @param source how messages call the file
 * @throws {InvalidModel} naming the layer that is not supported
 */
export function readArchitecture(config: unknown, kerasVersion: string, source: string): Architecture {
  const model = modelSchema.safeParse(config);
  if (!model.success) throw new InvalidModel(`${source}: no Keras model configuration; ${SUPPORTED}`);
  if (model.data.class_name !== 'Sequential')
    throw new InvalidModel(`${source}: a ${model.data.class_name} model; ${SUPPORTED}`, {
      field: 'class_name',
    });
  const { layers } = model.data.config;

  const lstm: (LstmLayer & { sequences: boolean; name: string })[] = [];
  const dense: DenseLayer[] = [];
  const weighted: WeightedLayer[] = [];
  for (const layer of layers) {
    const { name } = layer.config;
    switch (layer.class_name) {
      case 'InputLayer':
      case 'Dropout':
        break;
      case 'LSTM': {
        if (dense.length > 0) throw unsupported(source, layer, 'an LSTM after a Dense layer');
        const settings = read(lstmSchema, layer, source);
        lstm.push({
          name,
          units: settings.units,
          activation: settings.activation satisfies CellActivation,
          recurrentActivation: recurrent(settings.recurrent_activation, kerasVersion),
          sequences: settings.return_sequences,
        });
        weighted.push({ kind: 'lstm', name, useBias: settings.use_bias });
        break;
      }
      case 'Dense': {
        const settings = read(denseSchema, layer, source);
        dense.push({ units: settings.units, activation: settings.activation satisfies DenseActivation });
        weighted.push({ kind: 'dense', name, useBias: settings.use_bias });
        break;
      }
      default:
        throw unsupported(source, layer, `a ${layer.class_name} layer`);
    }
  }
  if (lstm.length < 1 || lstm.length > MAX_LSTM_LAYERS || dense.length < 1 || dense.length > MAX_DENSE_LAYERS)
    throw new InvalidModel(`${source}: ${lstm.length} LSTM and ${dense.length} Dense layers; ${SUPPORTED}`);
  lstm.forEach(({ name, sequences }, index) => {
    const wanted = index + 1 < lstm.length;
    if (sequences !== wanted)
      throw new InvalidModel(`${source}: layer ${name}: return_sequences must be ${wanted} here`, {
        field: name,
      });
  });
  if (dense.at(-1)!.units !== 1)
    throw new InvalidModel(
      `${source}: layer ${weighted.at(-1)!.name}: ${dense.at(-1)!.units} outputs; a forecast is one number`,
      {
        field: weighted.at(-1)!.name,
      },
    );
  return {
    network: {
      lstm: lstm.map(({ units, activation, recurrentActivation }) => ({
        units,
        activation,
        recurrentActivation,
      })),
      dense,
    },
    layers: weighted,
    window: windowOf(layers, source),
  };
}

/** [batch, window, features] of the first layer that says. */
function windowOf(layers: readonly Layer[], source: string): number | null {
  for (const { config, build_config } of layers) {
    const input = config.batch_shape ?? config.batch_input_shape ?? build_config?.input_shape;
    if (!input) continue;
    if (input.length !== 3 || (input[2] !== 1 && input[2] !== null))
      throw new InvalidModel(
        `${source}: layer ${config.name}: input shape [${input.join(', ')}]; supported is [batch, window, 1]`,
        {
          field: config.name,
        },
      );
    const window = input[1] ?? null;
    if (window !== null && (window < 1 || window > MAX_WINDOW))
      throw new InvalidModel(
        `${source}: layer ${config.name}: a window of ${window}; supported are 1 to ${MAX_WINDOW}`,
        {
          field: config.name,
        },
      );
    return window;
  }
  return null;
}

function recurrent(name: 'sigmoid' | 'hard_sigmoid', kerasVersion: string): RecurrentActivation {
  if (name === 'sigmoid') return 'sigmoid';
  return Number.parseInt(kerasVersion, 10) >= 3 ? 'hardSigmoidSixth' : 'hardSigmoid';
}

function read<T extends z.ZodType>(schema: T, layer: Layer, source: string): z.output<T> {
  const result = schema.safeParse(layer.config);
  if (result.success) return result.data;
  const { path, message } = result.error.issues[0]!;
  const key = path.join('.');
  throw new InvalidModel(
    `${source}: layer ${layer.config.name} (${layer.class_name}): ${key} is ${JSON.stringify(layer.config[path[0] as string])}: ${message}`,
    {
      field: `${layer.config.name}.${key}`,
    },
  );
}

function unsupported(source: string, { config }: Layer, what: string): InvalidModel {
  return new InvalidModel(`${source}: layer ${config.name}: ${what}; ${SUPPORTED}`, { field: config.name });
}
