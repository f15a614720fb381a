import type { Reporter, TestCase, TestModule, Vitest } from 'vitest/node';

/** What the last line says. A test that could not be counted one by one (its file did not load) is one failure. */
export interface Tally {
  passed: number;
  failed: number;
  skipped: number;
  /** One for each test that did not run: its name and what it misses. */
  readonly lines: string[];
}

interface TallyOptions {
  readonly unhandled: number;
  /** On a machine that has everything, a skipped test would be a hole that nobody sees. */
  readonly ci: boolean;
  /** A name filter (`-t`) skips what it does not match; that is not worth a line. */
  readonly filtered: boolean;
}

export function tally(modules: readonly TestModule[], options: TallyOptions): Tally {
  const result: Tally = { passed: 0, failed: options.unhandled, skipped: 0, lines: [] };
  for (const module of modules) {
    result.failed += module.errors().length;
    for (const suite of module.children.allSuites()) result.failed += suite.errors().length;
    for (const test of module.children.allTests()) count(test, module, options, result);
  }
  return result;
}

function count(test: TestCase, module: TestModule, options: TallyOptions, result: Tally): void {
  const outcome = test.result();
  if (outcome.state === 'passed') result.passed++;
  // A test that never ended (its worker died) is pending: nobody has seen it pass.
  else if (outcome.state === 'failed' || outcome.state === 'pending') result.failed++;
  else if (outcome.note !== undefined || !options.filtered) {
    result[options.ci ? 'failed' : 'skipped']++;
    result.lines.push(`skipped: ${module.relativeModuleId} > ${test.fullName}: ${outcome.note ?? 'gives no reason'}`);
  }
}

export function lastLine({ passed, failed, skipped }: Tally): string {
  const counts = [`${String(passed)} passed`, `${String(failed)} failed`];
  if (skipped > 0) counts.push(`${String(skipped)} skipped`);
  return counts.join(', ');
}

/** Stands beside vitest's own reporter and has the last word. */
export default class LastLine implements Reporter {
  #filtered = false;
  /** Until the run has ended, it has failed: a crash of the runner must not read as a success. */
  #tally: Tally = { passed: 0, failed: 1, skipped: 0, lines: [] };

  onInit(vitest: Vitest): void {
    this.#filtered = vitest.config.testNamePattern !== undefined;
    // On exit, because vitest itself may still say that something hangs or did not close.
    process.once('exit', () => {
      const { lines, passed, failed } = this.#tally;
      if (failed > 0 || passed === 0) process.exitCode ||= 1;
      process.stdout.write(`\n${[...lines, lastLine(this.#tally)].join('\n')}\n`);
    });
  }

  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    this.#tally = tally(modules, {
      unhandled: unhandledErrors.length,
      ci: process.env['CI'] === 'true',
      filtered: this.#filtered,
    });
  }
}
