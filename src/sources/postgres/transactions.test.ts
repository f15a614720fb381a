import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { ChangeEvent } from '../../model/event.ts';
import type { Arrival } from './arrival.ts';
import { fromPosition, toPosition } from './lsn.ts';
import { decodePgoutput, type PgMessage } from './pgoutput.ts';
import { PART_BYTES_MAX, PART_CHANGES_MAX, Transactions } from './transactions.ts';
import { WholeXids } from './whole-xids.ts';

const made = (options: { entities?: Record<string, string>; messages?: string[] } = {}) => {
  const arrivals: Arrival[] = [];
  const transactions = new Transactions({
    source: 'db',
    epoch: 'e',
    entities: new Map(Object.entries(options.entities ?? { 'public.products': 'product' })),
    messages: new Set(options.messages ?? []),
    nonce: 'me',
    xids: new WholeXids(2n ** 32n),
    now: () => 0,
    emit: (arrival) => arrivals.push(arrival),
  });
  const batches = () => arrivals.flatMap((arrival) => (arrival.kind === 'echo' ? [] : [arrival.batch]));
  const events = (): ChangeEvent[] => batches().flatMap((batch) => batch.events);
  return { arrivals, transactions, batches, events };
};

const products: PgMessage = {
  kind: 'relation',
  id: 1,
  schema: 'public',
  table: 'products',
  columns: [
    { name: 'id', typeOid: 23, key: true },
    { name: 'name', typeOid: 25, key: false },
  ],
};
const begin = (lsn: bigint, xid = 7): PgMessage => ({ kind: 'begin', commitLsn: lsn, xid, time: 0 });
const commit = (lsn: bigint): PgMessage => ({ kind: 'commit', commitLsn: lsn, endLsn: lsn + 0x30n });
const insert = (id: number): PgMessage => ({ kind: 'insert', relationId: 1, after: [String(id), 'a'] });
const message = (prefix: string, content: string, transactional = true): PgMessage => ({
  kind: 'message',
  transactional,
  lsn: 0x90n,
  prefix,
  content,
});

describe('what both versions of PostgreSQL sent', () => {
  it.each([15, 18])('becomes the same events (%i)', (version) => {
    const { transactions, events } = made({
      entities: { 'public.products': 'product', 'public.membership': 'membership', 'public.kinds': 'kind' },
      messages: ['shop.note'],
    });
    const file = new URL(`../../../test/fixtures/pgoutput-${version}.json`, import.meta.url);
    for (const hex of JSON.parse(readFileSync(file, 'utf8')) as string[]) {
      const bytes = Buffer.from(hex, 'hex');
      transactions.take(decodePgoutput(bytes), bytes.length);
    }
    expect(events().map(({ type }) => type)).toEqual([
      'product.created',
      'product.updated',
      'product.updated',
      'product.deleted',
      'membership.created',
      'membership.updated',
      'membership.deleted',
      'kind.created',
      'product.truncated',
      'membership.truncated',
      'tidemark.invalidation',
      'product.created',
      'product.created',
      'message.shop.note',
      'kind.created',
    ]);
    const [created, renamed, moved, deleted, , filed, unfiled, kind, truncated] = events();
    expect(created?.data).toEqual({ id: 1, category_id: 7, name: 'pen', price: '1.50', big: 'x'.repeat(2100) });
    expect(created?.row).toMatchObject({ op: 'created', before: null, beforeHas: 'none' });
    expect(renamed?.row).toEqual({
      relation: 'public.products',
      op: 'updated',
      before: { id: 1 },
      beforeHas: 'key',
      after: { id: 1, category_id: 7, name: 'Pen', price: '1.50' },
      unknown: ['big'],
    });
    expect(moved?.row).toMatchObject({ before: { id: 1 }, beforeHas: 'key', after: { id: 2 }, unknown: ['big'] });
    expect(deleted?.row).toMatchObject({ before: { id: 2 }, beforeHas: 'key', after: null });
    expect(deleted?.data).toEqual({ id: 2 });
    const note = 'y'.repeat(2100);
    expect(filed?.row).toMatchObject({
      before: { category: 'a', note },
      beforeHas: 'full',
      after: { category: 'b', note },
    });
    expect(filed?.row).not.toHaveProperty('unknown');
    expect(unfiled?.row).toMatchObject({
      before: { product_id: 1, category: 'b', note },
      beforeHas: 'full',
      after: null,
    });
    expect(kind?.data).toEqual({
      id: '9007199254740993',
      ok: true,
      f: 'NaN',
      j: { a: [1, null] },
      t: '2026-01-02 03:04:05.678+00',
      a: '{1,2}',
      m: 'happy',
      u: '00000000-0000-0000-0000-000000000001',
      b: '\\x00ff',
    });
    expect(truncated?.data).toEqual({
      relations: ['public.products', 'public.membership'],
      cascade: false,
      restart_identity: true,
    });
  });
});

