// Goal: docs/http-api.md says what is. Method: its examples, in their order, with curl against a real daemon; its tables
// against the routes that are registered, the access they need, and the codes that there are.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import { afterAll, afterEach, beforeAll, describe, expect, it, test } from 'vitest';
import type { Context } from '../../src/http/context.ts';
import { HTTP_LIMITS } from '../../src/http/options.ts';
import { REFUSALS } from '../../src/http/refusal.ts';
import { RESOURCES } from '../../src/http/routes/resources.ts';
import { createServer, type HttpServer } from '../../src/http/server.ts';
import { realRuntime } from '../../src/runtime/real.ts';
import { Tidemark } from '../../src/service.ts';
import { run, startChild } from '../support/children.ts';
import { FakeOperations } from '../support/fake-operations.ts';
import { CODES, COMMANDS, EXAMPLES, isLike, ROUTES } from '../support/http-docs.ts';
import { closeAll, serve } from '../support/http-server.ts';
import { needs } from '../support/needs.ts';

afterEach(closeAll);

const suite = await needs('curl', async () => {
  await run('curl', ['--version']);
  return null;
});

suite('the examples of docs/http-api.md', () => {
  let folder = '';
  let tide: Tidemark;
  let server: HttpServer;
  let url = '';

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tidemark-docs-'));
    // Adds the status after every answer without a word of it in the examples.
    await writeFile(join(folder, '.curlrc'), 'write-out = "\\n%{http_code}"\n');
    const actions = [{ delete_key: 'product:{product_id}' }, { purge_tag: 'product-{product_id}' }];
    tide = await Tidemark.start({
      config: {
        version: 1,
        journal: { type: 'memory' },
        sources: {
          app: { type: 'http' },
          github: { type: 'webhook', scheme: 'github', secret: 'a-secret-of-a-test-only' },
        },
        layers: { local: { type: 'memory' } },
        namespaces: { product: { ttl: '10m' } },
        contracts: [{ event_invalidation: { trigger: 'product.updated', actions } }],
      },
    });
    server = await createServer(tide, { runtime: realRuntime(), host: '127.0.0.1', port: 0 });
    ({ url } = await server.listen());
  });

  afterAll(async () => {
    await server.close();
    await tide.close();
    await rm(folder, { recursive: true, force: true });
  });

  test('are all followed by what they answer', () => {
    expect(EXAMPLES).toHaveLength(COMMANDS);
    expect(COMMANDS).toBeGreaterThan(25);
  });

  test.each(EXAMPLES.map((example, at) => [at + 1, example.command.trim().split('\n', 1)[0], example] as const))(
    '%i: %s',
    async (_at, _line, { command, kind, status, answer }) => {
      const child = startChild('bash', ['-c', command.replaceAll('http://127.0.0.1:4100', url)], {
        env: { ...process.env, CURL_HOME: folder },
      });
      let said = '';
      child.stdout?.on('data', (chunk: Buffer) => (said += chunk.toString()));
      await new Promise((resolve) => child.once('close', resolve));
      const end = said.lastIndexOf('\n');
      expect(said.slice(end + 1), said).toBe(String(status));
      const body = said.slice(0, end);
      if (kind === 'text') {
        const lines = body.split('\n');
        for (const line of answer.split('\n'))
          expect(
            lines.some((each) => each.startsWith(line)),
            line,
          ).toBe(true);
      } else if (answer.trim() !== '') {
        expect(isLike(JSON.parse(body), JSON.parse(answer)), body).toBe(true);
      } else expect(body).toBe('');
    },
  );
});

/** Every route that the resources register, as documented: `{name}` instead of `:name`. */
function registered(): string[] {
  const found: string[] = [];
  const add = (method: string, path: string): void => {
    found.push(`${method} ${path.replace(/:([a-z]+)/gi, '{$1}')}`);
  };
  const verbs = Object.fromEntries(
    ['get', 'post', 'put', 'delete'].map((verb) => [
      verb,
      (path: string) => {
        add(verb.toUpperCase(), path);
      },
    ]),
  );
  const route = ({ method, url }: { method: string[]; url: string }): void => {
    for (const name of method) add(name, url);
  };
  for (const resource of RESOURCES) {
    resource(
      { ...verbs, route } as unknown as FastifyInstance,
      { operations: new FakeOperations(), limits: HTTP_LIMITS } as unknown as Context,
    );
  }
  // The page is not a resource; the handshake of a named source is in the text of its row.
  return [...found.filter((name) => name !== 'OPTIONS /v1/events/{source}'), 'GET /'].sort();
}

describe('the tables of docs/http-api.md', () => {
  it('name every route and no other', () => {
    expect(ROUTES.map(({ method, path }) => `${method} ${path}`).sort()).toEqual(registered());
  });

  it('name every code with its status and what to do', () => {
    const all = Object.entries(REFUSALS).map(([code, { status, hint }]) => ({ code, status, hint }));
    expect([...CODES].sort((a, b) => (a.code < b.code ? -1 : 1))).toEqual(
      all.sort((a, b) => (a.code < b.code ? -1 : 1)),
    );
  });

  it.each(ROUTES)('say who may call $method $path: $who', async ({ method, path, who }) => {
    const { call } = await serve({ adminToken: 'an-admin-token-of-32-characters!' });
    const concrete = path.replace(/\{\w+\}/g, '1');
    const headers = { 'x-forwarded-for': '203.0.113.9' };
    const { code } = await call(method, concrete, method === 'POST' ? { body: [], headers } : { headers });
    expect(code === 'TOKEN_MISSING').toBe(who === 'admin' || who === 'machine');
    if (who === 'machine') expect((await call(method, concrete)).status).toBe(200);
  });
});
