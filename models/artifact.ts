/**
 * A model as bytes. One UTF-8 JSON text holds everything a forecast needs and where it came from, so the same bytes are a
 * file (`model.json` in the model's folder) and a value in a store. Nothing in it depends on the clock or the machine: equal
 * training gives equal bytes, and with them an equal id.
 *
 * The checksum is the SHA-256 of the JSON text without the `checksum` field. A file that is cut, altered or not of this
 * format is an InvalidModel that names the file and the field; nothing half-read is ever returned.
 */
import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { InvalidModel } from '../src/errors.ts';
import {
  cellActivations,
  denseActivations,
  MAX_DENSE_LAYERS,
  MAX_LSTM_LAYERS,
  MAX_UNITS,
  MAX_WINDOW,
  type Network,
  recurrentActivations,
  weightCount,
  weightShapes,
} from './network.ts';
import type { Scaling } from './scaling.ts';

export const MODEL_FILE = 'model.json';
export const FORMAT = 1;

const units = z.int().min(1).max(MAX_UNITS);
const errors = z.strictObject({ mae: z.number().nonnegative(), p99: z.number().nonnegative() });

const network = z
  .strictObject({
    lstm: z
      .array(
        z.strictObject({
          units,
          activation: z.enum(cellActivations),
          recurrentActivation: z.enum(recurrentActivations),
        }),
      )
      .min(1)
      .max(MAX_LSTM_LAYERS),
    dense: z
      .array(z.strictObject({ units, activation: z.enum(denseActivations) }))
      .min(1)
      .max(MAX_DENSE_LAYERS),
  })
  .refine(({ dense }) => dense.at(-1)?.units === 1, {
    message: 'the last dense layer must have one unit',
    path: ['dense'],
  });

const scaling = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('window') }),
  z.strictObject({ kind: z.literal('affine'), centre: z.number(), scale: z.number().positive() }),
]);

/**
 * The static rule: an error is an anomaly above max(value x unit, levelShare x |centre|). The unit is 1 for `affine`
 * scaling (`value` is in the units of the series) and the window's scale for `window` scaling, whose centre is the
 * window's mean; `levelShare` is 0 for `affine`, and limited where the window varies (lstm-model.ts).
 */
const threshold = z.strictObject({ value: z.number().positive(), levelShare: z.number().nonnegative() });

const origin = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('trained'),
    backend: z.string(),
    seed: z.int(),
    /** Id of the model whose weights training started from. */
    startedFrom: z.string().optional(),
    epochs: z.int().nonnegative(),
    series: z.int().positive(),
    windows: z.int().positive(),
    /** ms UTC of the first and last training row, null without timestamps. */
    from: z.int().nullable(),
    to: z.int().nullable(),
    minimum: z.number(),
    maximum: z.number(),
    mean: z.number(),
    /** On the chronologically last part, which training did not see; units as in `threshold.value`. */
    test: z.strictObject({ windows: z.int().nonnegative(), lstm: errors, persistence: errors, ar10: errors }),
  }),
  z.strictObject({ kind: z.literal('keras'), source: z.string() }),
]);

/** What people call a model. */
export const labels = {
  name: z.string().regex(/^[A-Za-z0-9._-]{1,64}$/, 'must be 1 to 64 of A-Z a-z 0-9 . _ -'),
  version: z.string().min(1, 'must not be empty').max(32, 'must be at most 32 characters'),
};

const schema = z.strictObject({
  format: z.literal(FORMAT),
  ...labels,
  window: z.int().min(1).max(MAX_WINDOW),
  network,
  scaling,
  threshold,
  origin,
  /** float32, little-endian, base64; the arrays of `weightShapes` one after the other. */
  weights: z.base64(),
});

type Body = z.infer<typeof schema>;
export type Threshold = z.infer<typeof threshold>;
export type Origin = z.infer<typeof origin>;

export interface Artifact extends Omit<Body, 'weights' | 'format' | 'network' | 'scaling'> {
  readonly network: Network;
  readonly scaling: Scaling;
  readonly weights: Float32Array;
  /** SHA-256, hex. */
  readonly checksum: string;
}

