import { afterEach, describe, expect, it } from 'vitest';
import type { FeedFrame } from '../../src/model/feed.ts';
import { FakeOperations } from '../support/fake-operations.ts';
import { closeAll, serve } from '../support/http-server.ts';

afterEach(closeAll);

const REPORT = { id: 'p1', name: 'shop-1:4711', epoch: 'j1', watermark: 7 };
const PAGE: FeedFrame = { kind: 'page', entries: [], proofs: [], head: 7 as never };

describe('GET /v1/feed', () => {
  it('sends each frame as an event of its kind', async () => {
    const operations = new FakeOperations();
    operations.frames = [PAGE, { kind: 'gap', upTo: 9 as never }];
    const { url } = await serve({}, operations);
    const response = await fetch(`${url}/v1/feed`);
    expect(response.headers.get('content-type')).toBe('text/event-stream');
    expect(await response.text()).toBe(
      'retry: 2000\n\nevent: page\ndata: {"entries":[],"proofs":[],"head":7}\n\nevent: gap\ndata: {"upTo":9}\n\n',
    );
    expect(operations.feedsFrom).toEqual([null]);
  });

  it('goes on from where it is told, and wants to know both of what and where', async () => {
    const { operations, call } = await serve();
    await call('GET', '/v1/feed?epoch=a%20b&after=12');
    expect(operations.feedsFrom).toEqual([{ epoch: 'a b', after: 12 }]);
    for (const query of ['epoch=a', 'after=1', 'epoch=a&after=-1', 'epoch=a&after=x', 'from=1']) {
      expect(await call('GET', `/v1/feed?${query}`)).toMatchObject({ status: 400, code: 'PARAMETER_INVALID' });
    }
  });

  it('is for administrators, as the time and the position are', async () => {
    const { call } = await serve({ adminToken: 'a-token-of-sixteen' });
    for (const path of ['/v1/feed', '/v1/position?namespace=product'])
      expect(await call('GET', path)).toMatchObject({ status: 401 });
    expect(await call('POST', '/v1/feed/time', { body: REPORT })).toMatchObject({ status: 401 });
    expect(await call('DELETE', '/v1/feed/members/p1')).toMatchObject({ status: 401 });
  });

  it('tells the position of a source', async () => {
    const { call } = await serve();
    expect((await call('GET', '/v1/position?namespace=product')).json).toEqual({ token: 't1.product.app' });
    expect((await call('GET', '/v1/position?namespace=product&source=db')).json).toEqual({ token: 't1.product.db' });
    expect(await call('GET', '/v1/position')).toMatchObject({ status: 400, code: 'PARAMETER_INVALID' });
  });
});

describe('a process that is fed', () => {
  it('is told the time when it says how far it is', async () => {
    const { operations, call } = await serve();
    expect((await call('POST', '/v1/feed/time', { body: REPORT })).json).toEqual({ clock: 'c', now: 1_234.5 });
    const question = { ...REPORT, clock: 'of another relay' };
    await call('POST', '/v1/feed/time', { body: question });
    expect(operations.reports).toEqual([REPORT, question]);
  });

  it('is not told it when it does not, or when nobody would wait for it', async () => {
    const { operations, call } = await serve();
    for (const body of [{}, { ...REPORT, watermark: -1 }, { ...REPORT, id: '' }, { ...REPORT, more: 1 }])
      expect(await call('POST', '/v1/feed/time', { body })).toMatchObject({ status: 400, code: 'BODY_INVALID' });
    const full = await call('POST', '/v1/feed/time', { body: { ...REPORT, id: 'one too many' } });
    expect(full).toMatchObject({ status: 503, code: 'MEMBERS_FULL' });
    expect(operations.reports).toEqual([]);
  });

  it('says that it ends', async () => {
    const { operations, call } = await serve();
    expect(await call('DELETE', '/v1/feed/members/p%201')).toMatchObject({ status: 204 });
    expect(operations.leavers).toEqual(['p 1']);
  });
});
