import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
    // Processes, not threads: tests load native drivers and start servers, and a crash must name its file.
    pool: 'forks',
    maxWorkers: 2,
    // A test that needs longer says so itself. Hooks may start a PostgreSQL, which takes seconds on a busy machine.
    testTimeout: 15_000,
    hookTimeout: 60_000,
    teardownTimeout: 20_000,
    // A second, which is the default, is how long a page may take to draw while another test has both cores.
    expect: { poll: { timeout: 10_000 } },
    reporters: ['default', './test/reporter.ts'],
  },
});
