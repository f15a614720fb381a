import { afterEach, describe, expect, it } from 'vitest';
import { TidemarkError } from '../../src/errors.ts';
import type { MemberResult } from '../../src/model/member.ts';
import { closeAll, serve } from '../support/http-server.ts';

afterEach(closeAll);

const event = (id: string) => ({
  specversion: '1.0',
  id,
  source: 's',
  type: 'product.updated',
  data: { product_id: 42 },
});

describe('ingest', () => {
  it('answers an event with 202 and its offset', async () => {
    const { call } = await serve();
    const { status, json } = await call('POST', '/v1/events', { body: event('a') });
    expect(status).toBe(202);
    expect(json).toEqual({ offset: 1, duplicate: false, layers: { local: 'applied' } });
  });

  it('answers a duplicate webhook with 2xx and journals nothing', async () => {
    const { call, operations } = await serve();
    await call('POST', '/v1/webhooks/github', { body: event('a') });
    const { status, json } = await call('POST', '/v1/webhooks/github', { body: event('a') });
    expect(status).toBe(202);
    expect(json).toMatchObject({ offset: 1, duplicate: true });
    expect(operations.head).toBe(1);
  });

  it('gives the receiver the body byte for byte, the headers and the path as sent', async () => {
    const { call, operations } = await serve();
    const raw = '{ "id":"a",\r\n "type" : "t\\u00e9" }\n';
    await call('POST', '/v1/webhooks/github?wait=all', { raw, headers: { 'X-Hub-Signature-256': 'sha256=ab' } });
    const request = operations.received[0];
    expect(Buffer.from(request?.body ?? []).toString()).toBe(raw);
    expect(request?.headers['x-hub-signature-256']).toBe('sha256=ab');
    expect(request?.path).toBe('/v1/webhooks/github?wait=all');
  });

  it('answers the refusal of a receiver in the shape of every error', async () => {
    const { call } = await serve();
    const { status, code, message, hint } = await call('POST', '/v1/webhooks/github', {
      body: event('a'),
      headers: { 'x-signature': 'forged' },
    });
    expect(status).toBe(401);
    expect([code, message]).toEqual(['SIGNATURE_WRONG', 'the signature is wrong']);
    expect(hint).toBeTypeOf('string');
  });

  it('answers the OPTIONS handshake with the headers of the receiver', async () => {
    const { call } = await serve();
    const { status, headers, text } = await call('OPTIONS', '/v1/events');
    expect([status, headers.get('webhook-allowed-origin'), text]).toEqual([200, '*', '']);
  });

  it('names an unknown source', async () => {
    const { call } = await serve();
    expect((await call('POST', '/v1/events/missing', { body: event('a') })).status).toBe(404);
  });

  it('accepts an empty batch', async () => {
    const { call } = await serve();
    const { status, json } = await call('POST', '/v1/events', { body: [] });
    expect([status, json]).toEqual([202, { offset: null, duplicate: false, layers: {} }]);
  });
});

describe('waiting for the layers', () => {
  it('answers 200 once every layer has applied it', async () => {
    const { call } = await serve();
    const { status, headers } = await call('POST', '/v1/events?wait=all', { body: event('a') });
    expect([status, headers.get('preference-applied')]).toEqual([200, 'wait']);
  });

  it('answers 202 with what is so far when a layer does not finish in time', async () => {
    const { call, operations } = await serve({ limits: { waitMaxMs: 10 } });
    operations.stallLayers();
    const { status, json } = await call('POST', '/v1/events', { body: event('a'), headers: { prefer: 'wait' } });
    expect([status, json.layers]).toEqual([202, { local: 'queued' }]);
  });

  it('never says 200 when a layer failed', async () => {
    const { call, operations } = await serve();
    operations.layersApplied = Promise.resolve({ local: 'applied', edge: 'failed' });
    const { status, json } = await call('POST', '/v1/invalidations?wait=all', { body: { keys: ['k'] } });
    expect([status, json.layers]).toEqual([202, { local: 'applied', edge: 'failed' }]);
  });
});

