import { defineConfig } from 'vitest/config';

/** The tests that mutants are tried with, see run.js. */
const include = (process.env.MUTATION_TESTS ?? '').split(' ');
export default defineConfig({ test: { include, testTimeout: 30_000 } });
