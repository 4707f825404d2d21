import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/chaos/*.chaos.ts'],
    testTimeout: 1_200_000,
    hookTimeout: 60_000,
  },
});
