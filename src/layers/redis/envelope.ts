import { promisify } from 'node:util';
import { constants, deflateRaw, deflateRawSync, inflateRaw, inflateRawSync } from 'node:zlib';
import type { Serializer } from '../shared.ts';

/** What surrounds the bytes of a value: how they were written, and what its reader has to know of its load. */
export interface Enveloped {
  readonly value: unknown;
  readonly ahead: boolean;
}

const COMPRESSED = 1;
const AHEAD = 2;

/** Below, the thread pool costs more than it takes off; this much takes half a millisecond. */
const ELSEWHERE_BYTES = 64 * 1024;

/** Raw deflate at its fastest: half the CPU of anything that makes text of this kind noticeably smaller. */
const FAST = { level: constants.Z_BEST_SPEED };

/** Read before anything is awaited, so that a value which is changed later is stored as it was. */
export function enclose(
  { value, ahead }: Enveloped,
  serializer: Serializer,
  compressAbove: number,
): Buffer | Promise<Buffer> {
  const bytes = serializer.serialize(value);
  const flags = ahead ? AHEAD : 0;
  const plain = (): Buffer => Buffer.concat([Buffer.of(flags), bytes]);
  const smaller = (compressed: Buffer): Buffer =>
    compressed.length < bytes.length ? Buffer.concat([Buffer.of(flags | COMPRESSED), compressed]) : plain();
  if (bytes.length <= compressAbove) return plain();
  if (bytes.length <= ELSEWHERE_BYTES) return smaller(deflateRawSync(bytes, FAST));
  return promisify(deflateRaw)(bytes, FAST).then(smaller);
}

/** Rejects, or throws, when the bytes are not what `enclose` has made, or inflate to more than `bytesMax`. */
export function disclose(bytes: Buffer, serializer: Serializer, bytesMax: number): Enveloped | Promise<Enveloped> {
  const flags = bytes[0] ?? 0;
  const ahead = (flags & AHEAD) !== 0;
  const body = bytes.subarray(1);
  const open = (plain: Buffer): Enveloped => ({ value: serializer.deserialize(plain), ahead });
  if ((flags & COMPRESSED) === 0) return open(body);
  const bounded = { maxOutputLength: bytesMax };
  if (body.length <= ELSEWHERE_BYTES / 4) return open(inflateRawSync(body, bounded));
  return promisify(inflateRaw)(body, bounded).then(open);
}
