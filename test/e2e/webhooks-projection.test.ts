// Goal: a signed webhook refreshes a projection over HTTP, and a projection that may not or will not answer is kept as a
// dead letter that says why. Method: the real service, real HTTP services on free ports of this machine.
import { createServer, type RequestListener, type Server } from 'node:http';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import type { Observation } from '../../src/model/observation.ts';
import { Tidemark } from '../../src/service.ts';
import { signers } from '../support/sign-webhooks.ts';

const SECRET = 'canary-github';
const cleanups: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function serve(listener: RequestListener): Promise<number> {
  const server: Server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  cleanups.push(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  return (server.address() as AddressInfo).port;
}

async function start(url: string): Promise<Tidemark> {
  const folder = await mkdtemp(join(tmpdir(), 'tidemark-projection-'));
  cleanups.push(() => rm(folder, { recursive: true, force: true }));
  const tide = await Tidemark.start({
    cwd: folder,
    config: {
      version: 1,
      journal: { type: 'memory' },
      sources: { github: { type: 'webhook', scheme: 'github', secret: SECRET } },
      namespaces: { things: { ttl: '1h' } },
      projections: { board: { url, headers: { authorization: 'Bearer of-the-projection' }, debounce: 1, attempts: 1 } },
      contracts: [{ event_invalidation: { trigger: 'issues.*', actions: [{ refresh_projection: 'board' }] } }],
    },
  });
  cleanups.push(() => tide.close());
  return tide;
}

function observed(tide: Tidemark, type: Observation['type']): Promise<Observation> {
  return new Promise((resolve) => {
    const stop = tide.on(type, (observation) => {
      stop();
      resolve(observation);
    });
  });
}

async function deliver(tide: Tidemark): Promise<void> {
  const body = '{"action":"opened","issue":{"number":1}}';
  const headers = signers.github({ body, secret: SECRET, at: 0 });
  const now = Date.now();
  const result = await tide.receive('github', { method: 'POST', path: '/', headers, body: Buffer.from(body), now });
  expect(result.ok).toBe(true);
}

test('a delivery refreshes the projection with one POST that says why', async () => {
  const calls: unknown[] = [];
  const port = await serve((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body: unknown = JSON.parse(Buffer.concat(chunks).toString());
      calls.push([request.method, request.url, request.headers.authorization, body]);
      response.writeHead(204).end();
    });
  });
  const tide = await start(`http://127.0.0.1:${port}/internal/refresh`);
  const refreshed = observed(tide, 'projection:refreshed');
  await deliver(tide);
  await refreshed;
  const body = { projection: 'board', offset: 1, requests: 1 };
  expect(calls).toEqual([['POST', '/internal/refresh', 'Bearer of-the-projection', body]]);
  expect(tide.status().deadLetters).toBe(0);
});

test('a redirect is not followed, and what the service said is kept in short', async () => {
  let inside = 0;
  const port = await serve((request, response) => {
    if (request.url === '/inside') inside++;
    response.writeHead(302, { location: '/inside' }).end('x'.repeat(100_000));
  });
  const tide = await start(`http://127.0.0.1:${port}/refresh?key=canary-query`);
  const dead = observed(tide, 'dead-letter');
  await deliver(tide);
  await dead;
  const [letter] = await tide.deadLetters({});
  expect(letter).toMatchObject({ stage: 'projection:board', code: 'PROJECTION_FAILED' });
  expect(letter!.message).toContain('answered 302, a redirect to "/inside", which is not followed');
  expect(letter!.message.length).toBeLessThan(500);
  expect(JSON.stringify(letter)).not.toContain('canary');
  expect(inside).toBe(0);
});

test.each(['http://0x7f000001/', 'http://169.254.169.254/latest', 'http://user:secret@127.0.0.1/'])(
  'a configuration that would call %s does not start',
  async (url) => {
    await expect(start(url)).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  },
);
