/**
 * The little of HDF5 that the importer needs, through h5wasm (the HDF Group's library, compiled to WebAssembly: damaged
 * files cannot reach memory outside its own). It is loaded on first use, because only an import needs it.
 */
import { InvalidModel } from '../../src/errors.ts';

export interface Hdf5Array {
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

export interface Hdf5 {
  /** A text attribute of the root group. */
  attribute(name: string): string | undefined;
  /** Paths of all data sets, with `/` where Keras on Windows wrote a backslash. */
  readonly paths: readonly string[];
  /** @throws {InvalidModel} when the data set is no array of numbers or cannot be read */
  read(path: string): Hdf5Array;
}

/**
 * @param source how messages call the file
 * @throws {InvalidModel} when the bytes are no whole HDF5 file
 */
export async function withHdf5<T>(bytes: Uint8Array, source: string, use: (hdf5: Hdf5) => T): Promise<T> {
  const { default: h5wasm } = await import('h5wasm');
  const module = await h5wasm.ready;
  // Otherwise the library prints its error stack instead of throwing it.
  module.activate_throwing_error_handler();
  // Nothing is awaited from here on, so one name is enough.
  const name = '/import.h5';
  module.FS.writeFile(name, bytes);
  try {
    const file = attempt(source, 'is damaged or cut off', () => new h5wasm.File(name, 'r'));
    try {
      const real = new Map<string, string>();
      for (const path of attempt(source, 'cannot be listed', () => file.paths()))
        if (attempt(source, path, () => file.get(path)) instanceof h5wasm.Dataset)
          real.set(path.replaceAll('\\', '/'), path);
      return use({
        attribute(key) {
          const value = attempt(source, key, () => file.attrs[key]?.value);
          return typeof value === 'string' ? value : undefined;
        },
        paths: [...real.keys()],
        read(path) {
          const data = attempt(source, path, () => {
            const set = file.get(real.get(path) ?? path);
            return set instanceof h5wasm.Dataset ? { shape: set.shape, values: set.value } : null;
          });
          if (!data?.shape || !(data.values instanceof Float32Array || data.values instanceof Float64Array))
            throw new InvalidModel(`${source}: ${path} is no array of floating-point numbers`, {
              field: path,
            });
          return { shape: data.shape, values: Float32Array.from(data.values) };
        },
      });
    } finally {
      file.close();
    }
  } finally {
    module.FS.unlink(name);
  }
}

function attempt<T>(source: string, what: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    throw new InvalidModel(`${source}: HDF5: ${what}`, { cause });
  }
}