describe('waiting for other processes', () => {
  const others = (...results: MemberResult['result'][]): MemberResult[] =>
    results.map((result, n) => ({
      id: `p${n}`,
      name: `shop-${n}`,
      result,
      ...(result !== 'applied' && { reason: '' }),
    }));

  it.each([
    [200, ['applied', 'applied']],
    [200, ['applied', 'left']],
    [202, ['applied', 'gone']],
    [202, ['waiting', 'applied']],
  ] as const)('answers %i when they have %j', async (expected, results) => {
    const { call, operations } = await serve();
    operations.others = others(...results);
    const { status, json } = await call('POST', '/v1/events?wait=all', { body: event('a') });
    expect([status, json.processes]).toEqual([expected, operations.others]);
  });

  it('says of several events what the worst has come to in each process', async () => {
    const { call, operations } = await serve();
    let asked = 0;
    const turns = [others('applied', 'left'), others('waiting', 'applied')];
    Object.defineProperty(operations, 'others', { get: () => turns[asked++] });
    const { json } = await call('POST', '/v1/events', { body: [event('a'), event('b')] });
    expect((json.processes as MemberResult[]).map(({ result }) => result)).toEqual(['waiting', 'left']);
  });

  it('waits no longer than it is asked to', async () => {
    const { call, operations } = await serve();
    operations.stallLayers();
    for (const timeout of ['10', '10ms'])
      expect(await call('DELETE', `/v1/cache/product/k?wait=all&timeout=${timeout}`)).toMatchObject({ status: 202 });
    for (const query of ['wait=all&timeout=soon', 'wait=all&timeout=-1', 'timeout=10', 'wait=some'])
      expect(await call('POST', `/v1/events?${query}`, { body: event('a') })).toMatchObject({
        status: 400,
        code: 'PARAMETER_INVALID',
      });
  });
});

describe('invalidations', () => {
  it('journals an explicit message', async () => {
    const { call, operations } = await serve();
    const body = { keys: ['product:42'], tags: ['t'], reason: 'by hand' };
    expect((await call('POST', '/v1/invalidations', { body })).status).toBe(202);
    expect(operations.journal[0]?.event.data).toEqual(body);
  });

  it.each([
    [{}, 'name at least one'],
    [{ keys: [] }, 'name at least one'],
    [{ keys: 'product:42' }, 'keys: '],
    [{ keys: [''] }, 'keys[0]: '],
    [{ kyes: ['a'] }, 'kyes'],
    [{ keys: ['a\r\nb'] }, 'keys[0]: must not contain control characters'],
    [{ urls: ['http://a/'], soft: true }, 'soft: only keys and tags'],
  ])('refuses %j and says where it is wrong', async (body, words) => {
    const { call, operations } = await serve();
    const { status, code, message } = await call('POST', '/v1/invalidations', { body });
    expect([status, code]).toEqual([400, 'BODY_INVALID']);
    expect(message).toContain(words);
    expect(operations.head).toBe(0);
  });
});

