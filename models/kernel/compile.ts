/**
 * Compiles lstm.as into binary.ts; `npm run build:kernel` after a change to the source. The compiler is a development
 * dependency, its version is pinned by the lock file, and the same source gives the same bytes: a test compares them.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { packageRoot } from '../package-root.ts';

const SOURCE = 'lstm.as';
// The compiler knows its own file name extension only.
const ENTRY = 'lstm.ts';

const FLAGS = [
  '--runtime',
  'stub',
  '-O3',
  '--noAssert',
  '--converge',
  '--initialMemory',
  '1',
  '--enable',
  'simd',
];

/**
 * @param relaxed with fused multiply-add, where the last bits depend on the machine
 * @returns the WebAssembly binary of the kernel's source
 */
async function compileKernel(relaxed: boolean): Promise<Uint8Array> {
  const { default: asc } = await import('assemblyscript/asc');
  const source = await readFile(join(folder(), SOURCE), 'utf8');
  const flags = relaxed ? [...FLAGS, '--enable', 'relaxed-simd'] : FLAGS;
  let binary: Uint8Array | undefined;
  const { error, stderr } = await asc.main([ENTRY, '--outFile', 'lstm.wasm', ...flags], {
    readFile: (name: string) => (name === ENTRY ? source : null),
    writeFile: (_name: string, contents: string | Uint8Array) => {
      if (typeof contents !== 'string') binary = contents;
    },
    listFiles: () => [],
  });
  if (error || !binary) throw new Error(`lstm.as does not compile: ${stderr}`, { cause: error });
  return binary;
}

/** The text of binary.ts. */
export async function binaryModule(): Promise<string> {
  const encode = async (relaxed: boolean) => Buffer.from(await compileKernel(relaxed)).toString('base64');
  return `/** Compiled from lstm.as by \`npm run build:kernel\`; do not edit. */
export const simd128 =
  '${await encode(false)}';
export const relaxedSimd =
  '${await encode(true)}';
`;
}

function folder(): string {
  return join(packageRoot(dirname(fileURLToPath(import.meta.url))), 'models', 'kernel');
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  await writeFile(join(folder(), 'binary.ts'), await binaryModule());
}
