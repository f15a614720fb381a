import { describe, expect, test } from 'vitest';
import {
  addEntries,
  addObservation,
  emptyFlow,
  pause,
  resume,
  ROWS_MAX,
  settle,
  type EventRow,
} from '../../dashboard/src/flow/flow.ts';
import { matches } from '../../dashboard/src/flow/matches.ts';
import type { Entry } from '../../src/model/entry.ts';
import type { LayerStatus } from '../../src/model/status.ts';
import type { Observation } from '../../src/operations.ts';

const entry = (offset: number, data: unknown = { product_id: offset }): Entry =>
  ({
    offset,
    source: 'shop',
    epoch: 'e',
    position: null,
    commit: true,
    receivedAt: 1_000 * offset,
    event: { id: `id-${String(offset)}`, type: 'product.updated', source: 'shop', data },
    plan: {
      contractHash: 'h',
      actions: [{ kind: 'delete_key', target: `product:${String(offset)}`, contract: 'c' }],
      problems: [],
    },
  }) as unknown as Entry;

const applied = (layer: string, offset: number, at: number, from = offset): Observation => ({
  type: 'layer:applied',
  at,
  fields: { layer, from, offset, watermark: offset, actions: 1, delayMs: 0 },
});

const offsets = (rows: readonly unknown[]): number[] => rows.map((row) => (row as EventRow).offset);
const first = (rows: readonly unknown[]): EventRow => rows[0] as EventRow;

describe('the live list', () => {
  test('is newest first, bounded, and has each entry once', () => {
    let flow = addEntries(emptyFlow, [entry(1), entry(2)], true);
    flow = addEntries(flow, [entry(2), entry(3)], true);
    expect(offsets(flow.rows)).toEqual([3, 2, 1]);
    expect(flow.seen).toMatchObject({ events: 3, actions: 3 });

    const many = Array.from({ length: 3 * ROWS_MAX }, (_, i) => entry(10 + i));
    flow = addEntries(flow, many, true);
    expect(flow.rows).toHaveLength(ROWS_MAX);
    expect(first(flow.rows).offset).toBe(9 + many.length);
  });

  test('does not count the history that it begins with', () => {
    expect(addEntries(emptyFlow, [entry(1)], false).seen.events).toBe(0);
  });

  test('says how long each layer took, whichever of the two streams comes first', () => {
    const later = addObservation(addEntries(emptyFlow, [entry(5)], true), applied('local', 5, 5_012));
    const sooner = addEntries(addObservation(emptyFlow, applied('local', 5, 5_012)), [entry(5)], true);
    for (const flow of [later, sooner]) expect(first(flow.rows).layers).toEqual([{ layer: 'local', ms: 12 }]);
  });

  test('gives a report to the entries that it is about, and to no other', () => {
    let flow = addEntries(emptyFlow, [entry(4), entry(5)], true);
    flow = addObservation(addObservation(flow, applied('local', 5, 5_012)), applied('local', 9, 9_000, 6));
    expect((flow.rows as EventRow[]).map((row) => row.layers)).toEqual([[{ layer: 'local', ms: 12 }], []]);
  });

  test('learns from the status what it has missed, without inventing a time', () => {
    const flow = settle(addEntries(emptyFlow, [entry(5), entry(6)], true), [
      { name: 'local', watermark: 5 } as unknown as LayerStatus,
    ]);
    expect((flow.rows as EventRow[]).map((row) => row.layers)).toEqual([[], [{ layer: 'local', ms: null }]]);
    expect(addObservation(flow, applied('local', 5, 5_012)).rows[1]).toMatchObject({
      layers: [{ layer: 'local', ms: 12 }],
    });
  });

  test('stands still while paused, and then shows what came', () => {
    let flow = pause(addEntries(emptyFlow, [entry(1)], true));
    flow = addEntries(flow, [entry(2), entry(3)], true);
    flow = addObservation(flow, applied('local', 3, 3_004, 2));
    expect(offsets(flow.rows)).toEqual([1]);
    expect(flow.held).toHaveLength(2);
    flow = resume(flow);
    expect(offsets(flow.rows)).toEqual([3, 2, 1]);
    expect(first(flow.rows).layers).toEqual([{ layer: 'local', ms: 4 }]);
  });

  test('tells a refused fill, counts reads, and is silent about what is shown elsewhere', () => {
    const at = 1;
    const refused: Observation = {
      type: 'fill:refused',
      at,
      fields: { namespace: 'product', key: 'product:\u202e42', stamp: 3, reason: 'key-invalidated', endedAt: 7 },
    };
    let flow = addObservation(emptyFlow, refused);
    expect(flow.rows).toMatchObject([
      {
        title: 'Late fill refused',
        text: 'product:\\u202e42 in product: the load had seen up to #3, then the key was ended at #7',
      },
    ]);
    for (const type of ['cache:hit', 'cache:miss', 'source:lag', 'plan'] as const) {
      flow = addObservation(flow, { type, at, fields: {} });
    }
    expect(flow.rows).toHaveLength(1);
    expect(flow.seen).toMatchObject({ hits: 1, misses: 1, refused: 1 });
  });
});

test('a wrong value that the auditor found is a line, with what differs and which contract should have caught it', () => {
  const fields = {
    namespace: 'product',
    key: 'product:\u202e42',
    scale: '10s',
    where: ['price differs (a number)', 'name is missing'],
    why: 'Contract "products" has a template for it.',
  };
  const flow = addObservation(emptyFlow, { type: 'audit:violation', at: 7, fields });
  expect(flow.rows).toMatchObject([
    {
      kind: 'note',
      at: 7,
      tone: 'bad',
      title: 'Wrong value found',
      text: 'product:\\u202e42 in product is not what its source has: price differs (a number); name is missing. Contract "products" has a template for it.',
    },
  ]);
});

test('trust that is withdrawn is a line with its reason, and one when it returns', () => {
  const changed = (trust: string, reason?: string): Observation => ({
    type: 'trust:changed',
    at: 1,
    fields: { namespace: 'product', trust, before: 'fresh', ...(reason === undefined ? {} : { reason }) },
  });
  const flow = [changed('uncertain', 'not provable: db is down'), changed('uncertain'), changed('fresh')].reduce(
    (before, one) => addObservation(before, one),
    emptyFlow,
  );
  expect(flow.rows.map((row) => (row.kind === 'note' ? row.text : row.type))).toEqual([
    'product is proven fresh again',
    'product is not provable',
    'product is not provable: db is down',
  ]);
});

test('a filter finds what a row shows: type, source, data, target', () => {
  const { rows } = addEntries(emptyFlow, [entry(42, { name: 'Lamp' })], true);
  const found = (filter: string): boolean => rows.every((row) => matches(row, filter));
  expect(['product.UPDATED', 'shop lamp', 'delete_key product:42', '#42'].every(found)).toBe(true);
  expect(found('shop kettle')).toBe(false);
});
