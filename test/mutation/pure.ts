// What `npm run coverage` and `npm run mutation` are about: the code that only computes, and the tests that hold it.

export const PURE = [
  'src/model/**/*.ts',
  'src/contracts/**/*.ts',
  'src/trust/**/*.ts',
  'src/pipeline/{coalesce,control,floods,members,open-transactions,settle}.ts',
];

export const PURE_TESTS = [
  'src/{model,contracts,trust}/**/*.test.ts',
  'src/pipeline/{coalesce,control,floods,members,open-transactions,settle}.test.ts',
];

/** These ask how much time hostile input takes, not what comes of it. */
export const SLOW_TESTS = ['src/contracts/hostile.test.ts'];
