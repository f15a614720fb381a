import { describe, expect, it } from 'vitest';
import type { Finding } from './finding.ts';
import { FINDINGS_MAX, inOrder, Report, withoutEchoes } from './report.ts';

const finding = (over: Partial<Finding> = {}): Finding => ({
  severity: 'error',
  code: 'C',
  file: 'f.yaml',
  line: 1,
  column: 1,
  what: 'what',
  why: 'why',
  fix: 'fix',
  ...over,
});

describe('a report', () => {
  it('takes errors and warnings with their places, and counts the errors', () => {
    const report = new Report('f.yaml');
    report.error('E', { line: 2, column: 3 }, 'what', 'why', 'fix');
    report.warning('W', { line: 4, column: 5 }, 'what', 'why', 'fix');
    report.add([finding({ file: 'other.yaml' })]);
    expect(report.findings).toEqual([
      finding({ code: 'E', line: 2, column: 3 }),
      finding({ severity: 'warning', code: 'W', line: 4, column: 5 }),
      finding({ file: 'other.yaml' }),
    ]);
    expect(report.errors).toBe(2);
  });

  it('shows a bounded number, and says how many more there are from where', () => {
    const report = new Report('f.yaml');
    for (let line = 1; line <= FINDINGS_MAX; line++) report.add([finding({ line })]);
    expect(report.findings).toHaveLength(FINDINGS_MAX);
    report.add([finding({ severity: 'warning', line: 900, column: 7, file: 'g.yaml' }), finding({ line: 901 })]);
    expect(report.findings).toHaveLength(FINDINGS_MAX + 1);
    expect(report.findings.at(-1)).toMatchObject({
      severity: 'error',
      code: 'MORE_FINDINGS',
      file: 'g.yaml',
      line: 900,
      column: 7,
      what: '2 more mistakes are not shown',
    });
    expect(report.errors).toBe(FINDINGS_MAX + 1);
  });

  it.each([
    ['\u001b[31m', '\\u001b[31m'],
    ['\ud800', '\\ud800'],
    ['a\u2028b\u2029c\nd', 'a\\u2028b\\u2029c\\u000ad'],
    ['é 😀 "x"', 'é 😀 "x"'],
  ])('shows %j as %j: nothing of a file gets a terminal to do anything', (given, shown) => {
    const report = new Report('f.yaml');
    report.add([finding({ what: given }), finding({ why: given }), finding({ fix: given })]);
    expect(report.findings).toEqual([finding({ what: shown }), finding({ why: shown }), finding({ fix: shown })]);
  });
});

describe('findings', () => {
  it('at the place of a mistake in the YAML, or of a missing variable, follow from it and are left out', () => {
    const yaml = finding({ code: 'YAML_TAG', line: 2 });
    const env = finding({ code: 'ENV_MISSING', line: 3 });
    const elsewhere = [finding({ line: 2, column: 9 }), finding({ line: 2, file: 'g.yaml' }), finding({ line: 4 })];
    expect(withoutEchoes([finding({ line: 2 }), yaml, env, finding({ line: 3 }), ...elsewhere])).toEqual([
      yaml,
      env,
      ...elsewhere,
    ]);
  });

  it('are read from the top, file by file', () => {
    const sorted = [
      finding({ file: 'a.yaml', line: 9 }),
      finding({ file: 'b.yaml', line: 2, column: 1 }),
      finding({ file: 'b.yaml', line: 2, column: 8 }),
      finding({ file: 'b.yaml', line: 10 }),
      finding({ file: 'c.yaml', line: 1 }),
    ];
    expect(inOrder(sorted.toReversed())).toEqual(sorted);
    expect(inOrder(sorted)).toEqual(sorted);
  });
});
