import { expect, it } from 'vitest';
import { actionsOf } from './invalidation.ts';

it('a message ends what it names, hard unless it says softly, in one namespace or in all', () => {
  expect(actionsOf({})).toStrictEqual([]);
  expect(actionsOf({ keys: ['k'], tags: ['t', 'u'], namespaces: ['n'], urls: ['/'] })).toStrictEqual([
    { kind: 'delete_key', target: 'k' },
    { kind: 'purge_tag', target: 't' },
    { kind: 'purge_tag', target: 'u' },
    { kind: 'purge_namespace', target: 'n' },
    { kind: 'purge_url', target: '/' },
  ]);
  expect(actionsOf({ keys: ['k'], tags: ['t'], namespace: 'n', soft: true })).toStrictEqual([
    { kind: 'expire_key', target: 'k', namespace: 'n' },
    { kind: 'expire_tag', target: 't', namespace: 'n' },
  ]);
});
