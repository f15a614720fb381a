import { promisify } from 'node:util';
import { brotliDecompress, gunzip, inflate } from 'node:zlib';
import { Refusal } from '../refusal.ts';

const DECODERS: Readonly<Record<string, (bytes: Buffer, options: { maxOutputLength: number }) => Promise<Buffer>>> = {
  gzip: promisify(gunzip),
  'x-gzip': promisify(gunzip),
  deflate: promisify(inflate),
  br: promisify(brotliDecompress),
};

/** A small body may become this large whatever the ratio: a few hundred bytes of a regular batch compress very well. */
const ALWAYS_ALLOWED = 64 * 1024;

export interface ExpansionLimits {
  readonly bodyBytesMax: number;
  readonly bodyExpansionMax: number;
}

/** The body without its content encoding. Stops at the bound, not after it. */
export async function decompress(
  body: Buffer,
  encoding: string | undefined,
  { bodyBytesMax, bodyExpansionMax }: ExpansionLimits,
): Promise<Buffer> {
  const name = encoding?.trim().toLowerCase() ?? '';
  if (name === '' || name === 'identity') return body;
  const decode = Object.hasOwn(DECODERS, name) ? DECODERS[name] : undefined;
  if (!decode) {
    const why = name.includes(',') ? 'more than one content encoding' : `the content encoding ${name}`;
    throw new Refusal('BODY_ENCODING', `${why} is not accepted`);
  }
  const maxOutputLength = Math.min(bodyBytesMax, Math.max(ALWAYS_ALLOWED, body.length * bodyExpansionMax));
  try {
    return await decode(body, { maxOutputLength });
  } catch (error) {
    if ((error as { code?: string }).code === 'ERR_BUFFER_TOO_LARGE') {
      throw new Refusal('BODY_TOO_LARGE', `the decompressed body is larger than ${String(maxOutputLength)} bytes`);
    }
    throw new Refusal('BODY_CORRUPT', `the body is not ${name}`);
  }
}
