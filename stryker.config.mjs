// npm run mutation: scripts/mutation.mjs runs this once for each folder. docs/mutation.md has what came of it.
/** @type {import('@stryker-mutator/api/core').PartialStrykerOptions} */
export default {
  testRunner: 'in-process',
  plugins: ['./test/mutation/runner.mjs', './test/mutation/wording.mjs'],
  coverageAnalysis: 'perTest',
  ignorers: ['wording'],
  concurrency: 1,
  // Loops without end are found by counting; this is for one that passes nothing that counts. Long, for a
  // machine that is busy: a test that is only slow must not count as noticed.
  timeoutMS: 120_000,
  dryRunTimeoutMinutes: 60,
  reporters: ['progress-append-only', 'clear-text', 'json'],
  jsonReporter: { fileName: process.env.MUTATION_REPORT ?? 'reports/mutation/mutation.json' },
  clearTextReporter: { allowColor: false, reportTests: false, logTests: false },
  ignorePatterns: ['dist', 'dashboard', 'bench', 'docs', '.servers', '.tidemark', 'coverage', 'reports'],
};
