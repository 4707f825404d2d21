/**
 * The two ways Keras saves a whole model: a `.keras` archive (zip of config.json, metadata.json and model.weights.h5; Keras
 * 2.12 and later) and the older single `.h5`. They are told apart by their first bytes, never by the file's name.
 */
import { strFromU8, unzipSync } from 'fflate';
import { InvalidModel } from '../../src/errors.ts';
import { type Hdf5, withHdf5 } from './hdf5.ts';

export interface KerasFile {
  readonly kind: '.keras' | '.h5';
  /** As written by Keras, such as `2.14.0`; empty where the file does not say. */
  readonly kerasVersion: string;
  /** The model's `get_config()` with its class name, parsed. */
  readonly config: unknown;
  readonly hdf5: Hdf5;
}

const CONFIG = 'config.json';
const METADATA = 'metadata.json';
const WEIGHTS = 'model.weights.h5';

/** Three layers of 256 units with their Adam moments are 16 MB. */
const LARGEST = 256 * 1024 * 1024;

/**
 * @param source how messages call the file
 * @throws {InvalidModel} when it is neither, or is damaged
 */
export async function openKeras<T>(
  bytes: Uint8Array,
  source: string,
  use: (file: KerasFile) => T,
): Promise<T> {
  if (startsWith(bytes, [0x50, 0x4b, 0x03, 0x04])) return openArchive(bytes, source, use);
  if (startsWith(bytes, [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a]))
    return openLegacy(bytes, source, use);
  throw new InvalidModel(`${source}: neither a .keras archive nor an HDF5 file`);
}

function openArchive<T>(bytes: Uint8Array, source: string, use: (file: KerasFile) => T): Promise<T> {
  let entries: Record<string, Uint8Array>;
  try {
    entries = unzipSync(bytes, {
      filter: ({ name, originalSize }) =>
        [CONFIG, METADATA, WEIGHTS].includes(name) && originalSize <= LARGEST,
    });
  } catch (cause) {
    throw new InvalidModel(`${source}: the zip archive is damaged or cut off`, { cause });
  }
  const entry = (name: string): Uint8Array => {
    const found = entries[name];
    if (!found)
      throw new InvalidModel(`${source}: the archive has no ${name} (or one over 256 MB)`, { field: name });
    return found;
  };
  const config = parseJson(strFromU8(entry(CONFIG)), `${source}: ${CONFIG}`);
  const metadata = parseJson(strFromU8(entry(METADATA)), `${source}: ${METADATA}`);
  return withHdf5(entry(WEIGHTS), `${source}: ${WEIGHTS}`, (hdf5) =>
    use({ kind: '.keras', kerasVersion: versionIn(metadata), config, hdf5 }),
  );
}

function openLegacy<T>(bytes: Uint8Array, source: string, use: (file: KerasFile) => T): Promise<T> {
  return withHdf5(bytes, source, (hdf5) => {
    const text = hdf5.attribute('model_config');
    if (text === undefined)
      throw new InvalidModel(`${source}: has no model_config: save the whole model, not its weights alone`, {
        field: 'model_config',
      });
    const config = parseJson(text, `${source}: model_config`);
    return use({ kind: '.h5', kerasVersion: hdf5.attribute('keras_version') ?? '', config, hdf5 });
  });
}

function versionIn(metadata: unknown): string {
  const version = (metadata as { keras_version?: unknown } | null)?.keras_version;
  return typeof version === 'string' ? version : '';
}

function parseJson(text: string, what: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new InvalidModel(`${what} is no JSON`, { cause });
  }
}

function startsWith(bytes: Uint8Array, signature: readonly number[]): boolean {
  return signature.every((byte, index) => bytes[index] === byte);
}
