import { connect, type Socket } from 'node:net';
import { createServer, type HttpServer } from '../../src/http/server.ts';
import type { HttpOptions } from '../../src/http/options.ts';
import { realRuntime } from '../../src/runtime/real.ts';
import { FakeOperations } from './fake-operations.ts';

export interface Served {
  readonly operations: FakeOperations;
  readonly server: HttpServer;
  readonly url: string;
  readonly port: number;
  readonly call: (method: string, path: string, options?: CallOptions) => Promise<Answer>;
  /** A bare connection, for what no HTTP client would send. */
  readonly socket: () => Promise<Socket>;
}

export interface CallOptions {
  readonly body?: unknown;
  /** Sent as it is. */
  readonly raw?: Uint8Array | string;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** Of a JSON answer; else empty. */
  readonly json: Readonly<Record<string, unknown>>;
  /** What is under `error` in it. */
  readonly code: string | undefined;
  readonly message: string | undefined;
  readonly hint: string | undefined;
}

const open: { close(): Promise<void> }[] = [];

/** A server on a free port over a fake service. `closeAll` in `afterEach` ends it. */
export async function serve(options: Partial<HttpOptions> = {}, operations = new FakeOperations()): Promise<Served> {
  const server = await createServer(operations, { runtime: realRuntime(), host: '127.0.0.1', port: 0, ...options });
  open.push(server);
  const { url } = await server.listen();
  const port = Number(new URL(url).port);
  return {
    operations,
    server,
    url,
    port,
    call: callerOf(url),
    socket: () =>
      new Promise((resolve, reject) => {
        const socket = connect(port, '127.0.0.1', () => {
          resolve(socket);
        });
        socket.once('error', reject);
      }),
  };
}

export function callerOf(url: string): Served['call'] {
  return async (method, path, { body, raw, headers = {} } = {}) => {
    const sent = raw ?? (body === undefined ? undefined : JSON.stringify(body));
    const response = await fetch(url + path, {
      method,
      headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
      ...(sent === undefined ? {} : { body: sent }),
    });
    return answerOf(response, await response.text());
  };
}

function answerOf({ status, headers }: Response, text: string): Answer {
  const isJson = headers.get('content-type')?.startsWith('application/json') && text !== '';
  const json = isJson ? (JSON.parse(text) as Record<string, unknown>) : {};
  const { code, message, hint } = (json.error ?? {}) as Partial<Record<string, string>>;
  return { status, headers, text, json, code, message, hint };
}

export async function closeAll(): Promise<void> {
  await Promise.all(open.splice(0).map((server) => server.close()));
}

/** Everything a socket says until it is closed, or until `enough` is in it. */
export function readAll(socket: Socket, enough?: string): Promise<string> {
  return new Promise((resolve) => {
    let text = '';
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1');
      if (enough !== undefined && text.includes(enough)) resolve(text);
    });
    socket.once('close', () => {
      resolve(text);
    });
    socket.on('error', () => undefined);
  });
}
