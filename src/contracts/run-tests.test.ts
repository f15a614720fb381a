import { describe, expect, it } from 'vitest';
import { compileContracts } from './compile.ts';
import { parseContracts } from './parse.ts';
import { runContractTests } from './run-tests.ts';

describe('a contract test', () => {
  const run = (text: string): ReturnType<typeof runContractTests> => {
    const { contracts, tests } = parseContracts(text, 't.yaml');
    return runContractTests(compileContracts(contracts), tests);
  };

  it('fails when an action is missing, when one is not expected, and when it is not the one in every respect', () => {
    const { results, uncovered } = run(`event_invalidation:
  - trigger: a
    actions: [{ purge_tag: t, namespace: n }]
    tests:
      - { event: { type: a }, expect: [{ purge_tag: t, namespace: n }] }
      - { event: { type: a }, expect: [{ purge_tag: t }] }
      - { event: { type: a }, expect: [] }
      - { event: { type: a }, expect: [{ purge_tag: t, namespace: n }, { purge_tag: u }] }
      - { event: { type: b }, expect: [] }
  - { trigger: a, name: second, actions: [{ purge_tag: second }] }
  - { trigger: z, name: never, actions: [{ purge_tag: z }] }
---
tests:
  - { event: { type: a }, expect: [{ purge_tag: t, namespace: n }] }
`);
    expect(results.map(({ ok, missing, unexpected }) => [ok, missing.length, unexpected.length])).toEqual([
      [true, 0, 0],
      [false, 1, 1],
      [false, 0, 1],
      [false, 1, 0],
      [true, 0, 0],
      // Beside the contracts it is about all of them: the second contract's action was not expected.
      [false, 0, 1],
    ]);
    expect(uncovered.map(({ name }) => name)).toEqual(['never']);
  });

  it('compares layers as a set, and takes the absence of layers for all of them', () => {
    const { results } = run(`event_invalidation:
  trigger: a
  actions: [{ purge_tag: t, layers: [x, y] }, { purge_tag: u }]
  tests:
    - { event: { type: a }, expect: [{ purge_tag: u }, { purge_tag: t, layers: [y, x] }] }
    - { event: { type: a }, expect: [{ purge_tag: u }, { purge_tag: t, layers: [x] }] }
    - { event: { type: a }, expect: [{ purge_tag: u, layers: [x] }, { purge_tag: t, layers: [x, y] }] }
    - { event: { type: a }, expect: [{ expire_tag: u }, { purge_tag: t, layers: [x, y] }] }
`);
    expect(results.map(({ ok }) => ok)).toEqual([true, false, false, false]);
  });

  it('expects widening by name', () => {
    const { results } = run(`event_invalidation:
  trigger: a
  actions: [{ purge_tag: 't-{x}', namespace: n }]
  tests:
    - { event: { type: a }, expect: [{ purge_namespace: n, widened: true }] }
    - { event: { type: a }, expect: [{ purge_namespace: n }] }
    - { event: { type: a, data: { x: 1 } }, expect: [{ purge_tag: t-1, namespace: n }] }
    - { event: { type: a, data: { x: 1 } }, expect: [{ purge_tag: t-1, namespace: n, widened: true }] }
`);
    expect(results.map(({ ok, problems }) => [ok, problems.map(({ code }) => code)])).toEqual([
      [true, ['FIELD_MISSING']],
      [false, ['FIELD_MISSING']],
      [true, []],
      [false, []],
    ]);
  });
});
