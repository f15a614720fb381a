/** What a conformance suite needs of a test runner: vitest, jest, mocha and `node:test` all have it. */
export interface TestFrame {
  readonly describe: (title: string, body: () => void) => unknown;
  readonly it: (claim: string, body: () => Promise<void>) => unknown;
}
