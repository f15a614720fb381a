import { expect, it } from 'vitest';
import type { Entry } from './entry.ts';
import { fedEntry } from './feed.ts';
import type { Offset } from './position.ts';

it('of an entry a process is fed what it ends and where it stands, and nothing that was written', () => {
  const stands = { offset: 7 as Offset, source: 's', epoch: 'e', position: null, commit: true };
  const event = { type: 'product.updated', data: { secret: 1 } } as unknown as Entry['event'];
  const why = { contract: 'c', because: 'it says so' };
  const plan = {
    actions: [
      { kind: 'delete_key', target: 'k', ...why },
      { kind: 'purge_tag', target: 't', namespace: 'n', layers: ['local'], ...why },
    ],
  } as unknown as Entry['plan'];
  const actions = [
    { kind: 'delete_key', target: 'k' },
    { kind: 'purge_tag', target: 't', namespace: 'n', layers: ['local'] },
  ];
  const entry: Entry = { ...stands, event, plan, receivedAt: 5 };
  expect(fedEntry(entry)).toStrictEqual({ ...stands, type: 'product.updated', actions });
  expect(fedEntry({ ...entry, xid: '9' })).toStrictEqual({ ...stands, xid: '9', type: 'product.updated', actions });
});
