import { expect, it } from 'vitest';
import type { Offset } from '../../model/position.ts';
import { Fence } from '../../trust/fence.ts';
import { lastEndOf, type Made } from './last-end.ts';

const at = (offset: number): Offset => offset as Offset;

it('the last end of a value is that of its own or of a part, in the namespace of that', () => {
  const fence = new Fence();
  const part = { namespace: 'product', marks: fence.embed('product:1', ['brand-1']) };
  const page: Made = {
    namespace: 'page',
    key: 'page:1',
    stamp: at(3),
    marks: fence.retain(['home']),
    embeds: [part],
  };
  const said = (how: 'hard' | 'soft'): unknown => {
    const end = lastEndOf(fence, how, page);
    return end && `${end.target} ${end.name} of ${end.namespace} at ${end.at}${end.embedded ? ', a part' : ''}`;
  };
  fence.invalidateKey('product:1', at(3), false);
  fence.invalidateTag('brand-1', at(9), false, 'page');
  expect([said('hard'), said('soft')]).toEqual([null, null]);
  fence.invalidateTag('home', at(4), true);
  expect([said('hard'), said('soft')]).toEqual([null, 'tag home of page at 4']);
  fence.invalidateTag('brand-1', at(5), true);
  expect([said('hard'), said('soft')]).toEqual([null, 'tag brand-1 of product at 5, a part']);
  fence.invalidateKey('product:1', at(6), false, 'product');
  expect(said('hard')).toBe('key product:1 of product at 6, a part');
  fence.invalidateNamespace('page', at(7));
  expect(said('hard')).toBe('namespace page of page at 7');
  fence.invalidateNamespace('product', at(8));
  expect(said('hard')).toBe('namespace product of product at 8, a part');
  fence.invalidateEverything(at(10));
  expect(said('hard')).toBe('everything  of page at 10');
});