describe('the daemon’s cache', () => {
  it('fills with the stamp of a miss and serves it', async () => {
    const { call } = await serve();
    const path = '/v1/cache/product/product%3A42';
    const miss = await call('GET', path);
    expect(miss.status).toBe(404);
    const absent = { kind: 'absent', how: 'unknown', end: null };
    expect(miss.json).toEqual({ stamp: 0, reason: 'not held', why: absent });
    const put = await call('PUT', path, { body: { value: null, tags: ['t'], ttl: '10m', stamp: miss.json.stamp } });
    expect(put.status).toBe(201);
    const hit = await call('GET', path);
    expect(hit.status).toBe(200);
    const why = { kind: 'fresh', boundMs: 2_000, known: { asOf: 1, ageMs: 1_501, by: 'load' } };
    const told = { asOf: 1, maxAgeMs: 1_501, trust: 'fresh', reason: 'just loaded', why };
    expect(hit.json).toEqual({ value: null, tags: ['t'], ...told });
    expect(hit.headers.get('age')).toBe('2');
  });

  it('tells no age of what nothing has proven', async () => {
    const { call, operations } = await serve();
    await call('PUT', '/v1/cache/product/k', { body: { value: 1, stamp: 0 } });
    operations.ageMs = Infinity;
    const { json, headers } = await call('GET', '/v1/cache/product/k');
    expect([json.maxAgeMs, headers.get('age')]).toEqual([null, null]);
  });

  it('answers 409 when the fence refuses the fill', async () => {
    const { call } = await serve();
    await call('DELETE', '/v1/cache/product/k');
    const { status, json, code } = await call('PUT', '/v1/cache/product/k', { body: { value: 1, stamp: 0 } });
    expect([status, code, json.stored]).toEqual([409, 'FILL_REFUSED', false]);
  });

  it('answers 400 without a stamp, and says where to get one', async () => {
    const { call } = await serve();
    const { status, code, hint } = await call('PUT', '/v1/cache/product/k', { body: { value: 1, tags: [] } });
    expect([status, code]).toEqual([400, 'STAMP_MISSING']);
    expect(hint).toContain('404 carries the stamp');
  });

  it('refuses a stamp that the journal has not reached', async () => {
    const { call } = await serve();
    const { status, code } = await call('PUT', '/v1/cache/product/k', { body: { value: 1, stamp: 1 } });
    expect([status, code]).toEqual([400, 'STAMP_INVALID']);
  });

  it.each([['0'], [0], ['-1s'], ['soon'], [true]])('refuses the ttl %j', async (ttl) => {
    const { call } = await serve();
    const { status, code } = await call('PUT', '/v1/cache/product/k', { body: { value: 1, ttl, stamp: 0 } });
    expect([status, code]).toEqual([400, 'BODY_INVALID']);
  });

  it('refuses a fill without a value', async () => {
    const { call } = await serve();
    const { status, message } = await call('PUT', '/v1/cache/product/k', { body: { stamp: 0 } });
    expect([status, message]).toEqual([400, 'value: is required (null is a value)']);
  });

  it.each(['a/b', 'a%2Fb', 'ä€😀', '?#&', '..x', '%', '+', ' ', 'x'.repeat(2_048)])('knows the key %j', async (key) => {
    const { call, operations } = await serve();
    const path = `/v1/cache/product/${encodeURIComponent(key)}`;
    expect((await call('PUT', path, { body: { value: key, stamp: 0 } })).status).toBe(201);
    expect([...operations.cache.keys()]).toEqual([`product ${key}`]);
    expect((await call('GET', path)).json.value).toBe(key);
  });

  it.each(['%00', 'a%0d%0ab', 'x'.repeat(2_049)])('refuses the key %s', async (key) => {
    const { call } = await serve();
    expect((await call('GET', `/v1/cache/product/${key}`)).status).toBe(400);
  });

  it('deletes through the journal', async () => {
    const { call, operations } = await serve();
    expect((await call('DELETE', '/v1/cache/product/k')).json.offset).toBe(1);
    expect(operations.journal[0]?.event.data).toMatchObject({ keys: ['k'], namespace: 'product' });
  });

  it('tells an unknown namespace from a miss', async () => {
    const { call } = await serve();
    const { status, json, code } = await call('GET', '/v1/cache/missing/k');
    expect([status, code, json.stamp]).toEqual([404, 'NAMESPACE_UNKNOWN', undefined]);
  });
});