/** `<name>-<first 12 hex digits of the checksum>`. */
export function modelId(artifact: Artifact): string {
  return `${artifact.name}-${artifact.checksum.slice(0, 12)}`;
}

/**
 * Checks a new model and gives it its checksum.
 * @throws {InvalidModel} where a field, or the number of weights, is not what the format allows
 */
export function createArtifact(fields: Omit<Artifact, 'checksum'>): Artifact {
  const bytes = Buffer.from(fields.weights.buffer, fields.weights.byteOffset, fields.weights.byteLength);
  const body = check({ ...fields, format: FORMAT, weights: bytes.toString('base64') }, fields.name);
  return fromBody(body, digest(body), fields.name);
}

export function artifactBytes(artifact: Artifact): Uint8Array {
  const { weights, checksum, ...rest } = artifact;
  const encoded = Buffer.from(weights.buffer, weights.byteOffset, weights.byteLength).toString('base64');
  const body = check({ format: FORMAT, ...rest, weights: encoded }, artifact.name);
  return Buffer.from(`${JSON.stringify({ ...body, checksum }, null, 1)}\n`);
}

/**
 * @param source how messages call the bytes: a path, or a key of the store
 * @throws {InvalidModel}
 */
export function parseArtifact(bytes: Uint8Array, source: string): Artifact {
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new InvalidModel(`${source}: not a model file: no valid JSON (cut off?)`, { cause });
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json))
    throw new InvalidModel(`${source}: not a model file: no JSON object`);
  const { checksum, ...body } = json as Record<string, unknown>;
  if (body.format !== FORMAT)
    throw invalid(source, 'format', `${JSON.stringify(body.format)} where this program knows ${FORMAT}`);
  const checked = check(body, source);
  if (checksum !== digest(checked))
    throw invalid(source, 'checksum', 'does not fit the content: the file was altered or damaged');
  return fromBody(checked, checksum as string, source);
}

/** @throws {InvalidModel} naming the file, also when it cannot be read */
export async function loadArtifact(folder: string): Promise<Artifact> {
  const path = join(folder, MODEL_FILE);
  let bytes: Uint8Array;
  try {
    bytes = await readFile(path);
  } catch (cause) {
    throw new InvalidModel(`${path}: cannot be read: ${(cause as Error).message}`, { cause });
  }
  return parseArtifact(bytes, path);
}

/** Writes `model.json` into a folder, made if need be. A reader sees the old file or the new one, never a part. */
export async function writeArtifact(folder: string, artifact: Artifact): Promise<void> {
  await mkdir(folder, { recursive: true });
  const path = join(folder, MODEL_FILE);
  const unfinished = `${path}.${process.pid}.tmp`;
  await writeFile(unfinished, artifactBytes(artifact));
  await rename(unfinished, path);
}

function check(body: object, source: string): Body {
  const result = schema.safeParse(body);
  if (result.success) return result.data;
  const issue = result.error.issues[0]!;
  throw invalid(source, issue.path.join('.') || 'model', issue.message);
}

function fromBody(body: Body, checksum: string, source: string): Artifact {
  const { format: _, weights: encoded, ...rest } = body;
  const bytes = Buffer.from(encoded, 'base64');
  const count = weightCount(rest.network);
  if (bytes.byteLength !== count * 4)
    throw invalid(source, 'weights', `${bytes.byteLength} bytes where the network needs ${count * 4}`);
  const weights = new Float32Array(new Uint8Array(bytes).buffer);
  const bad = weights.findIndex((weight) => !Number.isFinite(weight));
  if (bad >= 0) throw invalid(source, 'weights', `${nameOfWeight(rest.network, bad)} is ${weights[bad]}`);
  return { ...rest, weights, checksum };
}

function nameOfWeight(shape: Body['network'], index: number): string {
  for (const { name, size } of weightShapes(shape)) {
    if (index < size) return `${name}[${index}]`;
    index -= size;
  }
  return `[${index}]`;
}

function digest(body: object): string {
  return createHash('sha256').update(JSON.stringify(body)).digest('hex');
}

function invalid(source: string, field: string, problem: string): InvalidModel {
  return new InvalidModel(`${source}: ${field}: ${problem}`, { field });
}
