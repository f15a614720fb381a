import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { decompress } from './decompress.ts';

const limits = { bodyBytesMax: 1024 * 1024, bodyExpansionMax: 100 };
const text = Buffer.from(JSON.stringify({ type: 'product.updated', data: { product_id: 42 } }));
const zeros = (bytes: number): Buffer => Buffer.alloc(bytes);

describe('decompress', () => {
  it.each([
    ['gzip', gzipSync(text)],
    ['GZIP ', gzipSync(text)],
    ['x-gzip', gzipSync(text)],
    ['deflate', deflateSync(text)],
    ['br', brotliCompressSync(text)],
    ['identity', text],
    [undefined, text],
  ])('undoes %s', async (encoding, body) => {
    expect(await decompress(body, encoding, limits)).toEqual(text);
  });

  it.each([
    ['gzip', gzipSync(zeros(100_000_000))],
    ['deflate', deflateSync(zeros(100_000_000))],
    ['br', brotliCompressSync(zeros(100_000_000))],
  ])('stops a bomb in %s at the bound', async (encoding, body) => {
    expect(body.length).toBeLessThan(200_000);
    await expect(decompress(body, encoding, limits)).rejects.toMatchObject({ code: 'BODY_TOO_LARGE' });
  });

  it('refuses a body below the size bound that grows beyond the ratio', async () => {
    const body = gzipSync(zeros(900_000));
    await expect(decompress(body, 'gzip', limits)).rejects.toMatchObject({ code: 'BODY_TOO_LARGE' });
    expect(await decompress(body, 'gzip', { ...limits, bodyExpansionMax: 2_000 })).toHaveLength(900_000);
  });

  it('lets a small regular batch through that compresses very well', async () => {
    expect(await decompress(gzipSync(zeros(60_000)), 'gzip', limits)).toHaveLength(60_000);
  });

  it.each(['gzip, gzip', 'gzip,br', 'zstd', 'compress', '__proto__', 'constructor'])('refuses %s', async (encoding) => {
    await expect(decompress(gzipSync(gzipSync(text)), encoding, limits)).rejects.toMatchObject({
      code: 'BODY_ENCODING',
    });
  });

  it.each(['gzip', 'deflate', 'br'])('refuses a body that is not %s', async (encoding) => {
    await expect(decompress(text, encoding, limits)).rejects.toMatchObject({ code: 'BODY_CORRUPT' });
    await expect(decompress(Buffer.alloc(0), encoding, limits)).rejects.toMatchObject({ code: 'BODY_CORRUPT' });
  });

  it('refuses a truncated body', async () => {
    const body = gzipSync(text).subarray(0, -4);
    await expect(decompress(body, 'gzip', limits)).rejects.toMatchObject({ code: 'BODY_CORRUPT' });
  });
});
