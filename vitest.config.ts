import { defineConfig } from 'vitest/config';
import { generate } from './scripts/generate.ts';

generate();

export default defineConfig({
  test: {
    include: ['test/{unit,gpu,e2e}/**/*.test.ts'],
    // Two cores: one for the test, one for the process that it may have started.
    maxWorkers: 2,
    testTimeout: 20_000,
    hookTimeout: 60_000,
    // GPU and browser tests own the device or the editor that they started.
    fileParallelism: true,
  },
});
