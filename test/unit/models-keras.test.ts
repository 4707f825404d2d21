import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { strToU8, unzipSync, zipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { random } from '../../devices/random.ts';
import { type Artifact, artifactBytes } from '../../models/artifact.ts';
import {
  importKeras,
  type KerasImportOptions,
  parseMinMax,
  parseStandard,
} from '../../models/keras/import.ts';
import { createModel } from '../../models/lstm-model.ts';
import type { Network } from '../../models/network.ts';
import { InvalidInput, InvalidModel } from '../../src/errors.ts';
import { cpuTime } from '../helpers/cpu-time.ts';
import { type KerasModel, kerasFile, layouts } from './models-keras-files.ts';
import { doubleForecast, randomWeights } from './models-reference.ts';

const options: KerasImportOptions = {
  name: 'boiler',
  source: 'boiler.keras',
  config: '{"threshold": 2.387, "window_size": 6}',
  scale: { kind: 'min-max', minimum: 50, maximum: 90 },
};

function network(fields: Partial<Network> = {}): Network {
  return {
    lstm: [
      { units: 5, activation: 'relu', recurrentActivation: 'sigmoid' },
      { units: 3, activation: 'tanh', recurrentActivation: 'sigmoid' },
    ],
    dense: [
      { units: 4, activation: 'relu' },
      { units: 1, activation: 'linear' },
    ],
    ...fields,
  };
}

function kerasModel(fields: Partial<KerasModel> = {}): KerasModel {
  const shape = fields.network ?? network();
  return { network: shape, weights: randomWeights(shape, 11), window: 6, ...fields };
}

/** A random window in the units of the series, what the artifact makes of it, and what the equations do. */
function compare(artifact: Artifact, { network: shape, weights }: KerasModel, low = 50, width = 40) {
  const source = random(1, 'window');
  const window = Float64Array.from({ length: artifact.window }, () => source.between(55, 85));
  const out = new Float64Array(1);
  createModel(artifact).forecast(window, 1, out);
  const scaled = window.map((value) => (value - low) / width);
  return { forecast: out[0]!, wanted: low + width * doubleForecast(shape, weights, scaled) };
}

async function failure(
  bytes: Uint8Array,
  changes: Partial<KerasImportOptions> = {},
): Promise<InvalidModel | InvalidInput> {
  const error = await importKeras(bytes, { ...options, ...changes }).catch((reason: unknown) => reason);
  if (!(error instanceof InvalidModel || error instanceof InvalidInput)) throw error;
  return error;
}

describe('importing from Keras', () => {
  it.each(layouts)('reads the %s layout', async (layout) => {
    const model = kerasModel();
    const artifact = await importKeras(await kerasFile(layout, model), options);
    const { forecast, wanted } = compare(artifact, model);
    expect(forecast).toBeCloseTo(wanted, 4);
    expect(artifact).toMatchObject({
      name: 'boiler',
      window: 6,
      network: model.network,
      scaling: { kind: 'affine', centre: 50, scale: 40 },
      threshold: { value: 2.387, levelShare: 0 },
    });
    expect(artifact.weights).toEqual(model.weights);
  });

  it('takes layers by their place where the names go on counting from an earlier model', async () => {
    const model = kerasModel({
      network: network({
        lstm: [
          { units: 3, activation: 'tanh', recurrentActivation: 'sigmoid' },
          { units: 3, activation: 'tanh', recurrentActivation: 'sigmoid' },
        ],
      }),
      session: 1,
    });
    for (const layout of layouts) {
      const artifact = await importKeras(await kerasFile(layout, model), options);
      expect(artifact.weights, layout).toEqual(model.weights);
    }
  });

  it('takes layers of an archive by their place even where a name is that of another place', async () => {
    const swapped: Record<string, string> = { lstm: 'lstm_1', lstm_1: 'lstm' };
    const model = kerasModel({
      describe: ({ config }) => {
        config.name = swapped[config.name as string] ?? config.name;
      },
    });
    for (const layout of layouts.filter((name) => !name.startsWith('h5'))) {
      const artifact = await importKeras(await kerasFile(layout, model), options);
      expect(artifact.weights, layout).toEqual(model.weights);
    }
  });

  it('reads a Sequential model as Keras 2.2.2 and before described it: a list of layers', async () => {
    const model = kerasModel({ bareLayers: true });
    const artifact = await importKeras(await kerasFile('h5-keras2', model), options);
    expect(artifact.weights).toEqual(model.weights);
  });

  it('takes single and double precision, however they are said', async () => {
    for (const dtype of ['float32', 'float64', null, policy('float32')]) {
      const fields = changed('LSTM', { dtype, lora_rank: null, quantization_config: null });
      expect((await importKeras(await kerasFile('keras3', kerasModel(fields)), options)).window).toBe(6);
    }
  });

  it('knows that Keras 3 has another hard sigmoid', async () => {
    const hard = (recurrentActivation: 'hardSigmoid' | 'hardSigmoidSixth') =>
      network({ lstm: [{ units: 4, activation: 'sigmoid', recurrentActivation }] });
    for (const [layout, kind] of [
      ['keras2', 'hardSigmoid'],
      ['keras3', 'hardSigmoidSixth'],
      ['h5-keras2', 'hardSigmoid'],
      ['h5-keras3', 'hardSigmoidSixth'],
    ] as const) {
      const model = kerasModel({ network: hard(kind) });
      const artifact = await importKeras(await kerasFile(layout, model), options);
      expect(artifact.network.lstm[0]!.recurrentActivation).toBe(kind);
      const { forecast, wanted } = compare(artifact, model);
      expect(forecast).toBeCloseTo(wanted, 4);
    }
  });

  it('takes a standard scale, or none', async () => {
    const model = kerasModel();
    const bytes = await kerasFile('keras3', model);
    const standard = await importKeras(bytes, {
      ...options,
      scale: { kind: 'standard', mean: 70, deviation: 4 },
    });
    const scaled = compare(standard, model, 70, 4);
    expect(scaled.forecast).toBeCloseTo(scaled.wanted, 4);
    const { scale: _, ...unscaled } = options;
    const raw = compare(await importKeras(bytes, unscaled), model, 0, 1);
    expect(raw.forecast).toBeCloseTo(raw.wanted, 4);
  });

  it('takes the threshold in the units of the series, or converts it', async () => {
    const bytes = await kerasFile('keras2', kerasModel());
    const value = async (changes: Partial<KerasImportOptions>) =>
      (await importKeras(bytes, { ...options, ...changes })).threshold.value;
    expect(await value({})).toBe(2.387);
    expect(await value({ threshold: 3 })).toBe(3);
    expect(await value({ config: '{}', threshold: 0.05, thresholdUnits: 'scaled' })).toBeCloseTo(2, 12);
  });

  it('takes the window from the configuration where the model leaves it open', async () => {
    const bytes = await kerasFile('keras3', kerasModel({ window: null }));
    expect(
      (await importKeras(bytes, { ...options, config: '{"threshold": 1, "window_size": 12}' })).window,
    ).toBe(12);
    const { config: _, ...without } = options;
    const unknown = importKeras(bytes, { ...without, threshold: 1 });
    await expect(unknown).rejects.toMatchObject({ code: 'invalid_input', field: 'config' });
    // As the replaced system did; and a file from an editor of Windows.
    expect((await importKeras(bytes, { ...options, config: '\uFEFF{"threshold": 1}' })).window).toBe(10);
  });

  it('reads layers without bias', async () => {
    const model = kerasModel({
      describe: ({ config }) => {
        if ('use_bias' in config) config.use_bias = false;
      },
      without: /bias|vars.2$|dense.*vars.1$/,
    });
    for (const layout of layouts) {
      const artifact = await importKeras(await kerasFile(layout, model), options);
      expect([...artifact.weights.subarray(20 + 100, 20 + 100 + 20)], layout).toEqual(new Array(20).fill(0));
    }
  });

  it('gives the same artifact for the same file', async () => {
    const bytes = await kerasFile('keras2', kerasModel());
    const twice = [await importKeras(bytes, options), await importKeras(bytes, options)];
    expect(artifactBytes(twice[0]!)).toEqual(artifactBytes(twice[1]!));
  });
});

describe('what cannot be imported', () => {
  it('is said to be no Keras file', async () => {
    expect((await failure(new Uint8Array())).message).toContain('boiler.keras: neither');
    expect((await failure(strToU8('hello, I am a model'))).message).toContain('neither');
    expect((await failure(zipSync({ 'readme.txt': strToU8('x') }))).message).toContain('no config.json');
    const broken = {
      'config.json': strToU8('{'),
      'metadata.json': strToU8('{}'),
      'model.weights.h5': strToU8('x'),
    };
    expect((await failure(zipSync(broken))).message).toContain('config.json is no JSON');
    const plain = { ...broken, 'config.json': strToU8('{}') };
    expect((await failure(zipSync(plain))).message).toContain('model.weights.h5: HDF5');
  });

  it('includes files cut at any length', async () => {
    for (const layout of ['keras3', 'h5-keras2'] as const) {
      const bytes = await kerasFile(layout, kerasModel());
      for (const share of [0.01, 0.2, 0.5, 0.8, 0.95, 0.999]) {
        const error = await failure(bytes.subarray(0, Math.floor(bytes.length * share)));
        expect(error, `${layout} ${share}`).toBeInstanceOf(InvalidModel);
        expect(error.message).toContain('boiler.keras');
      }
    }
  });

  it('is named by layer when weights are missing, misshapen or no numbers', async () => {
    for (const layout of layouts) {
      const bytes = await kerasFile(layout, kerasModel({ without: /lstm_1.*(vars.1|recurrent_kernel)/ }));
      expect((await failure(bytes)).message, layout).toMatch(/layer lstm_1: recurrent_kernel is missing/);
      const nan = randomWeights(network(), 1);
      nan[3] = Number.NaN;
      const bad = await failure(await kerasFile(layout, kerasModel({ weights: nan })));
      expect(bad, layout).toMatchObject({ field: 'lstm.kernel' });
      expect(bad.message).toMatch(/layer lstm: kernel contains NaN/);
      const wider = kerasModel({
        describe: ({ class_name, config }) => {
          if (class_name === 'LSTM' && config.name === 'lstm') config.units = 6;
        },
      });
      expect((await failure(await kerasFile(layout, wider))).message, layout).toMatch(
        /layer lstm: kernel is \[1, 20\] where \[1, 24\]/,
      );
    }
    const none = await kerasFile('keras3', kerasModel({ without: /./ }));
    expect((await failure(none)).message).toMatch(/layer lstm: kernel is missing/);
  });

  it.each<[string, RegExp, Partial<KerasModel>]>([
    [
      'another kind of layer',
      /layer gru: a GRU layer; supported are/,
      { extra: [{ class_name: 'GRU', config: { name: 'gru' } }] },
    ],
    ['a functional model', /a Functional model; supported are Sequential/, { className: 'Functional' }],
    ['an activation', /layer lstm \(LSTM\): activation is "gelu"/, changed('LSTM', { activation: 'gelu' })],
    [
      'a recurrent activation',
      /lstm \(LSTM\): recurrent_activation/,
      changed('LSTM', { recurrent_activation: 'tanh' }),
    ],
    [
      'a dense activation',
      /layer dense \(Dense\): activation is "softmax"/,
      changed('Dense', { activation: 'softmax' }),
    ],
    ['a backward LSTM', /layer lstm \(LSTM\): go_backwards/, changed('LSTM', { go_backwards: true })],
    ['a stateful LSTM', /layer lstm \(LSTM\): stateful/, changed('LSTM', { stateful: true })],
    [
      'a last LSTM with sequences',
      /layer lstm_1: return_sequences must be false/,
      changed('LSTM', { return_sequences: true }),
    ],
    [
      'a layer adapted by LoRA, whose kernel is in several arrays',
      /layer dense \(Dense\): lora_rank is 4/,
      changed('Dense', { lora_rank: 4 }),
    ],
    [
      'half precision',
      /layer lstm \(LSTM\): dtype is .*"mixed_float16"/,
      changed('LSTM', { dtype: policy('mixed_float16') }),
    ],
    [
      'half precision of Keras 2',
      /layer dense \(Dense\): dtype is "float16"/,
      changed('Dense', { dtype: 'float16' }),
    ],
    [
      'a quantized layer',
      /layer dense \(Dense\): dtype is .*"int8"/,
      changed('Dense', {
        dtype: { class_name: 'QuantizedDTypePolicy', config: { mode: 'int8', source_name: 'float32' } },
      }),
    ],
    [
      'a quantized layer of later versions',
      /layer dense \(Dense\): quantization_config/,
      changed('Dense', { quantization_config: { class_name: 'Int8QuantizationConfig', config: {} } }),
    ],
    ['too many units', /layer lstm \(LSTM\): units is 300/, changed('LSTM', { units: 300 })],
    ['several outputs', /layer dense_1: 2 outputs/, changed('Dense', { units: 2 })],
    [
      'several features',
      /layer input_layer: input shape \[, 6, 3\]/,
      changed('InputLayer', { batch_shape: [null, 6, 3] }),
    ],
    ['no LSTM', /0 LSTM and 2 Dense/, { network: network({ lstm: [] }), weights: new Float32Array(13) }],
  ])('includes %s', async (_, message, fields) => {
    const error = await failure(await kerasFile('keras3', kerasModel(fields)));
    expect(error).toBeInstanceOf(InvalidModel);
    expect(error.message).toMatch(message);
  });

  it('includes four LSTM layers', async () => {
    const lstm = new Array(4).fill({ units: 2, activation: 'tanh', recurrentActivation: 'sigmoid' });
    const error = await failure(await kerasFile('keras3', kerasModel({ network: network({ lstm }) })));
    expect(error.message).toMatch(/4 LSTM/);
  });

  it('includes an .h5 of weights alone', async () => {
    const archive = unzipSync(await kerasFile('keras2', kerasModel()));
    expect(await failure(archive['model.weights.h5']!)).toMatchObject({ field: 'model_config' });
  });

  it('includes a window, threshold, configuration or scale that does not fit', async () => {
    const bytes = await kerasFile('keras3', kerasModel());
    expect(await failure(bytes, { config: '{"threshold": 1, "window_size": 10}' })).toMatchObject({
      field: 'window_size',
    });
    const cases: [string, Partial<KerasImportOptions>][] = [
      ['threshold', { config: '{"window_size": 6}' }],
      ['threshold', { threshold: Number.NaN }],
      ['threshold', { threshold: -1 }],
      ['config', { config: 'threshold=1' }],
      ['config', { config: '[]' }],
      ['config', { config: '{"threshold": "2"}' }],
      ['scale', { scale: { kind: 'min-max', minimum: 3, maximum: 3 } }],
      ['scale', { scale: { kind: 'standard', mean: 3, deviation: 0 } }],
    ];
    for (const [field, changes] of cases) {
      const error = await failure(bytes, changes);
      expect(error, JSON.stringify(changes)).toBeInstanceOf(InvalidInput);
      expect(error.field).toBe(field);
    }
  });
});

describe('MEAN:DEVIATION', () => {
  it('is two numbers, the second above 0', () => {
    expect(parseStandard('71.2:4.25')).toEqual({ kind: 'standard', mean: 71.2, deviation: 4.25 });
    expect(parseStandard('-5: 1e2')).toEqual({ kind: 'standard', mean: -5, deviation: 100 });
    for (const text of ['', '1', '1:', '1:2:3', 'a:b', '1:0', '1:-2', '1:NaN'])
      expect(() => parseStandard(text), text).toThrow(InvalidInput);
  });
});

describe('MIN:MAX', () => {
  it('is two numbers in order', () => {
    expect(parseMinMax('57.45:86.2')).toEqual({ kind: 'min-max', minimum: 57.45, maximum: 86.2 });
    expect(parseMinMax('-5: 1e2')).toEqual({ kind: 'min-max', minimum: -5, maximum: 100 });
    for (const text of ['', ':', '1:', ':2', '1', '1:2:3', 'a:b', '2:1', '1:1', 'NaN:1', '0:Infinity'])
      expect(() => parseMinMax(text), text).toThrow(InvalidInput);
  });
});

const real = new URL('../../../shared/keras/', import.meta.url);
const present = existsSync(real);

describe.skipIf(!present)('the real Keras files in ../shared/keras (skipped where it is absent)', () => {
  it.each(['lstm.keras', 'lstm.h5'])(
    '%s forecasts what Keras forecasts, after a second of work at most',
    async (name) => {
      const expected = JSON.parse(await readFile(new URL('expected.json', real), 'utf8'));
      const rows = (await readFile(new URL('ambient.csv', real), 'utf8')).trim().split(/\r?\n/).slice(1);
      const values = Float64Array.from(rows, (row) => Number(row.split(',')[1]));
      const { min, max } = expected.scaler;
      const bytes = await readFile(new URL(name, real));
      let artifact!: Awaited<ReturnType<typeof importKeras>>;
      const work = await cpuTime(async () => {
        artifact = await importKeras(bytes, {
          name: 'ambient',
          threshold: 2.4,
          scale: { kind: 'min-max', minimum: min, maximum: max },
        });
      });
      expect(work).toBeLessThan(1000);
      const wanted: number[] = expected[name].expected;
      const windows = new Float64Array(wanted.length * artifact.window);
      wanted.forEach((_, row) => {
        const first = expected.firstRow + row - artifact.window;
        windows.set(values.subarray(first, first + artifact.window), row * artifact.window);
      });
      const out = new Float64Array(wanted.length);
      createModel(artifact).forecast(windows, wanted.length, out);
      const worst = wanted.reduce((most, value, row) => Math.max(most, Math.abs(value - out[row]!)), 0);
      expect(worst).toBeLessThanOrEqual(1e-4);
    },
  );
});

function policy(name: string) {
  return { module: 'keras', class_name: 'DTypePolicy', config: { name }, registered_name: null };
}

function changed(className: string, fields: Record<string, unknown>): Partial<KerasModel> {
  return {
    describe: ({ class_name, config }) => {
      if (class_name === className) Object.assign(config, fields);
    },
  };
}