describe('what the service knows', () => {
  it('pages through the journal', async () => {
    const { call, operations } = await serve();
    for (let i = 0; i < 5; i++) operations.append('t');
    const { json } = await call('GET', '/v1/journal?after=1&limit=2');
    expect(json).toMatchObject({ entries: [{ offset: 2 }, { offset: 3 }], next: 3, head: 5, first: 1 });
    expect(json.gap).toBeUndefined();
  });

  it('says so when the page begins after entries that are gone', async () => {
    const { call, operations } = await serve();
    for (let i = 0; i < 5; i++) operations.append('t');
    operations.trimmedBelow = 4;
    const { json } = await call('GET', '/v1/journal?after=1');
    expect(json.gap).toEqual({ reason: 'trimmed', after: 1, resumeAfter: 3 });
  });

  it.each(['after=-1', 'after=x', 'limit=0', 'limit=1001', 'after=1&after=2', 'page=2', 'after=99999999999999999'])(
    'refuses ?%s',
    async (query) => {
      const { call } = await serve();
      const { status, code } = await call('GET', `/v1/journal?${query}`);
      expect([status, code]).toEqual([400, 'PARAMETER_INVALID']);
    },
  );

  it('says that a parameter is there twice, rather than choosing one', async () => {
    const { call } = await serve();
    expect((await call('GET', '/v1/journal?after=1&after=2')).message).toBe('the parameter after is there twice');
  });

  it('shows status, explanation, contracts and the graph of them', async () => {
    const { call } = await serve();
    expect((await call('GET', '/v1/status')).json.ready).toBe(true);
    expect((await call('GET', '/v1/explain?key=product%3A42')).json.key).toBe('product:42');
    expect((await call('GET', '/v1/explain')).code).toBe('PARAMETER_INVALID');
    expect((await call('GET', '/v1/contracts')).json.contracts).toHaveLength(1);
    const edge = { trigger: 'product.updated', contract: 'c1', action: 'delete_key', target: 'product:{product_id}' };
    expect((await call('GET', '/v1/graph')).json).toEqual({ edges: [edge] });
  });

  it('plans an event without effect', async () => {
    const { call, operations } = await serve();
    const { status, json } = await call('POST', '/v1/plan', { body: { type: 'product.updated', data: { id: 1 } } });
    expect([status, json.event]).toEqual([200, { type: 'product.updated', source: 'app', data: { id: 1 } }]);
    expect(operations.head).toBe(0);
  });
});

describe('dead letters', () => {
  it('are listed, shown, retried and discarded', async () => {
    const { call, operations } = await serve();
    for (const id of [1, 2, 3]) operations.putLetter(id);
    expect((await call('GET', '/v1/dead-letters?limit=2')).json).toMatchObject({
      deadLetters: [{ id: 1 }, { id: 2 }],
      next: 2,
    });
    expect((await call('GET', '/v1/dead-letters/2')).json.id).toBe(2);
    expect((await call('POST', '/v1/dead-letters/2/retry')).json).toEqual({ ok: true, message: 'done' });
    const stays = await call('POST', '/v1/dead-letters/3/retry');
    expect([stays.status, stays.code]).toEqual([409, 'DEAD_LETTER_STAYS']);
    expect((await call('DELETE', '/v1/dead-letters/1')).status).toBe(204);
    expect([...operations.letters.keys()]).toEqual([3]);
  });

  it.each([
    ['GET', '/v1/dead-letters/9'],
    ['POST', '/v1/dead-letters/9/retry'],
    ['DELETE', '/v1/dead-letters/9'],
  ])('answers %s %s with 404', async (method, path) => {
    const { call } = await serve();
    const { status, code } = await call(method, path);
    expect([status, code]).toEqual([404, 'DEAD_LETTER_UNKNOWN']);
  });
});

describe('replays', () => {
  it('answers with the report', async () => {
    const { call, operations } = await serve();
    operations.append('t');
    const { status, json } = await call('POST', '/v1/replays', { body: { from: 1, types: ['t'], dryRun: true } });
    expect([status, json.replayed, json.cancelled]).toEqual([200, 1, false]);
    expect(operations.replays[0]).toMatchObject({ from: 1, types: ['t'], dryRun: true });
  });

  it.each(['application/x-ndjson', 'text/event-stream'])('streams progress as %s', async (accept) => {
    const { call } = await serve();
    const { headers, text } = await call('POST', '/v1/replays', { body: { from: 1 }, headers: { accept } });
    expect(headers.get('content-type')).toBe(accept);
    expect(text).toMatch(/progress[^]*report[^]*"replayed":0/);
  });

  it('is cancelled when the client goes away', async () => {
    const { url, operations } = await serve();
    let started: () => void = () => undefined;
    const running = new Promise<void>((resolve) => (started = resolve));
    operations.replayGate = new Promise(() => undefined);
    const replay = operations.replay.bind(operations);
    operations.replay = (request) => {
      started();
      return replay(request);
    };
    const leave = new AbortController();
    const answer = fetch(`${url}/v1/replays`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"from":1}',
      signal: leave.signal,
    });
    await running;
    const { signal } = operations.replays[0] ?? {};
    const cancelled = new Promise((resolve) => signal?.addEventListener('abort', resolve));
    leave.abort();
    await expect(answer).rejects.toThrow();
    await cancelled;
  });

  it('refuses a second one at the same time, and allows it afterwards', async () => {
    const { call, operations } = await serve();
    let open: () => void = () => undefined;
    operations.replayGate = new Promise((resolve) => (open = resolve));
    const first = call('POST', '/v1/replays', { body: { from: 1 } });
    const second = call('POST', '/v1/replays', { body: { from: 1 } });
    const refused = await Promise.race([first, second]);
    expect([refused.status, refused.code]).toEqual([409, 'REPLAY_RUNNING']);
    open();
    await Promise.all([first, second]);
    expect((await call('POST', '/v1/replays', { body: { from: 1 } })).status).toBe(200);
  });

  it.each([{}, { from: 0 }, { from: 2, to: 1 }, { from: 1, rate: 0 }, { from: 1, types: [] }])(
    'refuses %j',
    async (body) => {
      const { call } = await serve();
      expect((await call('POST', '/v1/replays', { body })).code).toBe('BODY_INVALID');
    },
  );
});

