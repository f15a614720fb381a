import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Offset, Position } from '../../model/position.ts';
import type { Unplaced } from '../codec.ts';
import { Assembly, decodeRecords, headBefore, messagesOf, textOf, textOfRecords, type LogRecord } from './wire.ts';

const text = fc.string({ unit: 'binary', maxLength: 20 });

const entry = fc.record({
  source: text,
  epoch: text,
  position: fc.option(text as fc.Arbitrary<Position>),
  commit: fc.boolean(),
  event: fc.record({ id: text, type: text, source: text, data: fc.jsonValue() }),
  receivedAt: fc.nat(),
  plan: fc.record({
    contractHash: text,
    actions: fc.array(fc.record({ kind: fc.constant('delete_key' as const), target: text, contract: text })),
    problems: fc.constant([]),
  }),
});
const batch = fc
  .record({
    placed: fc.option(
      fc.record({
        source: text,
        epoch: text,
        position: text as fc.Arbitrary<Position>,
        first: fc.nat(),
        count: fc.nat(),
        commit: fc.boolean(),
      }),
      { nil: undefined },
    ),
    entries: fc.array(entry, { maxLength: 4 }),
  })
  .map(({ placed, entries }): LogRecord => {
    const own = entries.map((each) => ({ ...each, event: { ...each.event, source: each.source } }) as Unplaced);
    return { kind: 'batch', entries: own, ...(placed && { placed }) };
  });
const record: fc.Arbitrary<LogRecord> = fc.oneof(
  batch,
  fc.record({ kind: fc.constant('life' as const), life: fc.nat(), epoch: text }),
  fc.record({
    kind: fc.constant('term' as const),
    work: text,
    term: fc.nat(),
    relay: fc.option(text),
    since: fc.nat(),
  }),
);
const records = fc.array(record, { maxLength: 5 });

interface Sent {
  readonly header: string;
  readonly body: Uint8Array;
}

function writing(id: string, prev: string | null, all: readonly LogRecord[], bytesMax = 40, at = 0): readonly Sent[] {
  return messagesOf({ id, prev, at: at as Offset }, textOfRecords(all.map(textOf)), bytesMax);
}

/** Ids of the writings that count. */
function read(sent: readonly Sent[], assembly = new Assembly(null)): string[] {
  return sent.flatMap(({ header, body }) => assembly.take(header, body)?.id ?? []);
}

const LIFE: LogRecord = { kind: 'life', life: 1, epoch: 'an epoch that is long enough for several parts of a message' };

describe('the wire', () => {
  test('what is read is what was written, in whatever parts, with the offsets that follow', () => {
    fc.assert(
      fc.property(records, fc.integer({ min: 1, max: 300 }), fc.nat({ max: 1_000 }), (all, bytesMax, at) => {
        const assembly = new Assembly(null);
        const sent = writing('a', null, all, bytesMax, at);
        const read = sent.flatMap(({ header, body }) => assembly.take(header, body) ?? []);
        expect(read).toHaveLength(1);
        expect(sent.every(({ header }) => headBefore(header) === at)).toBe(true);
        let next = at;
        const expected = all.map((each) =>
          each.kind === 'batch' ? { ...each, entries: each.entries.map((one) => ({ ...one, offset: ++next })) } : each,
        );
        const decoded = decodeRecords(read[0]?.text() ?? '', at as Offset);
        expect(JSON.stringify(sorted(decoded))).toBe(JSON.stringify(sorted(expected)));
      }),
    );
  });

  test('a writing whose end never came counts for nobody', () => {
    const unfinished = writing('a', null, [LIFE]).slice(0, -1);
    expect(unfinished.length).toBeGreaterThan(1);
    expect(read([...unfinished, ...writing('b', null, [LIFE])])).toEqual(['b']);
  });

  test('a writing that others came into the middle of counts for nobody', () => {
    const a = writing('a', null, [LIFE]);
    expect(read([...a.slice(0, 1), ...writing('b', null, [LIFE]), ...a.slice(1)])).toEqual(['b']);
  });

  test('a part without those before it counts for nobody', () => {
    expect(read(writing('a', null, [LIFE]).slice(1))).toEqual([]);
  });

  test('a writing for another place than the one where it is counts for nobody', () => {
    expect(
      read([...writing('a', null, [LIFE]), ...writing('late', null, [LIFE]), ...writing('b', 'a', [LIFE])]),
    ).toEqual(['a', 'b']);
  });

  test('whoever begins in the middle takes the first whole writing', () => {
    const sent = [...writing('a', 'x', [LIFE]).slice(1), ...writing('b', 'a', [LIFE])];
    expect(read(sent, new Assembly(undefined))).toEqual(['b']);
  });

  test('messages that are none of ours are passed over', () => {
    expect(read([{ header: '', body: new Uint8Array() }, ...writing('a', null, [LIFE])])).toEqual(['a']);
  });

  test('another layout is refused by name', () => {
    expect(() => decodeRecords('[2,[]]', 0 as Offset)).toThrow(/layout 2/);
  });
});

/** The order of keys is nobody's promise. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return Object.is(value, -0) ? 0 : value;
  return Object.entries(value)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, inner]) => [key, sorted(inner)]);
}
