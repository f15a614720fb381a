import { expect, it } from 'vitest';
import type { Entry } from '../model/entry.ts';
import type { Offset } from '../model/position.ts';
import { EntryIndex } from './entry-index.ts';

const sent = (offset: number, id: string): Entry => ({
  offset: offset as Offset,
  source: 'app',
  epoch: '',
  position: null,
  commit: true,
  event: { id, type: 't', source: 'app', data: null },
  plan: { contractHash: '', actions: [], problems: [] },
  receivedAt: 0,
});

it('an event that came once more is still known when its first coming is forgotten (SPEC I7)', () => {
  const entries = new EntryIndex();
  for (const [i, id] of ['a', 'b', 'a'].entries()) entries.push(sent(i + 1, id));
  entries.forget();
  expect(entries.known('app', 'a')).toBe(3);
  entries.forget();
  expect(entries.known('app', 'b')).toBeUndefined();
});
