import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ChangeEvent, RowChange } from '../model/event.ts';
import type { JsonObject, JsonValue } from '../model/json.ts';
import { ACTION_KINDS, type PlannedAction, type PlanProblem } from '../model/plan.ts';
import type { Offset, Position } from '../model/position.ts';
import { decodeEntry, encodeEntry, type Names, type Unplaced } from './codec.ts';

function dictionary(): Names {
  const texts: string[] = [];
  return {
    id: (text) => (texts.includes(text) ? texts.indexOf(text) : texts.push(text) - 1),
    text: (id) => texts[id] ?? '?',
  };
}

/** `undefined` is how fast-check leaves a member out; entries have no such members. */
function without<T extends object>(members: T): T {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as T;
}

const text = fc.oneof(
  fc.string(),
  fc.string({ unit: 'binary' }),
  fc.constantFrom('', '\0', '\ud800', '"', '__proto__'),
);
const json = fc.jsonValue({ noUnicodeString: false }).map((value) => JSON.parse(JSON.stringify(value)) as JsonValue);
const object = fc.dictionary(text, json).map((value) => JSON.parse(JSON.stringify(value)) as JsonObject);
const maybe = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(arbitrary, { nil: undefined });

const rowChange: fc.Arbitrary<RowChange> = fc
  .record({
    relation: text,
    op: fc.constantFrom('created', 'updated', 'deleted', 'truncated'),
    before: fc.option(object),
    after: fc.option(object),
    beforeHas: fc.constantFrom('full', 'key', 'none'),
    unknown: maybe(fc.array(text)),
  })
  .map((row) => without(row) as RowChange);

const action: fc.Arbitrary<PlannedAction> = fc
  .record({
    kind: fc.constantFrom(...ACTION_KINDS),
    target: text,
    contract: text,
    namespace: maybe(text),
    layers: maybe(fc.array(text)),
    widened: maybe(fc.constant(true as const)),
  })
  .map((members) => without(members) as PlannedAction);

const problem: fc.Arbitrary<PlanProblem> = fc
  .record({
    contract: text,
    action: fc.constantFrom(...ACTION_KINDS),
    template: text,
    code: text,
    message: text,
  })
  .map(without);

const explicit = fc
  .record({ kind: fc.constantFrom('delete_key', 'purge_url'), target: text, namespace: maybe(text) })
  .map((members) => without(members));

const entry: fc.Arbitrary<Unplaced> = fc
  .record({
    source: text,
    epoch: text,
    position: fc.option(text as fc.Arbitrary<Position>),
    commit: fc.boolean(),
    receivedAt: fc.nat(2 ** 45),
    id: text,
    type: text,
    data: json,
    subject: maybe(text),
    time: maybe(text),
    row: maybe(rowChange),
    dataIsRow: fc.boolean(),
    explicit: maybe(fc.array(explicit)),
    xid: maybe(fc.bigInt({ min: 0n, max: 2n ** 64n }).map(String)),
    contractHash: text,
    actions: fc.array(action, { maxLength: 4 }),
    problems: fc.array(problem, { maxLength: 2 }),
  })
  .map(({ source, epoch, position, commit, receivedAt, xid, contractHash, actions, problems, dataIsRow, ...rest }) => {
    const data = rest.row && dataIsRow ? (rest.row.after ?? rest.row.before) : rest.data;
    const event = without({ ...rest, source, data }) as ChangeEvent;
    const plan = { contractHash, actions, problems };
    return without({ source, epoch, position, commit, receivedAt, event, plan, xid }) as Unplaced;
  });

