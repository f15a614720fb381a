import { expect, it } from 'vitest';
import { TidemarkError } from './tidemark-error.ts';

it('the codes of a process that only caches are there without the whole table, and are of the same class as the others', async () => {
  const own = new TidemarkError('CLOSED', 'x');
  expect([own.message, own.reaction]).toEqual(['Tidemark is closed: x', 'halt']);
  expect(own.hint).toContain('shutting down');
  const all = await import('./errors.ts');
  const other = new all.TidemarkError('JOURNAL_LOCKED');
  expect([own instanceof all.TidemarkError, other instanceof TidemarkError]).toEqual([true, true]);
  expect([other.message, other.hint]).toEqual([all.ERRORS.JOURNAL_LOCKED.sentence, all.ERRORS.JOURNAL_LOCKED.hint]);
});