describe('a transaction', () => {
  it('is one batch at the end of its commit record, and waits for the gate', () => {
    const { transactions, arrivals } = made();
    for (const one of [begin(0x100n, 42), products, insert(1), insert(2), commit(0x100n)]) transactions.take(one, 10);
    expect(arrivals).toMatchObject([
      {
        kind: 'commit',
        xid: 42,
        upTo: 0x130n,
        bytes: 20,
        batch: { position: toPosition(0x130n), first: 0, commit: true, xid: String(2n ** 32n + 42n) },
      },
    ]);
    expect(arrivals[0]?.kind === 'commit' && arrivals[0].batch.events.map(({ id }) => id)).toEqual([
      '0000000000000130-0',
      '0000000000000130-1',
    ]);
  });

  it('goes out in parts when it is large: one place for all of them, then its end', () => {
    const { transactions, arrivals, batches } = made();
    transactions.take(products, 0);
    transactions.take(begin(0x100n), 0);
    for (let i = 0; i < 2 * PART_CHANGES_MAX + 1; i++) transactions.take(insert(i), 1);
    transactions.take(commit(0x100n), 0);
    expect(arrivals.map(({ kind }) => kind)).toEqual(['batch', 'batch', 'commit', 'batch']);
    const place = toPosition(0x101n);
    expect(batches()).toMatchObject([
      { position: place, first: 0, commit: false },
      { position: place, first: PART_CHANGES_MAX, commit: false },
      { position: place, first: 2 * PART_CHANGES_MAX, commit: true },
      { position: toPosition(0x130n), first: 0, commit: true, events: [] },
    ]);
    expect(new Set(batches().flatMap(({ events }) => events.map(({ id }) => id))).size).toBe(2 * PART_CHANGES_MAX + 1);
    expect(transactions.idle).toBe(true);
  });

  it('of exactly one part stays whole', () => {
    const { transactions, batches } = made();
    transactions.take(products, 0);
    transactions.take(begin(0x100n), 0);
    for (let i = 0; i < PART_CHANGES_MAX; i++) transactions.take(insert(i), 1);
    transactions.take(commit(0x100n), 0);
    expect(batches()).toMatchObject([{ position: toPosition(0x130n), first: 0, commit: true }]);
  });

  it('is cut by bytes when its rows are wide', () => {
    const { transactions, batches } = made();
    transactions.take(products, 0);
    transactions.take(begin(0x100n), 0);
    for (let i = 0; i < 3; i++) transactions.take(insert(i), PART_BYTES_MAX);
    transactions.take(commit(0x100n), 0);
    expect(batches().map(({ events }) => events.length)).toEqual([1, 1, 1, 0]);
  });

  it('of tables that nobody follows leaves nothing', () => {
    const { transactions, arrivals } = made({ entities: {} });
    for (const one of [begin(0x100n), products, insert(1), commit(0x100n)]) transactions.take(one, 10);
    expect(arrivals).toEqual([]);
  });
});

