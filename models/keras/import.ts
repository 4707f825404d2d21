/**
 * Keras models, as an artifact: what was trained with Keras forecasts the same here (checked to 1e-4 of the series' units).
 *
 * A Keras file holds the network only. What it was trained on stands beside it: the scaler that was applied to the series, and
 * the threshold, in the configuration file of the system this one replaces: `{"threshold": 2.387, "window_size": 10}`. That
 * system gave the network raw values, so its threshold is in the units of the series, and this is the default here; a
 * threshold measured on scaled errors is converted with `thresholdUnits: 'scaled'`.
 */
import * as z from 'zod';
import { InvalidInput, InvalidModel } from '../../src/errors.ts';
import { type Artifact, createArtifact } from '../artifact.ts';
import type { Scaling } from '../scaling.ts';
import { readArchitecture } from './architecture.ts';
import { openKeras } from './container.ts';
import { readWeights } from './weights.ts';

export interface KerasImportOptions {
  /** Name of the artifact. */
  readonly name: string;
  readonly version?: string;
  /** How messages call the file; default `model`. */
  readonly source?: string;
  /** Text of the seed's `config-lstm-model.json`. */
  readonly config?: string;
  /** Wins over the configuration's. */
  readonly threshold?: number;
  /** Default `series`. */
  readonly thresholdUnits?: 'series' | 'scaled';
  /** The scaler the model was trained with; default none: the network takes the series as it is. */
  readonly scale?: KerasScale;
}

export type KerasScale =
  | { readonly kind: 'min-max'; readonly minimum: number; readonly maximum: number }
  | { readonly kind: 'standard'; readonly mean: number; readonly deviation: number };

/** What the replaced system took where its configuration had no `window_size`. */
const SEED_WINDOW = 10;

const configSchema = z.object({
  threshold: z.number().positive().optional(),
  window_size: z.int().positive().optional(),
});

/**
 * @param bytes a `.keras` or `.h5` file, whatever its name
 * @throws {InvalidModel} the file cannot be used: names the layer or part at fault
 * @throws {InvalidInput} the options cannot: names the option
 */
export async function importKeras(bytes: Uint8Array, options: KerasImportOptions): Promise<Artifact> {
  const { name, source = 'model' } = options;
  const config = readConfig(options.config);
  const scaling = scalingOf(options.scale);
  const given = options.threshold ?? config.threshold;
  if (given === undefined)
    throw new InvalidInput(
      'threshold',
      'a Keras model has no threshold of its own: give one, or the configuration file',
    );
  if (!(given > 0 && Number.isFinite(given)))
    throw new InvalidInput('threshold', `the threshold must be a positive number, not ${given}`);
  const threshold = options.thresholdUnits === 'scaled' ? given * scaling.scale : given;

  return openKeras(bytes, source, (file) => {
    const { network, layers, window: fixed } = readArchitecture(file.config, file.kerasVersion, source);
    if (fixed !== null && config.window_size !== undefined && fixed !== config.window_size) {
      const problem = `the model takes windows of ${fixed}, the configuration says ${config.window_size}`;
      throw new InvalidModel(`${source}: ${problem}`, { field: 'window_size' });
    }
    const window = fixed ?? config.window_size ?? (options.config === undefined ? undefined : SEED_WINDOW);
    if (window === undefined)
      throw new InvalidInput(
        'config',
        'the model takes windows of any length: the configuration file must say which (window_size)',
      );
    return createArtifact({
      name,
      version: options.version ?? '1',
      window,
      network,
      scaling,
      threshold: { value: threshold, levelShare: 0 },
      origin: { kind: 'keras', source: `Keras ${file.kerasVersion || 'of unknown version'}, ${file.kind}` },
      weights: readWeights(file, network, layers, source),
    });
  });
}

/**
 * `MIN:MAX`, the range a min-max scaler was fitted to.
 * @throws {InvalidInput}
 */
export function parseMinMax(text: string): KerasScale {
  const [minimum, maximum] = parsePair(text, 'the scale must be MIN:MAX');
  return checked({ kind: 'min-max', minimum, maximum });
}

/**
 * `MEAN:DEVIATION`, what a standard scaler was fitted to.
 * @throws {InvalidInput}
 */
export function parseStandard(text: string): KerasScale {
  const [mean, deviation] = parsePair(text, 'the standard scale must be MEAN:DEVIATION');
  return checked({ kind: 'standard', mean, deviation });
}

function parsePair(text: string, wanted: string): [number, number] {
  const numbers = text.split(':').map((part) => (part.trim() === '' ? Number.NaN : Number(part)));
  if (numbers.length !== 2 || !numbers.every(Number.isFinite))
    throw new InvalidInput('scale', `${wanted}, two numbers, not "${text}"`);
  return numbers as [number, number];
}

function checked(scale: KerasScale): KerasScale {
  scalingOf(scale);
  return scale;
}

function scalingOf(scale: KerasScale | undefined): Scaling & { kind: 'affine' } {
  if (!scale) return { kind: 'affine', centre: 0, scale: 1 };
  const [centre, width] =
    scale.kind === 'min-max' ? [scale.minimum, scale.maximum - scale.minimum] : [scale.mean, scale.deviation];
  if (!Number.isFinite(centre) || !(width > 0 && Number.isFinite(width)))
    throw new InvalidInput(
      'scale',
      scale.kind === 'min-max'
        ? `the scale's MIN must be below its MAX, not ${scale.minimum}:${scale.maximum}`
        : `the scale's deviation must be above 0, not ${scale.deviation}`,
    );
  return { kind: 'affine', centre, scale: width };
}

function readConfig(text: string | undefined): z.infer<typeof configSchema> {
  if (text === undefined) return {};
  let json: unknown;
  try {
    // Editors of Windows begin a file with a byte order mark.
    json = JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch (cause) {
    throw new InvalidInput('config', 'the configuration file is no JSON', { cause });
  }
  const result = configSchema.safeParse(json);
  if (result.success) return result.data;
  const { path, message } = result.error.issues[0]!;
  throw new InvalidInput('config', `configuration file: ${path.join('.') || 'content'}: ${message}`);
}
