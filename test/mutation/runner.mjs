// A test runner for Stryker that stays in one process: each mutant gets freshly loaded modules and the tests that reach
// it, the quick ones first, in milliseconds. Stryker's own runner for vitest starts threads for each mutant, which takes
// many times as long (docs/decisions/0060).
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { declareClassPlugin, PluginKind } from '@stryker-mutator/api/plugin';
import { DryRunStatus, MutantRunStatus, TestStatus, toMutantRunResult } from '@stryker-mutator/api/test-runner';
import { bundleTests } from './bundle.mjs';
import { failureOf, Suite } from './suite.mjs';

/** Where instrumented code looks for the mutant that is on, and counts how often it is passed. */
const stryker = (globalThis.__stryker__ ??= {});

/** In Stryker's copy of the repository: what the first run found, for a process that takes over from one that hung. */
const NOTES = 'mutation-notes.json';

class InProcess {
  #bundle = { files: [], start: () => () => undefined };
  /** Milliseconds of each test, and how often each passed each mutant. */
  #notes = { spentMs: {}, passed: {} };

  capabilities() {
    return { reloadEnvironment: true };
  }

  async init() {
    this.#bundle = await bundleTests(process.cwd());
    if (existsSync(NOTES)) this.#notes = JSON.parse(readFileSync(NOTES, 'utf8'));
  }

  /**
   * Loading a file counts as its first test, by the file's name: what is reached then (constants, tables of cases) can
   * change any test of that file and no other. So no mutant is static, which would cost a run of everything.
   */
  async dryRun() {
    Object.assign(stryker, { activeMutant: undefined, mutantCoverage: { static: {}, perTest: {} } });
    const tests = [];
    const spentMs = {};
    const timed = async (id, run) => {
      stryker.currentTestId = id;
      const startedAt = performance.now();
      const failure = await run();
      spentMs[id] = performance.now() - startedAt;
      stryker.currentTestId = undefined;
      tests.push(resultOf(id, failure, spentMs[id]));
    };
    for (const file of this.#bundle.files) {
      const suite = new Suite(file);
      await timed(file, () => suite.load(this.#bundle.start()));
      for (const test of suite.tests) await timed(test.id, () => failureOf(test));
    }
    const { mutantCoverage } = stryker;
    this.#notes = { spentMs, passed: mutantCoverage.perTest };
    writeFileSync(NOTES, JSON.stringify(this.#notes));
    return { status: DryRunStatus.Complete, tests, mutantCoverage };
  }

  async mutantRun({ activeMutant: { id: mutant }, testFilter }) {
    const { spentMs, passed } = this.#notes;
    const quickFirst = (a, b) => (spentMs[a] ?? 0) - (spentMs[b] ?? 0);
    const chosen = new Set(testFilter ?? Object.keys(spentMs));
    const filesOfChosen = new Set([...chosen].map((id) => id.split(' > ', 1)[0]));
    Object.assign(stryker, { activeMutant: mutant, mutantCoverage: undefined });
    const load = this.#bundle.start();
    const results = [];
    for (const file of [...filesOfChosen].sort(quickFirst)) {
      const suite = new Suite(file);
      const steps = [{ id: file, run: () => suite.load(load) }];
      for (const { id, run } of steps) {
        // A loop that has gone on for ten times as long as it should will not end.
        Object.assign(stryker, { hitCount: 0, hitLimit: 10_000 + 10 * (passed[id]?.[mutant] ?? 0) });
        const failure = id === file ? run() : await failureOf({ run });
        if (stryker.hitCount > stryker.hitLimit) return { status: MutantRunStatus.Timeout };
        results.push(resultOf(id, failure, 0));
        if (failure !== null) return toMutantRunResult({ status: DryRunStatus.Complete, tests: results });
        if (id !== file) continue;
        const reached = suite.tests.filter((test) => chosen.has(file) || chosen.has(test.id));
        steps.push(...reached.sort((a, b) => quickFirst(a.id, b.id)));
      }
    }
    return toMutantRunResult({ status: DryRunStatus.Complete, tests: results });
  }
}

function resultOf(id, failureMessage, timeSpentMs) {
  const known = { id, name: id, timeSpentMs };
  return failureMessage === null
    ? { ...known, status: TestStatus.Success }
    : { ...known, status: TestStatus.Failed, failureMessage };
}

export const strykerPlugins = [declareClassPlugin(PluginKind.TestRunner, 'in-process', InProcess)];
