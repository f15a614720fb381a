import { z } from 'zod';
import { Refusal } from './refusal.ts';
import type { RawRequest } from './source.ts';

/** Largest body that a source may be told to take: parsing it holds up the event loop for a tenth of a second or two. */
const BODY_BYTES_CEILING = 16 * 1024 * 1024;

/** The option that bounds a body. */
export function maxBytes(of: string): z.ZodDefault<z.ZodInt> {
  return z
    .int()
    .positive()
    .max(BODY_BYTES_CEILING)
    .default(1_048_576)
    .describe(`Bytes of one ${of}; a larger one is answered 413. At most ${String(BODY_BYTES_CEILING)}.`);
}

/** What both receivers ask of a request before they look into it. */
export function requirePost(request: RawRequest, allow: string): void {
  if (request.method !== 'POST') {
    throw new Refusal(`events are sent with POST, not ${request.method}`, {
      status: 405,
      code: 'METHOD_UNKNOWN',
      headers: { allow },
    });
  }
}

/**
 * The size again, for callers that do not bound it, and plain bytes only: what is compressed cannot be bounded by its
 * length, and a signature is over what was sent.
 */
export function requirePlainBody(request: RawRequest, bytesMax: number): void {
  const encoding = request.headers['content-encoding'];
  if (encoding !== undefined && encoding.trim().toLowerCase() !== 'identity') {
    throw new Refusal('the body is compressed: send it as it is', { status: 415, code: 'BODY_ENCODING' });
  }
  if (request.body.byteLength > bytesMax) {
    throw new Refusal(`the body is larger than ${bytesMax} bytes`, { status: 413, code: 'BODY_TOO_LARGE' });
  }
}
