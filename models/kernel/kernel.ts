/**
 * Runs a network in WebAssembly with 128-bit SIMD, on the calling thread and without allocating per call. The bits of a
 * window's answer depend on that window and the weights only: not on the batch, and not on the machine.
 */
import { ConfigurationError } from '../../src/errors.ts';
import type { Network } from '../network.ts';
import { relaxedSimd, simd128 } from './binary.ts';
import { BLOCK, layOut } from './layout.ts';

// The part of the JavaScript API that is used: TypeScript has it only together with the browser's whole DOM.
declare const WebAssembly: {
  validate(bytes: Uint8Array): boolean;
  Module: new (bytes: Uint8Array) => object;
  Instance: new (module: object) => { readonly exports: object };
};

interface Exports {
  readonly memory: { readonly buffer: ArrayBuffer; grow(pages: number): number };
  recur(layers: number, count: number, inputs: number, window: number, n: number, z: number): void;
  head(
    layer: number,
    dense: number,
    count: number,
    scratch: number,
    width: number,
    outputs: number,
    n: number,
  ): void;
}

export interface Kernel {
  readonly backend: string;
  /** How many windows one `run` takes. */
  readonly block: number;
  /** Where the caller writes up to `block` x window scaled values, row-major, oldest first. */
  readonly inputs: Float32Array;
  /** Where `run` leaves one scaled forecast per window. */
  readonly outputs: Float64Array;
  run(n: number): void;
}

/**
 * `simd128` gives the same bits on every machine. `relaxed` fuses multiplications and additions where the machine can: faster,
 * needs Node 22, and its last bits differ between processors, so replicas of one system must not mix.
 */
export type Simd = 'simd128' | 'relaxed';

const binaries: Record<Simd, { readonly base64: string; readonly backend: string }> = {
  simd128: { base64: simd128, backend: 'wasm-simd128' },
  relaxed: { base64: relaxedSimd, backend: 'wasm-relaxed-simd' },
};

/**
 * @param weights as in `weightShapes`; copied
 * @throws {ConfigurationError} on a machine without this kind of WebAssembly SIMD
 */
export function createKernel(
  network: Network,
  window: number,
  weights: Float32Array,
  simd: Simd = 'simd128',
): Kernel {
  const { memory, recur, head } = instantiate(simd);
  const layout = layOut(network, window, weights);
  const missing = layout.bytes - memory.buffer.byteLength;
  if (missing > 0) memory.grow(Math.ceil(missing / 65_536));
  layout.fill(memory.buffer);
  const lstmLayers = network.lstm.length;
  const denseLayers = network.dense.length;
  return {
    backend: binaries[simd].backend,
    block: BLOCK,
    inputs: new Float32Array(memory.buffer, layout.inputs, BLOCK * window),
    outputs: new Float64Array(memory.buffer, layout.outputs, BLOCK),
    run(n) {
      recur(layout.layers, lstmLayers, layout.inputs, window, n, layout.z);
      head(
        layout.lastLayer,
        layout.dense,
        denseLayers,
        layout.scratch,
        layout.scratchWidth,
        layout.outputs,
        n,
      );
    },
  };
}

/** What the setting asks for where this Node can run it, else `simd128`. */
export function usableSimd(wanted: Simd): Simd {
  return WebAssembly.validate(binaryOf(wanted)) ? wanted : 'simd128';
}

function binaryOf(simd: Simd): Uint8Array {
  return Buffer.from(binaries[simd].base64, 'base64');
}

function instantiate(simd: Simd): Exports {
  const bytes = binaryOf(simd);
  if (!WebAssembly.validate(bytes))
    throw new ConfigurationError(
      simd === 'relaxed'
        ? 'this Node has no relaxed WebAssembly SIMD (Node 22 has); use simd128'
        : 'this machine has no WebAssembly SIMD, which the scoring kernel needs',
    );
  return new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports as Exports;
}
