import type { IncomingMessage } from 'node:http';

const LOOPBACK = /^(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/;

/** What a browser may do with the page: no foreign or inline code, no frames, nothing that the shop does not serve itself. */
export const PAGE_HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
};

/** The shop listens on loopback, which a page of another site can reach too: by a name of its own, or by a form. */
export function refused({ method, headers }: IncomingMessage): string | null {
  if (!LOOPBACK.test(headers.host ?? '')) return 'the shop answers to localhost only';
  if (method === 'GET' || method === 'HEAD') return null;
  const site = headers['sec-fetch-site'];
  if (site !== undefined && site !== 'same-origin' && site !== 'none') return 'a page of another site asked for this';
  if (headers.origin !== undefined && headers.origin !== `http://${headers.host ?? ''}`)
    return 'a page of another site asked for this';
  return headers['content-type'] === 'application/json' ? null : 'send application/json';
}

const BODY_BYTES_MAX = 4_096;

/** The request's JSON object; `null` when it is none, or too large. */
export async function readBody(request: IncomingMessage): Promise<Readonly<Record<string, unknown>> | null> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > BODY_BYTES_MAX) return null;
    chunks.push(chunk);
  }
  try {
    const body = JSON.parse(Buffer.concat(chunks).toString('utf8')) as unknown;
    return typeof body === 'object' && body !== null ? (body as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}
