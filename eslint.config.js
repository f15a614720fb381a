import tseslint from 'typescript-eslint';

const clocks = ['setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask'];
const clockMessage = 'Take it from `runtime.clock`, so that tests and the simulator can move time.';
const randomMessage = 'Take it from `runtime.random`, so that a seed decides it.';

/** Rules that hold for all code, before the exceptions below. */
const base = {
  eqeqeq: ['error', 'always', { null: 'ignore' }],
  'no-console': 'error',
  'no-control-regex': 'error',
  'max-lines': ['error', { max: 400 }],
  'max-lines-per-function': ['error', { max: 70, skipBlankLines: true, skipComments: true }],
  'no-restricted-syntax': [
    'error',
    { selector: 'ExportDefaultDeclaration', message: 'A name that is chosen once is a name that can be searched.' },
    { selector: 'TSEnumDeclaration', message: 'Erasable syntax only: a union of strings.' },
  ],
  '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
  '@typescript-eslint/explicit-module-boundary-types': 'error',
  '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
  '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
  // On strings and numbers `||` means something that `??` does not: empty and zero count as absent.
  '@typescript-eslint/prefer-nullish-coalescing': ['error', { ignorePrimitives: true }],
  // Spreading a string walks its code points, which is what widths and columns are counted in.
  '@typescript-eslint/no-misused-spread': ['error', { allow: ['string'] }],
  // Numbers and booleans read well in templates; objects, null and undefined in one are the mistake.
  '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
  // The compiler keeps `signal.aborted` narrowed across an await, so in loops that end by abort it is wrong.
  '@typescript-eslint/no-unnecessary-condition': 'off',
  '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
  // Both spell types; interfaces are for shapes that are implemented, and that is for a reviewer to see.
  '@typescript-eslint/consistent-type-definitions': 'off',
  // noPropertyAccessFromIndexSignature is not on, and process.env reads the same either way.
  '@typescript-eslint/dot-notation': 'off',
};

export default tseslint.config(
  {
    ignores: [
      'dist/',
      'dashboard/dist/',
      'node_modules/',
      '.tidemark/',
      'coverage/',
      'reports/',
      '.stryker-tmp/',
      '**/fixtures/**',
    ],
  },
  {
    files: ['**/*.{ts,tsx}'],
    extends: [...tseslint.configs.strictTypeChecked, ...tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: base,
  },
  {
    files: ['src/**/*.ts'],
    ignores: ['src/runtime/**', '**/*.test.ts'],
    rules: {
      'no-restricted-globals': ['error', ...clocks.map((name) => ({ name, message: clockMessage }))],
      'no-restricted-properties': [
        'error',
        { object: 'Date', property: 'now', message: clockMessage },
        { object: 'performance', property: 'now', message: clockMessage },
        { object: 'Math', property: 'random', message: randomMessage },
      ],
      'no-restricted-imports': [
        'error',
        { name: 'node:timers', message: clockMessage },
        { name: 'node:timers/promises', message: clockMessage },
        { name: 'node:perf_hooks', message: clockMessage },
      ],
    },
  },
  { files: ['src/cli/**'], rules: { 'no-console': 'off' } },
  {
    files: ['**/*.test.ts', 'test/**', 'bench/**'],
    rules: {
      'max-lines': 'off',
      'max-lines-per-function': 'off',
      // Figures, for whoever reads the run.
      'no-console': 'off',
      // `() => void count++` is a callback that gives nothing.
      '@typescript-eslint/no-meaningless-void-operator': 'off',
      '@typescript-eslint/explicit-module-boundary-types': 'off',
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/no-misused-spread': 'off',
      // What came over HTTP is `any` until an assertion has looked at it, and the assertion is the test.
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
      // `const { inject } = app` and the like: fakes and frameworks made for it.
      '@typescript-eslint/unbound-method': 'off',
    },
  },
  // These tools take their configuration and their plug-ins as a default export.
  { files: ['*.config.ts', 'dashboard/*.config.ts', 'test/reporter.ts'], rules: { 'no-restricted-syntax': 'off' } },
  {
    files: ['**/*.{js,mjs,cjs}'],
    languageOptions: { ecmaVersion: 2024, sourceType: 'module' },
    rules: { 'no-unused-vars': ['error', { argsIgnorePattern: '^_' }], eqeqeq: base.eqeqeq },
  },
);
