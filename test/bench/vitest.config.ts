import { resolve } from 'node:path';
import { defineConfig } from 'vitest/config';

/** Benchmarks print tables and assert only that the work was done; `npm run bench -- NAME` runs one. */
export default defineConfig({
  root: resolve(import.meta.dirname, '../..'),
  test: {
    include: ['test/bench/**/*.bench.ts'],
    testTimeout: 900_000,
    hookTimeout: 60_000,
    fileParallelism: false,
    disableConsoleIntercept: true,
  },
});
