import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { readFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * An HTTP API that says what it is told: for pages in states that a real daemon reaches only with a broken database
 * or a server that is down. It serves the built dashboard as the daemon does, with the same policy.
 */
export interface FakeDaemon {
  readonly url: string;
  status: unknown;
  readonly answers: Map<string, unknown>;
  entry(entry: { offset: number }): void;
  observe(observation: unknown): void;
  close(): Promise<void>;
}

const PAGES = fileURLToPath(new URL('../../dashboard/dist/', import.meta.url));
const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

export async function startFakeDaemon(options: {
  status: unknown;
  port?: number;
  token?: string;
}): Promise<FakeDaemon> {
  const answers = new Map<string, unknown>();
  const entries: { offset: number }[] = [];
  const journal = new Set<ServerResponse>();
  const observers = new Set<ServerResponse>();
  const daemon = { status: options.status };

  const server = createServer((request, response) => {
    void serve(request, response);
  });

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = new URL(request.url ?? '/', 'http://localhost').pathname;
    if (!path.startsWith('/v1/')) return page(path, response);
    if (options.token && request.headers.authorization !== `Bearer ${options.token}`) {
      response
        .writeHead(401, { 'content-type': 'application/json' })
        .end('{"code":"UNAUTHORIZED","message":"a token is needed"}');
      return;
    }
    if (path === '/v1/journal/stream' || path === '/v1/observations') {
      response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
      response.write(': hello\n\n');
      const streams = path === '/v1/observations' ? observers : journal;
      streams.add(response);
      response.on('close', () => streams.delete(response));
      if (streams === journal) {
        const after = Number(request.headers['last-event-id'] ?? 0);
        for (const entry of entries) if (entry.offset > after) response.write(message(entry, entry.offset));
      }
      return;
    }
    const answer = path === '/v1/status' ? daemon.status : answers.get(path);
    response.writeHead(answer === undefined ? 404 : 200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(answer ?? { code: 'NOT_FOUND', message: 'no such route' }));
  }

  await new Promise<void>((resolve) => server.listen(options.port ?? 0, '127.0.0.1', resolve));
  return Object.assign(daemon, {
    url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}/`,
    answers,
    entry: (entry: { offset: number }): void => {
      entries.push(entry);
      for (const response of journal) response.write(message(entry, entry.offset));
    },
    observe: (observation: unknown): void => {
      for (const response of observers) response.write(message(observation));
    },
    close: async (): Promise<void> => {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  });
}

const message = (data: unknown, id?: number): string =>
  `${id === undefined ? '' : `id: ${String(id)}\n`}data: ${JSON.stringify(data)}\n\n`;

async function page(path: string, response: ServerResponse): Promise<void> {
  const file = path === '/' ? 'index.html' : path.slice(1);
  try {
    const body = await readFile(join(PAGES, file));
    response.writeHead(200, {
      'content-type': TYPES[extname(file)] ?? 'application/octet-stream',
      'content-security-policy': POLICY,
    });
    response.end(body);
  } catch {
    response.writeHead(404).end();
  }
}
