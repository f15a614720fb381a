// Goal: what the receivers promise holds over HTTP with the real service: one effect for one delivery, the same words
// for every bad signature, batches all or nothing, the handshake. Method: requests as vendors and CloudEvents senders
// send them, signed apart from the code that verifies.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { CloudEvent, emitterFor, HTTP, httpTransport, Mode } from 'cloudevents';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createServer } from '../../src/http/server.ts';
import { realRuntime } from '../../src/runtime/real.ts';
import { Tidemark } from '../../src/service.ts';
import { callerOf, type Answer } from '../support/http-server.ts';
import { signers, type Headers, type SchemeName } from '../support/sign-webhooks.ts';

const names = Object.keys(signers) as SchemeName[];
const SECRETS: Record<SchemeName, string> = {
  standard: `whsec_${Buffer.alloc(32, 5).toString('base64')}`,
  github: 'canary-github',
  stripe: 'whsec_canary_stripe',
  shopify: 'canary-shopify',
  contentful: 'canary'.padEnd(64, 'c'),
  sanity: 'canary-sanity',
};
const TOKEN = 'canary-token';

let folder: string;
let tide: Tidemark;
let url: string;
let call: ReturnType<typeof callerOf>;
let close: () => Promise<void>;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tidemark-webhooks-'));
  const webhooks = names.map((scheme) => [scheme, { type: 'webhook', scheme, secret: SECRETS[scheme] }] as const);
  const runtime = realRuntime();
  tide = await Tidemark.start({
    runtime,
    cwd: folder,
    config: {
      version: 1,
      journal: { type: 'sqlite', path: join(folder, 'journal.db') },
      sources: {
        ...Object.fromEntries(webhooks),
        app: { type: 'http' },
        large: { type: 'http', max_bytes: 3_000_000 },
        small: { type: 'http', max_bytes: 1_000 },
        guarded: { type: 'http', token: TOKEN, allowed_origins: ['a.example'], rate: 60 },
      },
      namespaces: { things: { ttl: '1h' } },
      contracts: [{ event_invalidation: { trigger: '*', actions: [{ delete_key: 'thing:{n}' }] } }],
    },
  });
  const server = await createServer(tide, { runtime, host: '127.0.0.1', port: 0 });
  ({ url } = await server.listen());
  call = callerOf(url);
  close = async () => {
    await server.close();
    await tide.close();
  };
});
afterAll(async () => {
  await close();
  await rm(folder, { recursive: true, force: true });
});

const payload = (n: number): string =>
  JSON.stringify({ id: `evt_${n}`, type: 'thing.changed', _type: 'thing', action: 'changed', n });

function signed(scheme: SchemeName, n: number, secret = SECRETS[scheme]): Headers {
  const id = `delivery-${n}`;
  return signers[scheme]({ body: payload(n), secret, at: Date.now(), id, path: `/v1/webhooks/${scheme}` });
}

const post = (scheme: SchemeName, headers: Headers, raw: string | Uint8Array): Promise<Answer> =>
  call('POST', `/v1/webhooks/${scheme}`, { raw, headers: { 'content-type': 'application/json', ...headers } });

describe.each(names)('%s', (scheme) => {
  test('a delivery ends the trust of what it names, once', async () => {
    const cache = tide.cache<string>('things');
    await cache.set({ key: 'thing:1', value: 'old' });
    await cache.set({ key: 'thing:2', value: 'old' });
    const headers = signed(scheme, 1);
    const first = await call('POST', `/v1/webhooks/${scheme}?wait=all`, {
      raw: payload(1),
      headers: { 'content-type': 'application/json', ...withPath(scheme, headers, 1) },
    });
    expect(first).toMatchObject({ status: 200, json: { duplicate: false } });
    expect([cache.peek('thing:1'), cache.peek('thing:2')]).toEqual([undefined, 'old']);
    await cache.set({ key: 'thing:1', value: 'new' });
    const again = await post(scheme, signed(scheme, 1), payload(1));
    expect(again).toMatchObject({ status: 202, json: { duplicate: true, offset: first.json.offset } });
    expect(cache.peek('thing:1')).toBe('new');
  });

  /** Contentful signs the query too. */
  function withPath(name: SchemeName, headers: Headers, n: number): Headers {
    if (name !== 'contentful') return headers;
    const path = '/v1/webhooks/contentful?wait%253Dall';
    return signers.contentful({
      body: payload(n),
      secret: SECRETS.contentful,
      at: Date.now(),
      id: `delivery-${n}`,
      path,
    });
  }

  test('every way to be wrong is answered in the same words, and leaves nothing', async () => {
    const head = tide.head;
    const fine = signed(scheme, 3);
    const stale = signers[scheme]({
      body: payload(3),
      secret: SECRETS[scheme],
      at: 1_600_000_000_000,
      path: `/v1/webhooks/${scheme}`,
    });
    const hasTime = scheme !== 'github' && scheme !== 'shopify';
    const answers = await Promise.all([
      post(scheme, {}, payload(3)),
      post(scheme, signed(scheme, 3, scheme === 'standard' ? `whsec_${'A'.repeat(43)}=` : 'x'.repeat(64)), payload(3)),
      post(scheme, fine, payload(4)),
      post(scheme, fine, payload(3).slice(0, -5)),
      ...(hasTime ? [post(scheme, stale, payload(3))] : []),
    ]);
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 401));
    expect(new Set(answers.map(({ json }) => JSON.stringify(json.error))).size).toBe(1);
    expect(answers.map(({ text }) => text).join()).not.toMatch(/canary|TIMESTAMP|MISMATCH/);
    expect(tide.head).toBe(head);
  });

  test('a body that was compressed on the way is verified as it was signed', async () => {
    const headers = { ...signed(scheme, 5), 'content-encoding': 'gzip' };
    expect((await post(scheme, headers, gzipSync(payload(5)))).status).toBe(202);
  });
});

