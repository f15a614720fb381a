import { describe, expect, it } from 'vitest';
import { parseField } from './field.ts';

const scope = (text: string, inLoop = false): string => {
  const parsed = parseField(text, inLoop);
  return parsed.ok ? parsed.field.scope : parsed.why;
};

describe('a field', () => {
  it('is of one side of a row when that word has a name behind it', () => {
    expect([scope('before.a'), scope('after.a')]).toEqual(['before', 'after']);
    expect(['before', 'after', 'before[0]', 'after[0]'].map((text) => scope(text))).toEqual(Array(4).fill('plain'));
  });

  it('is of an item in a loop only', () => {
    expect([scope('item', true), scope('item.a', true), scope('item.a')]).toEqual(['item', 'item', 'plain']);
  });

  it('is one of five attributes behind "$.", and nothing else that begins with "$"', () => {
    for (const name of ['id', 'type', 'source', 'subject', 'time']) expect(scope(`$.${name}`)).toBe('attribute');
    for (const text of ['$.data', '$xid', '$', '$.'])
      expect(parseField(text, false)).toEqual({
        ok: false,
        why: 'after "$." stands one of id, type, source, subject, time',
      });
  });
});