describe('reload, probes and metrics', () => {
  it('reloads, or says what is wrong', async () => {
    const { call, operations } = await serve();
    expect((await call('POST', '/v1/reload')).json).toEqual({ ok: true, findings: [] });
    operations.reloadOk = false;
    const { status, json, code } = await call('POST', '/v1/reload');
    expect([status, code, json.findings]).toMatchObject([422, 'RELOAD_REFUSED', [{ line: 3 }]]);
  });

  it('is alive, and ready when the service is', async () => {
    const { call, operations } = await serve();
    expect((await call('GET', '/livez')).status).toBe(200);
    expect((await call('GET', '/readyz')).json).toEqual({ ready: true, reasons: [] });
    operations.ready = false;
    expect((await call('GET', '/readyz')).status).toBe(503);
  });

  it('gives Prometheus its metrics', async () => {
    const { call } = await serve();
    const { headers, text } = await call('GET', '/metrics');
    expect(headers.get('content-type')).toContain('version=0.0.4');
    expect(text).toContain('tidemark_events_total');
  });
});

describe('a relay whose contracts others have superseded', () => {
  it('answers an event with 503, the code, and when to come again', async () => {
    const { call, operations } = await serve();
    operations.refusal = new TidemarkError('CONTRACTS_SUPERSEDED', 'this one has a, not b');
    const { status, code, headers, hint } = await call('POST', '/v1/events', { body: event('a') });
    expect([status, code, headers.get('retry-after')]).toEqual([503, 'CONTRACTS_SUPERSEDED', '1']);
    expect(hint).toContain('send it to another relay');
    expect(operations.head).toBe(0);
  });

  it('is alive and not ready, and says why', async () => {
    const { call, operations } = await serve();
    const why = 'standing by: another relay has adopted the contracts b';
    Object.assign(operations, { ready: false, reasons: [why] });
    expect((await call('GET', '/livez')).status).toBe(200);
    const { status, json } = await call('GET', '/readyz');
    expect([status, json]).toEqual([503, { ready: false, reasons: [why] }]);
  });
});

describe('unknown paths and methods', () => {
  it('answers 404 as JSON', async () => {
    const { call } = await serve();
    const { status, code } = await call('GET', '/v1/nothing');
    expect([status, code]).toEqual([404, 'ROUTE_UNKNOWN']);
  });

  it('answers 405 with the methods that there are', async () => {
    const { call } = await serve();
    const { status, code, headers } = await call('POST', '/v1/cache/product/k', { body: {} });
    expect([status, code]).toEqual([405, 'METHOD_UNKNOWN']);
    expect(headers.get('allow')).toBe('DELETE, GET, HEAD, PUT');
  });

  it('answers a path that cannot be decoded with 400', async () => {
    const { call } = await serve();
    const { status, code, headers } = await call('GET', '/v1/cache/product/%zz');
    expect([status, code]).toEqual([400, 'URL_INVALID']);
    expect(headers.get('x-content-type-options')).toBe('nosniff');
  });
});