describe('CloudEvents', () => {
  const event = (id: string, n: number): object => ({
    specversion: '1.0',
    id,
    source: '/e2e',
    type: 'thing.changed',
    data: { n },
  });
  const send = (body: unknown, type: string, path = '/v1/events'): Promise<Answer> =>
    call('POST', path, { body, headers: { 'content-type': type } });
  const BATCH = 'application/cloudevents-batch+json';

  test.each([Mode.BINARY, Mode.STRUCTURED])('the SDK sends in %s mode and the event is taken once', async (mode) => {
    const cache = tide.cache<string>('things');
    await cache.set({ key: 'thing:7', value: 'old' });
    const emit = emitterFor(httpTransport(`${url}/v1/events?wait=all`), { binding: HTTP, mode });
    const sent = new CloudEvent({ type: 'thing.changed', source: '/sdk', data: { n: 7 } });
    await emit(sent);
    expect(cache.peek('thing:7')).toBeUndefined();
    const head = tide.head;
    await emit(sent);
    expect(tide.head).toBe(head);
  });

  test('the same event in one batch twice, and in a later batch, has one effect', async () => {
    const head = tide.head;
    const first = await send([event('a', 1), event('b', 2), event('a', 1)], BATCH);
    expect(first.status).toBe(202);
    expect(tide.head).toBe(head + 2);
    expect((await send([event('b', 2), event('a', 1)], BATCH)).json).toMatchObject({ duplicate: true });
    expect(tide.head).toBe(head + 2);
  });

  test('one wrong event refuses the batch, and an empty batch is accepted', async () => {
    const head = tide.head;
    const wrong = await send([event('c', 1), { ...event('d', 2), time: 'soon' }], BATCH);
    expect(wrong).toMatchObject({ status: 400, code: 'CLOUDEVENT_ATTRIBUTE' });
    expect(wrong.message).toMatch(/^events\[1\]: time is not/);
    expect((await send([], BATCH)).status).toBe(202);
    expect(tide.head).toBe(head);
  });

  test('nobody from outside can announce an event of our own', async () => {
    const head = tide.head;
    const gap = await send({ ...event('g', 1), type: 'tidemark.gap' }, 'application/cloudevents+json');
    expect(gap).toMatchObject({ status: 400, code: 'EVENT_TYPE' });
    expect(tide.head).toBe(head);
  });

  test('a token is asked for where one is configured, in the header or in the query', async () => {
    const path = '/v1/events/guarded';
    const type = 'application/cloudevents+json';
    const refused = await send(event('t', 1), type, path);
    expect(refused).toMatchObject({ status: 401, code: 'TOKEN_REFUSED' });
    expect(refused.headers.get('www-authenticate')).toBe('Bearer');
    expect((await send(event('t', 1), type, `${path}?access_token=x`)).text).toBe(refused.text);
    expect((await send(event('t', 1), type, `${path}?access_token=${TOKEN}`)).status).toBe(202);
    const headers = { 'content-type': type, authorization: `Bearer ${TOKEN}` };
    expect((await call('POST', path, { body: event('u', 1), headers })).status).toBe(202);
  });

  test('the handshake grants a listed origin its rate, and says nothing of consent to another', async () => {
    const ask = (origin: string): Promise<Answer> =>
      call('OPTIONS', '/v1/events/guarded', {
        headers: { 'webhook-request-origin': origin, 'webhook-request-rate': '120' },
      });
    const granted = await ask('a.example');
    expect([
      granted.status,
      granted.headers.get('webhook-allowed-origin'),
      granted.headers.get('webhook-allowed-rate'),
    ]).toEqual([204, 'a.example', '60']);
    expect(granted.headers.get('allow')).toContain('POST');
    const refused = await ask('b.example');
    expect(refused.status).toBe(403);
    expect(refused.headers.get('webhook-allowed-origin')).toBeNull();
  });

  test('the bound of a source on a body is its own: above that of the server, and below', async () => {
    const send = (source: string, bytes: number): Promise<Answer> =>
      call('POST', `/v1/events/${source}`, {
        body: { ...event(`sized-${source}-${String(bytes)}`, 1), data: { n: 1, text: 'x'.repeat(bytes - 200) } },
        headers: { 'content-type': 'application/cloudevents+json' },
      });
    expect((await send('large', 2_900_000)).status).toBe(202);
    expect(await send('large', 3_000_500)).toMatchObject({ status: 413, code: 'BODY_TOO_LARGE' });
    expect((await send('app', 900_000)).status).toBe(202);
    expect(await send('app', 1_100_000)).toMatchObject({ status: 413, code: 'BODY_TOO_LARGE' });
    expect((await send('small', 900)).status).toBe(202);
    expect(await send('small', 2_000)).toMatchObject({ status: 413, code: 'BODY_TOO_LARGE' });
  });

  test('no secret is in the status, the metrics or the journal', async () => {
    const seen = [
      JSON.stringify(tide.status()),
      await tide.metrics.registry.metrics(),
      JSON.stringify(await tide.entries(0 as never, 1_000)),
      (await call('GET', '/v1/status')).text,
    ].join();
    expect(seen).not.toContain('canary');
  });
});
