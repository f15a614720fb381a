import { connect } from 'node:net';
import fc from 'fast-check';
import { readAll } from './http-server.ts';

/** Sends bytes as they are and gives everything that comes back until the connection is closed. */
export async function exchange(port: number, text: string): Promise<string> {
  const client = connect(port, '127.0.0.1');
  const said = readAll(client);
  client.write(text, 'latin1');
  return said;
}

export function requestText(line: string, headers: Readonly<Record<string, string>>, body = ''): string {
  const all = { Host: 'localhost', ...headers, ...(body ? { 'Content-Length': String(body.length) } : {}) };
  const head = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return `${line} HTTP/1.1\r\n${head.join('')}Connection: close\r\n\r\n${body}`;
}

const METHODS = ['GET', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'HEAD', 'PATCH', 'TRACE', 'QUERY', 'G\u00cbT'];

const PATHS = [
  '/v1/events',
  '/v1/events/app',
  '/v1/webhooks/github',
  '/v1/invalidations',
  '/v1/journal?after=',
  '/v1/cache/product/',
  '/v1/dead-letters/',
  '/v1/plan',
  '/v1/explain?key=',
  '/',
];

const HEADERS = [
  'Content-Type',
  'Content-Encoding',
  'Origin',
  'Prefer',
  'Authorization',
  'Last-Event-ID',
  'Accept',
  'ce-id',
  'ce-specversion',
  'X-Hub-Signature-256',
];

const VALUES = [
  'application/json',
  'application/cloudevents+json',
  'application/cloudevents-batch+json',
  'gzip',
  'wait',
  'wait=0',
  'wait=99999999999',
  'Bearer x',
  '1.0',
  'sha256=00',
];

const odd = (maxLength: number): fc.Arbitrary<string> =>
  fc.string({ unit: fc.constantFrom(...'/%.?#&=a0:;\\\u00e9\u00ff\u0001{}[]"<>'.split('')), maxLength });

/** A request that is nearly one of ours, or not at all. */
export const anyRequest: fc.Arbitrary<string> = fc
  .record({
    method: fc.constantFrom(...METHODS),
    path: fc.constantFrom(...PATHS),
    tail: odd(20),
    headers: fc.array(fc.tuple(fc.constantFrom(...HEADERS), fc.oneof(odd(20), fc.constantFrom(...VALUES))), {
      maxLength: 3,
    }),
    body: fc.oneof(odd(40), fc.json(), fc.constant('')),
  })
  .map(({ method, path, tail, headers, body }) => {
    return requestText(`${method} ${path}${tail}`, Object.fromEntries(headers), body);
  });
