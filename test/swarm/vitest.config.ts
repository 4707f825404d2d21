import { resolve } from 'node:path';
import { defineConfig } from 'vitest/config';

/** The stack on a real Docker Engine, one test after the other on one deployment. */
export default defineConfig({
  root: resolve(import.meta.dirname, '../..'),
  test: {
    include: ['test/swarm/**/*.swarm.ts'],
    testTimeout: 900_000,
    hookTimeout: 900_000,
    disableConsoleIntercept: true,
  },
});
