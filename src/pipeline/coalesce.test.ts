import { describe, expect, it } from 'vitest';
import type { Entry } from '../model/entry.ts';
import { ACTION_KINDS, type Action } from '../model/plan.ts';
import type { Offset } from '../model/position.ts';
import { coalesce, type Work } from './coalesce.ts';
import { OpenTransactions } from './open-transactions.ts';

const entry = (offset: number, actions: readonly Action[], commit = true): Entry => ({
  offset: offset as Offset,
  source: 'db',
  epoch: 'e',
  position: null,
  commit,
  event: { id: String(offset), type: 't', source: 'db', data: {} },
  plan: { contractHash: 'h', actions: actions.map((action) => ({ ...action, contract: 'c' })), problems: [] },
  receivedAt: 0,
});
const key = (target: string, rest: Partial<Action> = {}): Action => ({ kind: 'delete_key', target, ...rest });

const layer = { name: 'l', can: new Set(ACTION_KINDS.filter((kind) => kind !== 'purge_url')) };
const work = (...entries: Entry[]): Work => coalesce(entries, layer, new OpenTransactions(() => true));
const asked = (...entries: Entry[]): string[] =>
  work(...entries).actions.map(
    ({ action, at }) => `${action.kind} ${action.target}${action.namespace ? ` in ${action.namespace}` : ''} @${at}`,
  );

describe('what a run of entries asks of a layer', () => {
  it('is each target once, at its newest offset', () => {
    expect(asked(entry(1, [key('a')]), entry(2, [key('b')]), entry(3, [key('a')]))).toEqual([
      'delete_key a @3',
      'delete_key b @2',
    ]);
  });

  it('tells the same target of another kind, or in another namespace, apart', () => {
    const tag = key('a', { kind: 'purge_tag' });
    expect(
      asked(
        entry(1, [key('a'), tag]),
        entry(2, [key('a', { namespace: 'n' })]),
        entry(3, [key('a', { namespace: 'm' })]),
      ),
    ).toEqual(['delete_key a @1', 'purge_tag a @1', 'delete_key a in n @2', 'delete_key a in m @3']);
  });

  it('leaves out what the layer cannot do and what is meant for another', () => {
    const url = key('/x', { kind: 'purge_url' });
    expect(asked(entry(1, [url, key('a', { layers: ['edge'] }), key('b', { layers: ['edge', 'l'] })]))).toEqual([
      'delete_key b @1',
    ]);
  });

  it('lets the watermark stand at the last entry, before a transaction that has not ended', () => {
    expect(work(entry(1, []), entry(2, []), entry(3, [])).watermark).toBe(3);
    expect(work(entry(1, []), entry(2, [], false)).watermark).toBe(1);
  });

  it('of no entries is nothing, and moves no watermark', () => {
    expect(work()).toEqual({ actions: [], watermark: 0 });
  });
});
