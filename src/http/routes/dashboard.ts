import { existsSync } from 'node:fs';
import { join } from 'node:path';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance } from 'fastify';

const NOT_BUILT = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Tidemark: the dashboard is not built</title>
<h1>The dashboard is not built</h1>
<p>The daemon runs, its HTTP API answers. In a checkout, <code>npm start</code> builds the page and starts the daemon.</p>
<p>Without the page: <a href="/livez">/livez</a>, <a href="/readyz">/readyz</a>, <a href="/v1/status">/v1/status</a>,
<a href="/v1/contracts">/v1/contracts</a>, <a href="/metrics">/metrics</a>, or <code>tidemark status</code> in a terminal.</p>
</html>
`;

/** What the page may do: its own code, its own style, its own daemon, and nothing that is written into it. */
const PAGE_HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    "font-src 'self'",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; '),
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
};

/** `GET /`: the built page, from its directory and nowhere else. It holds nothing secret: what it shows it must ask for. */
export async function dashboard(app: FastifyInstance, dir: string | undefined): Promise<void> {
  if (dir === undefined || !existsSync(join(dir, 'index.html'))) {
    app.get('/', (_request, reply) => reply.headers(PAGE_HEADERS).type('text/html; charset=utf-8').send(NOT_BUILT));
    return;
  }
  await app.register(async (page) => {
    page.addHook('onRequest', (request, reply, done) => {
      // The names of built assets carry a hash of their content; the page that names them does not.
      const forever = request.url.startsWith('/assets/');
      reply.headers(PAGE_HEADERS);
      reply.header('cache-control', forever ? 'public, max-age=31536000, immutable' : 'no-cache');
      done();
    });
    await page.register(fastifyStatic, { root: dir, dotfiles: 'ignore', cacheControl: false });
  });
}
