import { defineConfig } from 'vitest/config';

/** The unit tests are what mutants are tried with: they are fast, and each names the code that it tests. */
export default defineConfig({ test: { include: ['test/unit/**/*.test.ts'], testTimeout: 30_000 } });
