import type { FastifyRequest } from 'fastify';
import type { z } from 'zod';
import type { HttpLimits } from '../options.ts';
import { Refusal } from '../refusal.ts';
import { decompress } from './decompress.ts';
import { parseJson } from './json.ts';

/** The bytes of the body, decompressed: what senders sign. */
export async function readBytes(request: FastifyRequest, limits: HttpLimits): Promise<Buffer> {
  const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
  return decompress(body, request.headers['content-encoding'], limits);
}

/** A JSON body in the shape of the schema. Every mistake of it is named at once. */
export async function readJson<T>(request: FastifyRequest, limits: HttpLimits, schema: z.ZodType<T>): Promise<T> {
  const bytes = await readBytes(request, limits);
  requireJson(request);
  if (bytes.length === 0) throw new Refusal('BODY_MISSING', 'the request has no body');
  const parsed = schema.safeParse(parseJson(bytes, limits.jsonDepthMax));
  if (parsed.success) return parsed.data;
  throw new Refusal('BODY_INVALID', parsed.error.issues.slice(0, 20).map(sentence).join('; '));
}

/** For writes without a body: one that is there is refused, since it would have no effect. */
export async function readNothing(request: FastifyRequest, limits: HttpLimits): Promise<void> {
  if (request.headers['content-type'] !== undefined) requireJson(request);
  const bytes = await readBytes(request, limits);
  if (bytes.length === 0) return;
  const value = parseJson(bytes, limits.jsonDepthMax);
  const isEmpty = typeof value === 'object' && value !== null && Object.keys(value).length === 0;
  if (!isEmpty) throw new Refusal('BODY_INVALID', 'this takes no body');
}

/** A form of another site cannot send this type without asking first, and nobody answers such questions here. */
function requireJson(request: FastifyRequest): void {
  const type = request.headers['content-type'];
  const media = type?.split(';', 1)[0]?.trim().toLowerCase();
  if (media === 'application/json') return;
  throw new Refusal('CONTENT_TYPE', type === undefined ? 'the body has no Content-Type' : `${type} is not JSON`);
}

function sentence(issue: z.core.$ZodIssue): string {
  const path = issue.path.map((part) => (typeof part === 'number' ? `[${String(part)}]` : `.${String(part)}`)).join('');
  const where = path.replace(/^\./, '');
  const what = issue.message.charAt(0).toLowerCase() + issue.message.slice(1);
  return where ? `${where}: ${what}` : what;
}
