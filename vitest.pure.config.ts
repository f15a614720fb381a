import { defineConfig } from 'vitest/config';
import { PURE, PURE_TESTS, SLOW_TESTS } from './test/mutation/pure.ts';

/** `npm run coverage`: every branch of the pure code, by its own tests. */
export default defineConfig({
  test: {
    include: PURE_TESTS,
    exclude: SLOW_TESTS,
    setupFiles: ['./test/mutation/fixed-seed.ts'],
    maxWorkers: 2,
    // Properties are of some thousand cases each; how long they take on a busy machine is no claim.
    testTimeout: 120_000,
    coverage: {
      provider: 'v8',
      include: PURE,
      exclude: ['**/*.test.ts'],
      reporter: ['text'],
      thresholds: { branches: 100 },
    },
  },
});
