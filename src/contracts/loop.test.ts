import { describe, expect, it } from 'vitest';
import type { JsonValue } from '../model/json.ts';
import { imagesOf, parseField } from './field.ts';
import { loopOver } from './loop.ts';

function over(data: JsonValue, optional = false) {
  const parsed = parseField('items', false);
  if (!parsed.ok) throw new Error(parsed.why);
  return loopOver({ field: parsed.field, optional, limit: 3 }, imagesOf({ id: '1', type: 't', source: 's', data }));
}

describe('a loop', () => {
  it('has a frame for each item, up to as many as it may have', () => {
    expect(over({ items: [1, 2, 3] }).frames.map(({ item }) => item?.value)).toEqual([1, 2, 3]);
  });

  it.each([[{}], [{ items: 'x' }], [{ items: [1, 2, 3, 4] }]])('has no frame when it has a problem: %j', (data) => {
    const { frames, problem } = over(data);
    expect(frames).toEqual([]);
    expect(problem).not.toBeNull();
  });

  it('over what may be missing has neither', () => {
    expect(over({}, true)).toEqual({ frames: [], problem: null });
  });
});
