// Goal: over HTTP the real service keeps what it promises, also across a restart. Method: a daemon's two halves, service
// and server, on a SQLite journal in a folder of its own; requests as clients in other languages send them.
import { createHmac } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { createServer } from '../../src/http/server.ts';
import { realRuntime } from '../../src/runtime/real.ts';
import { Tidemark } from '../../src/service.ts';
import { callerOf, type Answer } from '../support/http-server.ts';
import { anyRequest, exchange } from '../support/raw-http.ts';
import { openStream } from '../support/sse.ts';

const SECRET = 'a-secret-of-a-test-only';
const actions = [{ delete_key: 'product:{product_id}' }, { purge_tag: 'product-{product_id}' }];

interface Daemon {
  readonly url: string;
  readonly tide: Tidemark;
  readonly call: ReturnType<typeof callerOf>;
  readonly close: () => Promise<void>;
}

const cleanups: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function folderOf(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'tidemark-http-'));
  cleanups.push(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

async function start(folder: string): Promise<Daemon> {
  const runtime = realRuntime();
  const tide = await Tidemark.start({
    runtime,
    cwd: folder,
    config: {
      version: 1,
      journal: { type: 'sqlite', path: join(folder, 'journal.db') },
      sources: { app: { type: 'http' }, github: { type: 'webhook', scheme: 'github', secret: SECRET } },
      layers: { local: { type: 'memory' } },
      namespaces: { product: { ttl: '10m' } },
      contracts: [
        { event_invalidation: { trigger: 'product.updated', actions } },
        { event_invalidation: { trigger: 'github.push', actions: [{ delete_key: 'repo:{repository.id}' }] } },
      ],
    },
  });
  const server = await createServer(tide, { runtime, host: '127.0.0.1', port: 0 });
  const { url } = await server.listen();
  let closed = false;
  const close = async (): Promise<void> => {
    if (closed) return;
    closed = true;
    await server.close();
    await tide.close();
  };
  cleanups.push(close);
  return { url, tide, call: callerOf(url), close };
}

function event(id: string, productId: unknown): Parameters<Daemon['call']>[2] {
  const body = { specversion: '1.0', id, source: '/shop', type: 'product.updated', data: { product_id: productId } };
  return { body, headers: { 'content-type': 'application/cloudevents+json' } };
}

const stampOf = ({ json }: Answer): number => json.stamp as number;

describe('a cache in another language', () => {
  it('cannot put back what an event ended while it was loading, by key or by tag', async () => {
    const { call } = await start(await folderOf());
    for (const [key, tags] of [
      ['product:42', []],
      ['page:1', ['product-42']],
    ] as const) {
      const path = `/v1/cache/product/${encodeURIComponent(key)}`;
      const stamp = stampOf(await call('GET', path));
      expect((await call('POST', '/v1/events?wait=all', event(`during ${key}`, 42))).status).toBe(200);
      const late = await call('PUT', path, { body: { value: 'old', tags, stamp } });
      expect(late).toMatchObject({ status: 409, code: 'FILL_REFUSED' });
      const again = stampOf(await call('GET', path));
      expect((await call('PUT', path, { body: { value: 'new', tags, stamp: again } })).status).toBe(201);
      expect((await call('GET', path)).json.value).toBe('new');
    }
  });

  it('cannot fill with a stamp that was never given out', async () => {
    const { call } = await start(await folderOf());
    const answer = await call('PUT', '/v1/cache/product/k', { body: { value: 1, stamp: 1 } });
    expect(answer).toMatchObject({ status: 400, code: 'STAMP_INVALID' });
  });

  it('knows a key in whatever characters the key is written', async () => {
    const { call } = await start(await folderOf());
    for (const id of ['ä€😀', 'a/b', '%2F', '?', '#', 'a b', '..']) {
      const path = `/v1/cache/product/${encodeURIComponent(`product:${id}`)}`;
      expect((await call('PUT', path, { body: { value: id, stamp: stampOf(await call('GET', path)) } })).status).toBe(
        201,
      );
      expect((await call('GET', path)).json.value).toBe(id);
      expect((await call('POST', '/v1/events?wait=all', event(`of ${id}`, id))).status).toBe(200);
      expect((await call('GET', path)).status, id).toBe(404);
    }
  });
});

describe('a webhook', () => {
  const body = JSON.stringify({ ref: 'refs/heads/main', repository: { id: 7 } });
  const signed = (id: string, text = body) => ({
    raw: text,
    headers: {
      'content-type': 'application/json',
      'x-github-event': 'push',
      'x-github-delivery': id,
      'x-hub-signature-256': `sha256=${createHmac('sha256', SECRET).update(body).digest('hex')}`,
    },
  });

  it('is taken once, however often it comes, also after a restart', async () => {
    const folder = await folderOf();
    const first = await start(folder);
    expect((await first.call('POST', '/v1/webhooks/github', signed('d-1'))).json).toMatchObject({ duplicate: false });
    expect((await first.call('POST', '/v1/webhooks/github', signed('d-1'))).json).toMatchObject({ duplicate: true });
    await first.close();
    const second = await start(folder);
    const again = await second.call('POST', '/v1/webhooks/github', signed('d-1'));
    expect(again).toMatchObject({ status: 202, json: { offset: 1, duplicate: true } });
    expect(second.tide.head).toBe(1);
  });

  it('is refused when a byte of it was changed', async () => {
    const { call, tide } = await start(await folderOf());
    const forged = await call('POST', '/v1/webhooks/github', signed('d-1', body.replace('7', '8')));
    expect(forged.status).toBe(401);
    expect(forged.text).not.toContain(SECRET);
    expect(tide.head).toBe(0);
  });
});

describe('a follower', () => {
  it('misses nothing and sees nothing twice over a restart of the daemon', async () => {
    const folder = await folderOf();
    const first = await start(folder);
    const seen: number[] = [];
    let stream = await openStream(`${first.url}/v1/journal/stream?after=0`);
    for (let i = 0; i < 20; i++) await first.call('POST', '/v1/events', event(`a${String(i)}`, i));
    for (let i = 0; i < 10; i++) seen.push(Number((await stream.next()).id));
    const [, read] = await Promise.all([first.close(), stream.ended()]);
    expect(read).toBeUndefined();

    const second = await start(folder);
    for (let i = 0; i < 20; i++) await second.call('POST', '/v1/events', event(`b${String(i)}`, i));
    stream = await openStream(`${second.url}/v1/journal/stream`, { 'last-event-id': String(seen.at(-1)) });
    while (seen.length < 40) seen.push(Number((await stream.next()).id));
    expect(seen).toEqual(Array.from({ length: 40 }, (_, i) => i + 1));
    stream.leave();
  });

  it('sees what happened as observations', async () => {
    const { url, call } = await start(await folderOf());
    const stream = await openStream(`${url}/v1/observations?types=event:received,plan,layer:applied`);
    await stream.until('retry');
    await call('POST', '/v1/events', event('a', 42));
    const kinds = new Set<string | undefined>();
    while (kinds.size < 3) kinds.add((await stream.next()).event);
    expect([...kinds].sort()).toEqual(['event:received', 'layer:applied', 'plan']);
    stream.leave();
  });
});

describe('an acknowledgement', () => {
  it('is only given for what is still there after the daemon was closed under load', async () => {
    const folder = await folderOf();
    const first = await start(folder);
    const acknowledged: number[] = [];
    const send = async (lane: number): Promise<void> => {
      for (let i = 0; ; i++) {
        const id = `${String(lane)}-${String(i)}`;
        const answer = await first.call('POST', '/v1/events', event(id, i)).catch(() => null);
        if (answer?.status !== 202) return;
        acknowledged.push(answer.json.offset as number);
        if (acknowledged.length === 200) void first.close();
      }
    };
    await Promise.all([1, 2, 3, 4, 5, 6, 7, 8].map(send));
    await first.close();
    expect(acknowledged.length).toBeGreaterThanOrEqual(200);
    const second = await start(folder);
    expect(second.tide.head).toBeGreaterThanOrEqual(Math.max(...acknowledged));
    expect(new Set(acknowledged).size).toBe(acknowledged.length);
  });

  it('of a batch is for all of it or for nothing', async () => {
    const { call, tide } = await start(await folderOf());
    const headers = { 'content-type': 'application/cloudevents-batch+json' };
    const batch = Array.from({ length: 500 }, (_, i) => event(`b${String(i)}`, i)!.body);
    expect((await call('POST', '/v1/events?wait=all', { body: batch, headers })).json).toMatchObject({ offset: 500 });
    const wrong = await call('POST', '/v1/events', { body: [...batch.slice(0, 3), { specversion: '1.0' }], headers });
    expect(wrong.status).toBe(400);
    expect(tide.head).toBe(500);
  });
});

describe('dead letters and replays', () => {
  it('work over HTTP as in the service', async () => {
    const { call, tide } = await start(await folderOf());
    await call('POST', '/v1/events?wait=all', event('odd', null));
    const { json } = await call('GET', '/v1/dead-letters');
    const letters = json.deadLetters as { id: number; code: string }[];
    expect(letters.length).toBeGreaterThan(0);
    expect((await call('POST', `/v1/dead-letters/${String(letters[0]!.id)}/retry`)).code).toBe('DEAD_LETTER_STAYS');
    for (const { id } of letters) expect((await call('DELETE', `/v1/dead-letters/${String(id)}`)).status).toBe(204);
    expect(tide.status().deadLetters).toBe(0);
    const before = tide.head;
    const report = await call('POST', '/v1/replays', { body: { from: 1, types: ['product.*'], dryRun: true } });
    expect(report).toMatchObject({ status: 200, json: { matched: 1, replayed: 0 } });
    expect(tide.head).toBe(before);
  });
});

describe('any request', () => {
  it('is answered by the real service, and never with 500', async () => {
    const { url, call } = await start(await folderOf());
    const port = Number(new URL(url).port);
    await fc.assert(
      fc.asyncProperty(anyRequest, async (request) => {
        expect(await exchange(port, request)).toMatch(/^HTTP\/1.1 [1234]\d\d /);
      }),
      { numRuns: 500 },
    );
    expect((await call('POST', '/v1/events?wait=all', event('after', 1))).status).toBe(200);
  }, 60_000);
});
