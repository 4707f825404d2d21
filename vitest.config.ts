import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/{unit,contract,e2e,faults,browser}/**/*.test.ts'],
    reporters: ['default', './test/helpers/summary-reporter.ts'],
    // Most files wait for programs that they have started: by itself Vitest would run one at a time on two cores.
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 30_000,
    // CI shares its machine. A test that fails there runs once more, and the summary names it: such a test is to be mended.
    retry: process.env.CI ? 1 : 0,
  },
});
