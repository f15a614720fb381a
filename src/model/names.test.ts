import { expect, it } from 'vitest';
import { COMMIT_MARK, GAP, RESERVED_TYPES, UNDECODABLE } from './event.ts';
import { APPLIED, SKIPPED } from './outcome.ts';
import { EVERY_NAMESPACE } from './plan.ts';

it('what journals and layers keep has the same name in every version', () => {
  expect([RESERVED_TYPES, UNDECODABLE, COMMIT_MARK, GAP]).toEqual([
    'tidemark.',
    'tidemark.undecodable',
    'tidemark.commit',
    'tidemark.gap',
  ]);
  expect([APPLIED, SKIPPED, EVERY_NAMESPACE]).toEqual([{ status: 'applied' }, { status: 'skipped' }, '*']);
});
