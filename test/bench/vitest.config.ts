import { dirname, relative, resolve } from 'node:path';
import { defineConfig, type Plugin } from 'vitest/config';

const root = resolve(import.meta.dirname, '../..');
const SOURCE = /^(src|models|broker|devices)\/.*\.ts$/;

/** Benchmarks measure what runs, the compiled files: what vitest makes of the sources takes up to twice the time. */
const built: Plugin = {
  name: 'built',
  enforce: 'pre',
  resolveId(source, importer) {
    if (!importer || !source.startsWith('.')) return null;
    const file = relative(root, resolve(dirname(importer), source));
    return SOURCE.test(file) ? resolve(root, 'dist', file.replace(/ts$/, 'js')) : null;
  },
};

/** Benchmarks print tables and assert only that the work was done; `npm run bench -- NAME` builds, and runs one. */
export default defineConfig({
  root,
  plugins: [built],
  test: {
    include: ['test/bench/**/*.bench.ts'],
    testTimeout: 900_000,
    hookTimeout: 60_000,
    fileParallelism: false,
    disableConsoleIntercept: true,
    server: { deps: { external: [/\/dist\//] } },
  },
});