describe('an encoded entry', () => {
  it('is decoded to what it was', () => {
    fc.assert(
      fc.property(entry, fc.nat(), (unplaced, offset) => {
        const names = dictionary();
        const encoded = encodeEntry(unplaced, names);
        expect(decodeEntry(offset as Offset, encoded, names)).toStrictEqual({ offset, ...unplaced });
      }),
      { numRuns: 500 },
    );
  });

  it('survives being stored as UTF-8', () => {
    fc.assert(
      fc.property(entry, (unplaced) => {
        const encoded = encodeEntry(unplaced, dictionary());
        expect(Buffer.from(encoded, 'utf8').toString('utf8')).toBe(encoded);
        expect(encoded).not.toContain('\0');
      }),
    );
  });

  it('holds a row once, though it is `data` as well', () => {
    const after = { id: 1, name: 'x'.repeat(1_000) };
    const row: RowChange = { relation: 'p', op: 'created', before: null, after, beforeHas: 'none' };
    const event = { id: '1', type: 't', source: 's', data: after, row };
    const encoded = encodeEntry({ ...plain, event }, dictionary());
    expect(encoded.length).toBeLessThan(1_150);
    expect(decodeEntry(1 as Offset, encoded, dictionary()).event.data).toStrictEqual(after);
  });

  it('is short: 60 bytes more than its event and targets', () => {
    const data = { product_id: 42, name: 'chair' };
    const event = { id: '0/1A2B3C4D', type: 'product.updated', source: 'shop-db', data };
    const actions: PlannedAction[] = [{ kind: 'delete_key', target: 'product:42', contract: 'products' }];
    const encoded = encodeEntry({ ...plain, event, plan: { ...plain.plan, actions } }, dictionary());
    const told = JSON.stringify([event.id, event.type, data, 'product:42']);
    expect(encoded.length - told.length).toBeLessThan(60);
  });
});

describe('a released layout', () => {
  const names: Names = { id: () => 0, text: (id) => ['shop-db', 'epoch', 'hash', 'products'][id] ?? '?' };

  it('stays readable: 1', () => {
    const released =
      '[1,0,1,"0001",1,1767225600000,2,"e1","product.updated",null,' +
      '[[0,"product:42",3],[2,"product-42",3,"product",["edge"],1]],' +
      '["public.products","updated",{"id":42,"price":1},{"id":42,"price":2},"full",1,["name"]],' +
      '[{"contract":"products","action":"delete_key","template":"p:{x}","code":"C","message":"m"}],' +
      '"subject","2026-01-01T00:00:00Z",[{"kind":"purge_tag","target":"t"}]]';
    expect(decodeEntry(7 as Offset, released, names)).toStrictEqual({
      offset: 7,
      source: 'shop-db',
      epoch: 'epoch',
      position: '0001',
      commit: true,
      receivedAt: 1767225600000,
      event: {
        id: 'e1',
        type: 'product.updated',
        source: 'shop-db',
        subject: 'subject',
        time: '2026-01-01T00:00:00Z',
        data: { id: 42, price: 2 },
        row: {
          relation: 'public.products',
          op: 'updated',
          before: { id: 42, price: 1 },
          after: { id: 42, price: 2 },
          beforeHas: 'full',
          unknown: ['name'],
        },
        explicit: [{ kind: 'purge_tag', target: 't' }],
      },
      plan: {
        contractHash: 'hash',
        actions: [
          { kind: 'delete_key', target: 'product:42', contract: 'products' },
          {
            kind: 'purge_tag',
            target: 'product-42',
            contract: 'products',
            namespace: 'product',
            layers: ['edge'],
            widened: true,
          },
        ],
        problems: [{ contract: 'products', action: 'delete_key', template: 'p:{x}', code: 'C', message: 'm' }],
      },
    });
  });

  it.each(['[2,0,1,null,1,1,2,"e","t",null,[]]', '[1,0,1,null,1,1,2,"e","t",null,[[99,"x",3]]]', '{}', '', '[1'])(
    'is not guessed at: %s',
    (unknown) => {
      expect(() => decodeEntry(1 as Offset, unknown, names)).toThrow();
    },
  );
});

const plain: Unplaced = {
  source: 'shop-db',
  epoch: 'e',
  position: '0000000001A2B3C4' as Position,
  commit: true,
  receivedAt: 1_767_225_600_000,
  event: { id: '1', type: 't', source: 'shop-db', data: null },
  plan: { contractHash: 'h', actions: [], problems: [] },
};
