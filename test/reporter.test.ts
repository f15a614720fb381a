import { describe, expect, test } from 'vitest';
import type { TestModule } from 'vitest/node';
import { lastLine, tally } from './reporter.ts';

interface FakeTest {
  readonly state: 'passed' | 'failed' | 'skipped' | 'pending';
  readonly note?: string;
}

function file(tests: readonly FakeTest[], errors: { file?: number; suite?: number } = {}): TestModule {
  const fake = {
    relativeModuleId: 'src/x.test.ts',
    errors: () => Array<unknown>(errors.file ?? 0).fill({}),
    children: {
      allSuites: () => [{ errors: () => Array<unknown>(errors.suite ?? 0).fill({}) }],
      allTests: () =>
        tests.map(({ state, note }, at) => ({ fullName: `t${String(at)}`, result: () => ({ state, note }) })),
    },
  };
  return fake as unknown as TestModule;
}

const here = { unhandled: 0, ci: false, filtered: false };

describe('the last line of a run', () => {
  test.each([
    ['a run in which all is well', [file([{ state: 'passed' }, { state: 'passed' }])], here, '2 passed, 0 failed'],
    ['a failed test', [file([{ state: 'passed' }, { state: 'failed' }])], here, '1 passed, 1 failed'],
    ['a test whose worker died', [file([{ state: 'pending' }])], here, '0 passed, 1 failed'],
    ['a file that does not load', [file([], { file: 1 })], here, '0 passed, 1 failed'],
    ['a hook that throws', [file([{ state: 'passed' }], { suite: 1 })], here, '1 passed, 1 failed'],
    ['an unhandled rejection', [file([{ state: 'passed' }])], { ...here, unhandled: 1 }, '1 passed, 1 failed'],
    ['a skipped test', [file([{ state: 'skipped', note: 'needs X' }])], here, '0 passed, 0 failed, 1 skipped'],
    [
      'a skipped test in CI',
      [file([{ state: 'skipped', note: 'needs X' }])],
      { ...here, ci: true },
      '0 passed, 1 failed',
    ],
    [
      'what a name filter leaves out',
      [file([{ state: 'skipped' }])],
      { ...here, filtered: true },
      '0 passed, 0 failed',
    ],
  ])('tells of %s', (_, modules, options, expected) => {
    expect(lastLine(tally(modules, options))).toBe(expected);
  });

  test('a skipped test says on a line of its own what it misses', () => {
    const { lines } = tally([file([{ state: 'skipped', note: 'needs X' }, { state: 'skipped' }])], here);
    expect(lines).toEqual(['skipped: src/x.test.ts > t0: needs X', 'skipped: src/x.test.ts > t1: gives no reason']);
  });
});
