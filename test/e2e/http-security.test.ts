import { once } from 'node:events';
import { mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { TidemarkError } from '../../src/errors.ts';
import { createServer } from '../../src/http/server.ts';
import { jsonLog } from '../../src/runtime/json-log.ts';
import { realRuntime } from '../../src/runtime/real.ts';
import { virtualRuntime } from '../../src/runtime/virtual.ts';
import { FakeOperations } from '../support/fake-operations.ts';
import { closeAll, readAll, serve, type Served } from '../support/http-server.ts';
import { anyRequest, exchange, requestText } from '../support/raw-http.ts';

const folders: string[] = [];

afterEach(async () => {
  await closeAll();
  await Promise.all(folders.splice(0).map((folder) => rm(folder, { recursive: true, force: true })));
});

const TOKEN = 'an-admin-token-of-32-characters!';
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
const event = { specversion: '1.0', id: 'a', source: 's', type: 't', data: {} };

const raw = ({ port }: Served, text: string): Promise<string> => exchange(port, text);

/** One request of a client that may say anything in its headers. */
function withHeaders({ port }: Served, line: string, headers: Record<string, string>, body = ''): Promise<string> {
  return exchange(port, requestText(line, headers, body));
}

describe('bodies (security 1, 2)', () => {
  it('refuses a body over the limit by its Content-Length, before any of it has come', async () => {
    const served = await serve();
    const said = await raw(
      served,
      'POST /v1/events HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 1048577\r\n\r\n',
    );
    expect(said).toMatch(/^HTTP\/1.1 413 [^]*"BODY_TOO_LARGE"/);
    expect(served.operations.received).toEqual([]);
  });

  it('refuses a chunked body when it passes the limit, without waiting for its end', async () => {
    const served = await serve();
    const client = await served.socket();
    const said = readAll(client);
    client.write(
      'POST /v1/events HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n',
    );
    const chunk = `10000\r\n${'x'.repeat(0x10000)}\r\n`;
    // Never the last chunk: the answer must come without it.
    for (let i = 0; i < 40 && !client.destroyed; i++) client.write(chunk);
    expect(await said).toMatch(/^HTTP\/1.1 413 /);
    expect(served.operations.received).toEqual([]);
  });

  it('accepts a body of exactly the limit', async () => {
    const { call } = await serve({ limits: { bodyBytesMax: 1_000 } });
    const head = JSON.stringify({ keys: ['k'], reason: '' }).length;
    const body = { keys: ['k'], reason: 'x'.repeat(1_000 - head) };
    expect((await call('POST', '/v1/invalidations', { body })).status).toBe(202);
    const more = { keys: ['k'], reason: 'x'.repeat(1_001 - head) };
    expect((await call('POST', '/v1/invalidations', { body: more })).status).toBe(413);
  });

  it.each([
    ['gzip', gzipSync],
    ['deflate', deflateSync],
    ['br', brotliCompressSync],
  ])('gives the receiver what was compressed with %s', async (encoding, compress) => {
    const { call, operations } = await serve();
    const text = JSON.stringify(event);
    const headers = { 'content-encoding': encoding, 'content-type': 'application/cloudevents+json' };
    expect((await call('POST', '/v1/events', { raw: compress(text), headers })).status).toBe(202);
    expect(Buffer.from(operations.received[0]!.body).toString()).toBe(text);
    expect(operations.received[0]!.headers['content-encoding']).toBeUndefined();
  });

  it.each([
    ['a bomb', 'gzip', gzipSync(Buffer.alloc(50_000_000)), 413],
    ['two encodings', 'gzip, gzip', gzipSync(gzipSync('{}')), 415],
    ['an unknown encoding', 'zstd', Buffer.from('{}'), 415],
    ['bytes that are not of the encoding', 'gzip', Buffer.from('{}'), 400],
  ])('refuses %s', async (_what, encoding, body, status) => {
    const { call, operations } = await serve();
    const answer = await call('POST', '/v1/webhooks/github', { raw: body, headers: { 'content-encoding': encoding } });
    expect(answer.status).toBe(status);
    expect(operations.received).toEqual([]);
  });
});

describe('slow and idle clients (security 3)', () => {
  const limits = { headersTimeoutMs: 150, requestTimeoutMs: 300, timeoutCheckMs: 20 };

  it('gives up on headers that do not end', async () => {
    const said = await raw(await serve({ limits }), 'GET /livez HTTP/1.1\r\nHost: localhost\r\nX-Slow: ');
    expect(said).toMatch(/^HTTP\/1.1 408 [^]*"REQUEST_TIMEOUT"/);
  });

  it('gives up on a body that does not end', async () => {
    const said = await raw(
      await serve({ limits }),
      'POST /v1/events HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{',
    );
    expect(said).toMatch(/^HTTP\/1.1 408 /);
  });

  it('gives up on connections that say nothing', async () => {
    const served = await serve({ limits });
    const clients = await Promise.all(Array.from({ length: 50 }, () => served.socket()));
    await Promise.all(clients.map((client) => readAll(client)));
  });

  it('serves others while more sockets than it may have say nothing', async () => {
    const served = await serve({ limits: { connectionsMax: 20 } });
    const clients = await Promise.all(Array.from({ length: 60 }, () => served.socket()));
    for (const client of clients) client.on('error', () => undefined).write('GET /v1/st');
    for (let i = 0; i < 10; i++) expect((await served.call('GET', '/livez')).status).toBe(200);
    for (const client of clients) client.destroy();
  });

  it('never lets a new connection end one that is being answered', async () => {
    const served = await serve({ limits: { connectionsMax: 2 } });
    let leave: () => void = () => undefined;
    let entered: () => void = () => undefined;
    const inside = new Promise<void>((resolve) => (entered = resolve));
    served.operations.reload = () => {
      entered();
      return new Promise((resolve) => {
        leave = () => {
          resolve({ ok: true, findings: [] });
        };
      });
    };
    const busy = raw(served, 'POST /v1/reload HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');
    await inside;
    for (let i = 0; i < 5; i++) {
      const client = await served.socket();
      client.on('error', () => undefined);
      if (i < 4) continue;
      client.end('GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');
      expect(await readAll(client)).toMatch(/^HTTP\/1.1 200 /);
    }
    leave();
    expect(await busy).toMatch(/^HTTP\/1.1 200 /);
  });

  it('answers headers that are too large, and what is not HTTP, like everything else', async () => {
    const served = await serve();
    expect(await raw(served, `GET / HTTP/1.1\r\nHost: localhost\r\nX: ${'x'.repeat(40_000)}\r\n\r\n`)).toMatch(
      /^HTTP\/1.1 431 [^]*"HEADERS_TOO_LARGE"/,
    );
    expect(await raw(served, 'SSH-2.0-OpenSSH_9.7\r\n\r\n')).toMatch(/^HTTP\/1.1 400 [^]*"REQUEST_MALFORMED"/);
  });

  it('refuses a request that says its length in two ways', async () => {
    const head =
      'POST /v1/events HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n';
    const served = await serve();
    expect(await raw(served, `${head}0\r\n\r\nGET /v1/status HTTP/1.1\r\nHost: localhost\r\n\r\n`)).toMatch(
      /^HTTP\/1.1 400 /,
    );
    expect(served.operations.received).toEqual([]);
  });
});

describe('JSON (security 4, 5)', () => {
  it.each([
    ['{"keys":['.padEnd(100_000, '['), 'JSON_DEPTH'],
    ['{"keys":["a"],"__proto__":{"soft":true}}', 'JSON_KEY'],
    ['{"keys":["a"],"constructor":{"prototype":{"soft":true}}}', 'JSON_KEY'],
    ['{"keys":["\\ud800"]}', 'JSON_TEXT'],
    ['{"keys":["a\\u0000b"]}', 'BODY_INVALID'],
    ['{"keys":', 'JSON_SYNTAX'],
    ['null', 'BODY_INVALID'],
    ['[]', 'BODY_INVALID'],
  ])('refuses what is wrong in it, %#', async (text, code) => {
    const { call, operations } = await serve();
    const answer = await call('POST', '/v1/invalidations', {
      raw: text,
      headers: { 'content-type': 'application/json' },
    });
    expect(answer).toMatchObject({ status: 400, code });
    expect(operations.head).toBe(0);
    expect(({} as { soft?: boolean }).soft).toBeUndefined();
  });

  it('keeps an integer exact or refuses it', async () => {
    const { call } = await serve();
    const put = (text: string) =>
      call('PUT', '/v1/cache/product/k', { raw: text, headers: { 'content-type': 'application/json' } });
    expect((await put('{"value":{"id":12345678901234567890},"stamp":0}')).code).toBe('JSON_NUMBER');
    expect((await put('{"value":{"id":"12345678901234567890"},"stamp":0}')).status).toBe(201);
  });

  it('stays responsive while it reads the worst bodies of the largest size', async () => {
    const { call } = await serve();
    const bodies = ['[', '"\\"', '9', '{"a":', '[9e9,', '"\\ud800",'].map((piece) =>
      piece.repeat(1_040_000 / piece.length),
    );
    const headers = { 'content-type': 'application/json' };
    const start = performance.now();
    await Promise.all(bodies.map((body) => call('POST', '/v1/plan', { raw: body, headers })));
    expect(performance.now() - start).toBeLessThan(5_000);
  });

  it.each(['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', 'application/jsonp'])(
    'refuses a write of the type %s, which a form of another site can send',
    async (type) => {
      const { call } = await serve();
      const options = { raw: '{"keys":["a"]}', headers: { 'content-type': type } };
      expect(await call('POST', '/v1/invalidations', options)).toMatchObject({ status: 415, code: 'CONTENT_TYPE' });
      expect((await call('PUT', '/v1/cache/product/k', options)).status).toBe(415);
      expect((await call('POST', '/v1/reload', options)).status).toBe(415);
      expect((await call('DELETE', '/v1/cache/product/k', options)).status).toBe(415);
    },
  );

  it('accepts application/json however it is written', async () => {
    const { call } = await serve();
    for (const type of ['application/json;charset=utf-8', 'Application/JSON ; charset=UTF-8']) {
      const options = { raw: '{"keys":["a"]}', headers: { 'content-type': type } };
      expect((await call('POST', '/v1/invalidations', options)).status).toBe(202);
    }
  });

  it('refuses a body where none belongs', async () => {
    const { call, operations } = await serve();
    operations.putLetter(2);
    expect(await call('POST', '/v1/dead-letters/2/retry', { body: { id: 3 } })).toMatchObject({ code: 'BODY_INVALID' });
    expect((await call('POST', '/v1/dead-letters/2/retry', { body: {} })).status).toBe(200);
  });
});

describe('the admin token (security 25, 26)', () => {
  it.each(['0.0.0.0', '::', '192.168.1.1', 'example.com', '127.0.0.1.nip.io'])(
    'is needed to listen on %s',
    async (host) => {
      const server = createServer(new FakeOperations(), { runtime: realRuntime(), host, port: 0 });
      await expect(server).rejects.toMatchObject({ code: 'LISTEN_UNPROTECTED' });
    },
  );

  it.each(['127.0.0.1', 'localhost', '::1'])('is not needed to listen on %s', async (host) => {
    const { call } = await serve({ host });
    expect((await call('GET', '/v1/status')).status).toBe(200);
  });

  it('lets every address be listened on', async () => {
    const { call, url } = await serve({ host: '0.0.0.0', adminToken: TOKEN });
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect((await call('GET', '/v1/status', { headers: bearer(TOKEN) })).status).toBe(200);
  });

  it('says which address is taken', async () => {
    const { port } = await serve();
    const server = await createServer(new FakeOperations(), { runtime: realRuntime(), host: '127.0.0.1', port });
    await expect(server.listen()).rejects.toMatchObject({
      code: 'LISTEN_IN_USE',
      message: expect.stringContaining(`127.0.0.1:${String(port)}`) as string,
    });
    await server.close();
  });

  it('is asked for with a challenge, and only accepted in its header', async () => {
    const { call } = await serve({ adminToken: TOKEN });
    const missing = await call('GET', '/v1/status');
    expect(missing).toMatchObject({ status: 401, code: 'TOKEN_MISSING' });
    expect(missing.headers.get('www-authenticate')).toBe('Bearer realm="tidemark"');
    for (const name of ['token', 'access_token', 'admin_token']) {
      expect((await call('GET', `/v1/status?${name}=${TOKEN}`)).status).toBe(401);
    }
    const cookie = { cookie: `token=${TOKEN}`, 'x-admin-token': TOKEN };
    expect((await call('GET', '/v1/status', { headers: cookie })).status).toBe(401);
    expect(await call('GET', '/v1/status', { headers: bearer('wrong') })).toMatchObject({ code: 'TOKEN_WRONG' });
    expect((await call('GET', '/v1/status', { headers: bearer(TOKEN) })).status).toBe(200);
  });

  it('is checked before a byte of the body is read', async () => {
    const served = await serve({ adminToken: TOKEN });
    const head = 'POST /v1/invalidations HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n';
    const client = await served.socket();
    const said = readAll(client, '"TOKEN_MISSING"');
    client.write(`${head}Content-Length: 1000000\r\n\r\n`);
    expect(await said).toMatch(/^HTTP\/1.1 401 /);
    client.destroy();
  });

  it('is not needed for what has means of its own', async () => {
    const { call } = await serve({ adminToken: TOKEN });
    expect((await call('POST', '/v1/events', { body: event })).status).toBe(202);
    expect((await call('POST', '/v1/webhooks/github', { body: event })).status).toBe(202);
    expect((await call('GET', '/livez')).status).toBe(200);
    expect((await call('GET', '/')).status).toBe(200);
  });

  it('lets a probe see that it is ready, and not why', async () => {
    const { call, operations } = await serve({ adminToken: TOKEN });
    operations.ready = false;
    expect(await call('GET', '/readyz')).toMatchObject({ status: 503, json: { ready: false } });
    expect((await call('GET', '/readyz')).text).not.toContain('shop-db');
  });

  it('is not needed for metrics on this machine, and is through a proxy on it', async () => {
    const { call } = await serve({ adminToken: TOKEN });
    expect((await call('GET', '/metrics')).status).toBe(200);
    expect((await call('GET', '/metrics', { headers: { 'x-forwarded-for': '203.0.113.9' } })).status).toBe(401);
    expect((await call('GET', '/metrics', { headers: { forwarded: 'for=203.0.113.9' } })).status).toBe(401);
  });

  it('makes whoever guesses wait, also with the right one, and logs it without the guess', async () => {
    const lines: string[] = [];
    const log = jsonLog('warn', { write: (line) => void lines.push(line) });
    const runtime = { ...virtualRuntime(), log };
    const { call } = await serve({ runtime, adminToken: TOKEN });
    for (let i = 0; i < 5; i++)
      expect((await call('GET', '/v1/status', { headers: bearer('guess') })).status).toBe(401);
    const blocked = await call('GET', '/v1/status', { headers: bearer(TOKEN) });
    expect(blocked).toMatchObject({ status: 429, code: 'TOKEN_FAILURES' });
    expect(blocked.headers.get('retry-after')).toBe('1');
    await runtime.clock.advance(1_000);
    expect((await call('GET', '/v1/status', { headers: bearer(TOKEN) })).status).toBe(200);
    expect(lines).toHaveLength(5);
    expect(lines.join('')).not.toContain('guess"');
    expect(lines[0]).toContain('127.0.0.1');
  });
});

describe('other sites (security 27, 28)', () => {
  const evil = { Origin: 'https://evil.example' };

  it.each([
    ['POST /v1/events'],
    ['POST /v1/webhooks/github'],
    ['POST /v1/invalidations'],
    ['POST /v1/reload'],
    ['PUT /v1/cache/product/k'],
    ['DELETE /v1/cache/product/k'],
    ['DELETE /v1/dead-letters/1'],
    ['GET /v1/journal/stream'],
    ['GET /v1/observations'],
  ])('may not ask for %s', async (line) => {
    const served = await serve();
    for (const headers of [evil, { 'Sec-Fetch-Site': 'cross-site' }, { Origin: 'null' }]) {
      expect(await withHeaders(served, line, headers as Record<string, string>)).toMatch(
        /^HTTP\/1.1 403 [^]*"ORIGIN_FORBIDDEN"/,
      );
    }
    expect(served.operations.received).toEqual([]);
  });

  it('get no leave by CORS', async () => {
    const served = await serve();
    const preflight = {
      ...evil,
      'Access-Control-Request-Method': 'POST',
      'Access-Control-Request-Headers': 'content-type',
    };
    for (const line of ['OPTIONS /v1/invalidations', 'OPTIONS /v1/events', 'GET /v1/status', 'GET /nowhere']) {
      expect(await withHeaders(served, line, preflight)).not.toMatch(/access-control-/i);
    }
    expect(await withHeaders(served, 'OPTIONS /v1/invalidations', preflight)).toMatch(/^HTTP\/1.1 405 /);
  });

  it('may be our own page', async () => {
    const served = await serve();
    const headers = { Origin: 'http://localhost', 'Sec-Fetch-Site': 'same-origin', 'Content-Type': 'application/json' };
    expect(await withHeaders(served, 'POST /v1/invalidations', headers, '{"keys":["k"]}')).toMatch(/^HTTP\/1.1 202 /);
  });

  it.each(['GET /', 'GET /v1/status', 'GET /v1/journal/stream', 'POST /v1/events', 'GET /metrics', 'GET /nowhere'])(
    'cannot reach %s through a name that they point at this machine',
    async (line) => {
      const served = await serve();
      for (const host of ['evil.example', 'localhost.evil.example:80', '']) {
        expect(await withHeaders(served, line, { Host: host })).toMatch(/^HTTP\/1.1 403 [^]*"HOST_FORBIDDEN"/);
      }
    },
  );

  it('may use a name that the server is told to accept', async () => {
    const served = await serve({ allowedHosts: ['Tidemark.internal'] });
    expect(await withHeaders(served, 'GET /livez', { Host: 'tidemark.internal:80' })).toMatch(/^HTTP\/1.1 200 /);
    expect(await withHeaders(served, 'GET /livez', { Host: 'other.internal' })).toMatch(/^HTTP\/1.1 403 /);
  });

  it('may use any name where every request needs the token anyway, unless names are configured', async () => {
    const open = await serve({ host: '0.0.0.0', adminToken: TOKEN });
    expect(await withHeaders(open, 'GET /livez', { Host: 'tidemark.prod' })).toMatch(/^HTTP\/1.1 200 /);
    const named = await serve({ host: '0.0.0.0', adminToken: TOKEN, allowedHosts: ['tidemark.prod'] });
    expect(await withHeaders(named, 'GET /livez', { Host: 'evil.example' })).toMatch(/^HTTP\/1.1 403 /);
  });
});

describe('the page (security 29)', () => {
  async function built(): Promise<string> {
    const folder = await mkdtemp(join(tmpdir(), 'tidemark-page-'));
    folders.push(folder);
    const dir = join(folder, 'dist');
    await mkdir(join(dir, 'assets'), { recursive: true });
    await writeFile(join(folder, 'secret.txt'), 'canary');
    await writeFile(join(dir, '.env'), 'canary');
    await writeFile(join(dir, 'index.html'), '<!doctype html><title>Tidemark</title>');
    await writeFile(join(dir, 'assets', 'main-1234.js'), 'export {};');
    return dir;
  }

  const TEXT = {
    'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
    'x-content-type-options': 'nosniff',
    'cross-origin-resource-policy': 'same-origin',
  };
  const PAGE = {
    ...TEXT,
    'content-security-policy': expect.stringMatching(
      /^default-src 'none'; script-src 'self'; style-src 'self';.* frame-ancestors 'none'$/,
    ) as string,
    'x-frame-options': 'DENY',
    'referrer-policy': 'no-referrer',
    'cross-origin-opener-policy': 'same-origin',
  };

  it('is served from its directory, and its assets may be kept', async () => {
    const { call } = await serve({ dashboardDir: await built() });
    const page = await call('GET', '/');
    expect([page.status, page.headers.get('cache-control')]).toEqual([200, 'no-cache']);
    expect(page.headers.get('content-type')).toMatch(/^text\/html/);
    const asset = await call('GET', '/assets/main-1234.js');
    expect([asset.status, asset.headers.get('cache-control')]).toEqual([200, 'public, max-age=31536000, immutable']);
    expect(asset.headers.get('content-type')).toMatch(/javascript/);
    const none = await call('GET', '/assets/none.js');
    expect([none.code, none.headers.get('cache-control')]).toEqual(['ROUTE_UNKNOWN', 'no-store']);
    expect(await call('POST', '/assets/none.js')).toMatchObject({ status: 404 });
  });

  it.each([
    '/../secret.txt',
    '/..%2fsecret.txt',
    '/%2e%2e/secret.txt',
    '/assets/..%5c..%5c..%5csecret.txt',
    '/assets/../../secret.txt',
    '//etc/passwd',
    '/%00',
    '/.env',
    '/%2eenv',
  ])('gives nothing from outside for %s', async (path) => {
    const served = await serve({ dashboardDir: await built() });
    const said = await withHeaders(served, `GET ${path}`, {});
    expect(said).toMatch(/^HTTP\/1.1 (400|403|404) /);
    expect(said).not.toMatch(/canary|root:/);
  });

  it('says how to build it when it is not built', async () => {
    for (const dashboardDir of [undefined, join(tmpdir(), 'tidemark-there-is-no-such-folder')]) {
      const { call } = await serve(dashboardDir === undefined ? {} : { dashboardDir });
      const { status, text, headers } = await call('GET', '/');
      expect([status, headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
      expect(text).toContain('npm start');
      expect(text).not.toMatch(/<script|style=/);
    }
  });

  it('may run and load what is its own; every other answer nothing; none may be framed', async () => {
    for (const options of [{ dashboardDir: await built() }, {}]) {
      const { call } = await serve(options);
      expect(Object.fromEntries((await call('GET', '/')).headers)).toMatchObject(PAGE);
      for (const path of ['/v1/status', '/nowhere', '/%zz', '/metrics', '/v1/journal?after=x']) {
        expect(Object.fromEntries((await call('GET', path)).headers), path).toMatchObject(TEXT);
      }
    }
  });
});

describe('errors (security 22, 23)', () => {
  const canary = 'canary-7f3a: password=hunter2 at /srv/app/db.ts:12';

  it('tell the client a code and the log the rest', async () => {
    const lines: string[] = [];
    const log = jsonLog('warn', { write: (line) => void lines.push(line) });
    const { call, operations } = await serve({ runtime: { ...realRuntime(), log } });
    for (const [expected, failure] of [
      ['INTERNAL', new Error(canary)],
      ['ASSERTION', new TidemarkError('ASSERTION', canary)],
    ] as const) {
      operations.failure = failure;
      const answer = await call('GET', '/v1/status', { headers: { 'x-request-id': 'abc-1' } });
      expect(answer).toMatchObject({ status: 500, code: expected });
      expect(answer.text).not.toMatch(/canary|hunter2|\.ts|\/srv/);
      expect(answer.headers.get('x-request-id')).toBe('abc-1');
      expect(lines.pop()).toMatch(/canary-7f3a.*"requestId":"abc-1"/);
    }
  });

  it('say which request it was, with an id of our own where the given one could forge a log', async () => {
    const { call } = await serve();
    const idOf = async (given?: string) =>
      (await call('GET', '/livez', { headers: given === undefined ? {} : { 'x-request-id': given } })).headers.get(
        'x-request-id',
      );
    expect(await idOf('trace.01:a_b-c')).toBe('trace.01:a_b-c');
    for (const bad of [undefined, 'a b', '"', 'x'.repeat(101), '${jndi:x}']) {
      expect(await idOf(bad)).toMatch(/^[0-9a-f-]{36}$/);
    }
  });

  it('say CLOSED with 503 when the service is shutting down', async () => {
    const { call, operations } = await serve();
    operations.failure = new TidemarkError('CLOSED');
    const { status, code, headers } = await call('GET', '/v1/status');
    expect([status, code, headers.get('retry-after')]).toEqual([503, 'CLOSED', '1']);
  });

  it('quote input without its control characters', async () => {
    const { call } = await serve();
    const { text } = await call('GET', '/v1/journal?a%1b%5b31m%0d%0a%e2%80%ae%c2%9b=1');
    expect(text).toContain('the parameter a\\\\u001b[31m\\\\u000d\\\\u000a\\\\u202e\\\\u009b is unknown');
  });

  it('always have the same shape', async () => {
    const { call } = await serve();
    const answers = await Promise.all([
      call('GET', '/nowhere'),
      call('PATCH', '/v1/status'),
      call('GET', '/v1/explain'),
      call('PUT', '/v1/cache/product/k', { body: {} }),
      call('POST', '/v1/plan', { raw: '{' }),
      call('POST', '/v1/plan', { raw: '{', headers: { 'content-type': 'nonsense' } }),
      call('POST', '/v1/events/missing', { body: event }),
      call('GET', '/%zz'),
    ]);
    for (const { status, json, headers } of answers) {
      expect(status).toBeGreaterThanOrEqual(400);
      expect(headers.get('content-type')).toBe('application/json; charset=utf-8');
      const text = expect.any(String) as string;
      expect(json).toEqual({ error: { code: text, message: text, hint: text } });
    }
  });
});

describe('any input', () => {
  it('is answered, and never with 500', async () => {
    const served = await serve();
    await fc.assert(
      fc.asyncProperty(anyRequest, async (request) => {
        expect(await exchange(served.port, request)).toMatch(/^HTTP\/1.1 [1234]\d\d /);
      }),
      { numRuns: 400 },
    );
    expect((await served.call('GET', '/livez')).status).toBe(200);
  }, 60_000);

  it('of bytes that are no HTTP at all ends the connection and nothing else', async () => {
    const served = await serve({ limits: { headersTimeoutMs: 100, requestTimeoutMs: 100, timeoutCheckMs: 10 } });
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 100 }), async (bytes) => {
        const client = await served.socket();
        client.on('error', () => undefined);
        const closed = once(client, 'close');
        client.resume().end(bytes);
        await closed;
      }),
      { numRuns: 100 },
    );
    expect((await served.call('GET', '/livez')).status).toBe(200);
  }, 60_000);
});