describe('messages', () => {
  it('come back as echoes when they are our own, in a transaction or outside, and mean nothing when they are not', () => {
    const { transactions, arrivals } = made();
    transactions.take(message('tidemark.echo', 'me:3', false), 1);
    transactions.take(message('tidemark.echo', 'you:9', false), 1);
    for (const one of [begin(0x100n), message('tidemark.echo', 'me:4'), commit(0x100n)]) transactions.take(one, 1);
    for (const one of [begin(0x200n), message('tidemark.echo', 'you:4'), commit(0x200n)]) transactions.take(one, 1);
    expect(arrivals).toEqual([
      { kind: 'echo', id: 3, upTo: 0x90n },
      { kind: 'echo', id: 4, upTo: 0x130n },
    ]);
  });

  it('carry explicit invalidations under the prefix tidemark', () => {
    const { transactions, events } = made();
    const text = JSON.stringify({
      keys: ['product:1'],
      tags: ['t'],
      namespaces: ['n'],
      urls: ['/x'],
      namespace: 'product',
      soft: true,
    });
    transactions.take(message('tidemark.shop', text, false), 1);
    expect(events()).toMatchObject([
      {
        id: '0000000000000091-0',
        type: 'tidemark.invalidation',
        explicit: [
          { kind: 'expire_key', target: 'product:1', namespace: 'product' },
          { kind: 'expire_tag', target: 't', namespace: 'product' },
          { kind: 'purge_namespace', target: 'n' },
          { kind: 'purge_url', target: '/x' },
        ],
      },
    ]);
  });

  it.each(['{', '{"key":["product:1"]}', '{"keys":"product:1"}', '[]', 'null', '{"keys":[""]}'])(
    'that mean to invalidate and cannot be read say so: %s',
    (text) => {
      const { transactions, events } = made();
      transactions.take(message('tidemark', text, false), 1);
      expect(events()).toMatchObject([{ type: 'tidemark.undecodable', data: { prefix: 'tidemark', text } }]);
    },
  );

  it('of other prefixes are events when they are asked for', () => {
    const { transactions, events } = made({ messages: ['shop'] });
    for (const prefix of ['shop', 'shops', 'tidemarks']) transactions.take(message(prefix, '{"a":1}', false), 1);
    transactions.take(message('shop', 'text', false), 1);
    expect(events().map(({ type, data }) => [type, data])).toEqual([
      ['message.shop', { a: 1 }],
      ['message.shop', 'text'],
    ]);
  });
});

describe('a stream that makes no sense', () => {
  it('is refused: a change outside of a transaction, of a table that was never announced', () => {
    expect(() => made().transactions.take(insert(1), 1)).toThrow('never announced');
    const { transactions } = made();
    transactions.take(products, 1);
    expect(() => transactions.take(insert(1), 1)).toThrow('outside of any transaction');
    expect(fromPosition(toPosition(1n))).toBe(1n);
  });
});

it('a column may be called anything', () => {
  const { transactions, events } = made();
  transactions.take({ ...products, columns: [{ name: '__proto__', typeOid: 25, key: true }] }, 1);
  for (const one of [begin(0x100n), { kind: 'insert', relationId: 1, after: ['x'] } as const, commit(0x100n)])
    transactions.take(one, 1);
  expect(JSON.stringify(events()[0]?.data)).toBe('{"__proto__":"x"}');
});

it('a row without any identity says that nothing of its past is known', () => {
  const { transactions, events } = made();
  transactions.take({ ...products, columns: [{ name: 'id', typeOid: 23, key: false }] }, 1);
  const update: PgMessage = { kind: 'update', relationId: 1, before: null, after: ['5'] };
  for (const one of [begin(0x100n), update, commit(0x100n)]) transactions.take(one, 1);
  expect(events()[0]?.row).toMatchObject({ before: null, beforeHas: 'none', after: { id: 5 } });
});
