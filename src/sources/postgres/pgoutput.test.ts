// Bytes that servers of both versions sent, captured with pg_logical_slot_peek_binary_changes.
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TidemarkError } from '../../errors.ts';
import { decodePgoutput, type PgMessage, type RelationMessage } from './pgoutput.ts';

const captured = (version: number): Buffer[] => {
  const file = new URL(`../../../test/fixtures/pgoutput-${version}.json`, import.meta.url);
  return (JSON.parse(readFileSync(file, 'utf8')) as string[]).map((hex) => Buffer.from(hex, 'hex'));
};

describe.each([15, 18])('what PostgreSQL %i sent', (version) => {
  const messages = captured(version).map((bytes) => decodePgoutput(bytes));
  const of = <K extends PgMessage['kind']>(kind: K): Extract<PgMessage, { kind: K }>[] =>
    messages.filter((message): message is Extract<PgMessage, { kind: K }> => message.kind === kind);

  it('is transactions: begin, changes, commit', () => {
    expect(of('begin')).toHaveLength(of('commit').length);
    of('begin').forEach((begin, i) => {
      const commit = of('commit')[i]!;
      expect(commit.commitLsn).toBe(begin.commitLsn);
      expect(commit.endLsn > commit.commitLsn).toBe(true);
      if (begin.time !== null) expect(new Date(begin.time).getUTCFullYear()).toBe(2026);
    });
  });

  it('tells columns, their types and the replica identity', () => {
    const [products, membership] = of('relation') as [RelationMessage, RelationMessage];
    expect(products).toMatchObject({ schema: 'public', table: 'products' });
    expect(products.columns.map(({ name, key }) => (key ? `${name}*` : name))).toEqual([
      'id*',
      'category_id',
      'name',
      'price',
      'big',
    ]);
    expect(membership.columns.every(({ key }) => key)).toBe(true);
    expect(products.columns[0]?.typeOid).toBe(23);
  });

  it('has no old row when the key is the same, the key when it changed, all of it under FULL', () => {
    const [same, moved, full] = of('update');
    expect(same).toMatchObject({ before: null, after: ['1', '7', 'Pen', '1.50', undefined] });
    expect(moved).toMatchObject({
      before: { has: 'key', tuple: ['1', null, null, null, null] },
      after: ['2', '7', 'Pen', '1.50', undefined],
    });
    expect(full).toMatchObject({
      before: { has: 'full', tuple: ['1', 'a', 'y'.repeat(2100)] },
      after: ['1', 'b', undefined],
    });
    expect(of('delete').map(({ before }) => before.has)).toEqual(['key', 'full']);
  });

  it('names every table of a TRUNCATE, and how it was done', () => {
    expect(of('truncate')).toMatchObject([{ cascade: false, restartIdentity: true }]);
    expect(of('truncate')[0]?.relationIds).toHaveLength(2);
  });

  it('carries messages of transactions and of none, even of one that was rolled back', () => {
    expect(of('message')).toMatchObject([
      { transactional: true, prefix: 'tidemark', content: '{"keys":["product:1"]}' },
      { transactional: false, prefix: 'shop.note', content: 'hello' },
    ]);
  });

  it('holds types and origins, which mean nothing here, and a commit of an origin without a time', () => {
    expect(of('ignored').length).toBeGreaterThanOrEqual(2);
    expect(of('begin').filter(({ time }) => time === null)).toHaveLength(1);
  });

  it('leaves out what was rolled back', () => {
    expect(of('insert').map(({ after }) => after[0])).toEqual(['1', '1', '9007199254740993', '3', '5', '2']);
  });
});

describe('bytes that are no message', () => {
  const all = captured(15);
  const outcome = (bytes: Buffer): string => {
    try {
      return decodePgoutput(bytes).kind;
    } catch (error) {
      if (error instanceof TidemarkError) return error.code;
      throw error;
    }
  };

  it('are refused with a code, wherever a message is cut off', () => {
    for (const bytes of all) {
      const end = bytes[0] === 0x4f || bytes[0] === 0x59 ? 1 : Math.min(bytes.length, 300);
      for (let length = 0; length < end; length++) expect(outcome(bytes.subarray(0, length))).toBe('POSTGRES_PROTOCOL');
    }
  });

  it('are refused when the kind is unknown, and when something is left over', () => {
    expect(() => decodePgoutput(Buffer.from('S123'))).toThrow('unknown kind "S"');
    expect(outcome(Buffer.concat([all[0]!, Buffer.from([0])]))).toBe('POSTGRES_PROTOCOL');
  });

  it('never do anything else, whatever they are', () => {
    const kinds = new Set(all.map((bytes) => bytes[0]!));
    fc.assert(
      fc.property(fc.constantFrom(...kinds), fc.uint8Array({ maxLength: 60 }), (kind, rest) => {
        outcome(Buffer.concat([Buffer.from([kind]), rest]));
      }),
    );
    fc.assert(
      fc.property(fc.constantFrom(...all), fc.nat(), fc.nat(255), (bytes, at, value) => {
        const changed = Buffer.from(bytes);
        changed[at % changed.length] = value;
        outcome(changed);
      }),
    );
  });
});
