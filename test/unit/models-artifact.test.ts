import { mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type Artifact,
  artifactBytes,
  createArtifact,
  loadArtifact,
  MODEL_FILE,
  modelId,
  parseArtifact,
  writeArtifact,
} from '../../models/artifact.ts';
import { InvalidModel } from '../../src/errors.ts';
import { randomWeights } from './models-reference.ts';

const network: Artifact['network'] = {
  lstm: [{ units: 3, activation: 'tanh', recurrentActivation: 'sigmoid' }],
  dense: [{ units: 1, activation: 'linear' }],
};

const fields: Omit<Artifact, 'checksum'> = {
  name: 'boiler',
  version: '1',
  window: 10,
  network,
  scaling: { kind: 'affine', centre: 57.5, scale: 28.75 },
  threshold: { value: 2.387, levelShare: 0 },
  origin: { kind: 'keras', source: 'a test' },
  weights: randomWeights(network, 1),
};

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vigia-artifact-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** The artifact as JSON, changed, and with the checksum of the unchanged one. */
function changed(change: (json: Record<string, unknown>) => void): Uint8Array {
  const json = JSON.parse(Buffer.from(artifactBytes(createArtifact(fields))).toString('utf8'));
  change(json);
  return Buffer.from(JSON.stringify(json));
}

/** Sets (or, with undefined, removes) what a path such as `network.lstm.0.units` names. */
function put(json: Record<string, unknown>, path: string, value: unknown): void {
  const keys = path.split('.');
  const last = keys.pop()!;
  const parent = keys.reduce((part, key) => part[key] as Record<string, unknown>, json);
  parent[last] = value;
}

function problem(bytes: Uint8Array): InvalidModel {
  try {
    parseArtifact(bytes, 'the/model.json');
  } catch (error) {
    expect(error).toBeInstanceOf(InvalidModel);
    expect((error as InvalidModel).message).toContain('the/model.json');
    return error as InvalidModel;
  }
  throw new Error('was accepted');
}

describe('artifact', () => {
  it('comes back from bytes and from a folder as it was', async () => {
    const artifact = createArtifact(fields);
    expect(parseArtifact(artifactBytes(artifact), 'bytes')).toEqual(artifact);
    await writeArtifact(join(folder, 'new', 'folder'), artifact);
    expect(await loadArtifact(join(folder, 'new', 'folder'))).toEqual(artifact);
    expect(await readdir(join(folder, 'new', 'folder'))).toEqual([MODEL_FILE]);
  });

  it('is the same bytes for the same content, and another id for any other content', () => {
    const artifact = createArtifact(fields);
    expect(artifactBytes(createArtifact({ ...fields }))).toEqual(artifactBytes(artifact));
    expect(modelId(artifact)).toMatch(/^boiler-[0-9a-f]{12}$/);
    const weights = Float32Array.from(fields.weights);
    weights[5]! += 1e-6;
    expect(modelId(createArtifact({ ...fields, weights }))).not.toBe(modelId(artifact));
    expect(modelId(createArtifact({ ...fields, threshold: { value: 2, levelShare: 0 } }))).not.toBe(
      modelId(artifact),
    );
  });

  it('survives reformatting and reordering of the file', () => {
    const bytes = changed((json) => {
      const { name } = json;
      delete json.name;
      json.name = name;
    });
    expect(parseArtifact(bytes, 'bytes')).toEqual(createArtifact(fields));
  });

  it('names the file that is missing or cut at any length', async () => {
    await expect(loadArtifact(join(folder, 'nowhere'))).rejects.toThrow(join('nowhere', MODEL_FILE));
    await writeArtifact(folder, createArtifact(fields));
    const path = join(folder, MODEL_FILE);
    const { length } = await readFile(path);
    for (const size of [length - 3, length >> 1, 1, 0]) {
      await truncate(path, size);
      await expect(loadArtifact(folder)).rejects.toThrow(InvalidModel);
      await expect(loadArtifact(folder)).rejects.toThrow(path);
    }
    await writeFile(path, Buffer.from([0xff, 0xfe, 0]));
    await expect(loadArtifact(folder)).rejects.toThrow(InvalidModel);
  });

  it('names the field at fault', () => {
    const cases: [field: string, path: string, value: unknown][] = [
      ['format', 'format', 2],
      ['checksum', 'window', 11],
      ['checksum', 'checksum', 'ab'],
      ['checksum', 'checksum', undefined],
      ['name', 'name', 'a/b'],
      ['window', 'window', 0],
      ['scaling.scale', 'scaling.scale', -1],
      ['scaling.kind', 'scaling.kind', 'log'],
      ['threshold.value', 'threshold.value', 0],
      ['threshold', 'threshold', undefined],
      ['network.lstm.0.units', 'network.lstm.0.units', 257],
      ['network.lstm.0.activation', 'network.lstm.0.activation', 'gelu'],
      ['network.dense', 'network.dense.0.units', 2],
      ['weights', 'weights', '***'],
      ['model', 'surprise', 1],
    ];
    for (const [field, path, value] of cases)
      expect(problem(changed((json) => put(json, path, value))).field, path).toBe(field);
  });

  it('refuses weights that are no numbers or too few, by name', () => {
    const weights = Float32Array.from(fields.weights);
    weights[12 + 36 + 4] = Number.NaN;
    expect(() => createArtifact({ ...fields, weights })).toThrow('lstm.0.bias[4] is NaN');
    expect(() => createArtifact({ ...fields, weights: weights.subarray(1) })).toThrow(
      /weights.*252 bytes.*256/,
    );
  });
});
