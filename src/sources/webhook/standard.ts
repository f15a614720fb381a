import { createPublicKey, verify } from 'node:crypto';
import { isRfc3339 } from '../rfc3339.ts';
import { payloadType } from './payload-type.ts';
import type { Scheme } from './scheme.ts';
import { isHmacOf } from './signature.ts';
import { parseTimestamp } from './timestamp.ts';

const SYMMETRIC = 'whsec_';
const PUBLIC = 'whpk_';

/** What precedes the 32 bytes of an Ed25519 public key in its DER form. */
const SPKI_ED25519 = Buffer.from('302a300506032b6570032100', 'hex');

/** Standard Webhooks 1.0.0: `{id}.{timestamp}.{body}`, `v1` (HMAC) or `v1a` (Ed25519). */
export const standard: Scheme = {
  toleranceMs: 5 * 60_000,

  problemOfSecret(secret) {
    if (secret.startsWith(PUBLIC)) {
      return keyBytes(secret, PUBLIC)?.length === 32 ? null : 'after whpk_ come 32 bytes in base64';
    }
    const { length = 0 } = keyBytes(secret, SYMMETRIC) ?? {};
    return length >= 24 && length <= 64
      ? null
      : 'it is whsec_ and 24 to 64 bytes in base64 (or whpk_ and a public key)';
  },

  present({ headers, body }) {
    const id = headers['webhook-id'];
    const timestamp = headers['webhook-timestamp'];
    const signature = headers['webhook-signature'];
    if (!signature) return 'SIGNATURE_MISSING';
    if (!id) return 'ID_MISSING';
    // A dot would let the border between id, time and body move: `a.1` and `2.x` sign what `a` and `1.2.x` do.
    if (!/^[\x21-\x2d\x2f-\x7e]{1,200}$/.test(id)) return 'ID_MALFORMED';
    const signedAt = parseTimestamp(timestamp, 1_000);
    if (typeof signedAt === 'string') return signedAt;
    return { content: [`${id}.${timestamp ?? ''}.`, body], signatures: signature.split(' '), signedAt };
  },

  matches(secret, signed) {
    const of = (version: string): readonly string[] =>
      signed.signatures.filter((one) => one.startsWith(`${version},`)).map((one) => one.slice(version.length + 1));
    if (!secret.startsWith(PUBLIC)) {
      return isHmacOf(keyBytes(secret, SYMMETRIC) ?? Buffer.alloc(0), { ...signed, signatures: of('v1') }, 'base64');
    }
    const key = createPublicKey({
      key: Buffer.concat([SPKI_ED25519, keyBytes(secret, PUBLIC) ?? Buffer.alloc(0)]),
      format: 'der',
      type: 'spki',
    });
    const content = Buffer.concat(signed.content.map((part) => (typeof part === 'string' ? Buffer.from(part) : part)));
    return of('v1a').some((text) => {
      const bytes = Buffer.from(text, 'base64');
      return bytes.length === 64 && bytes.toString('base64') === text && verify(null, content, key, bytes);
    });
  },

  describe({ headers }, body, settings) {
    const { timestamp } = body;
    return {
      id: headers['webhook-id'] ?? '',
      type: payloadType(body, settings),
      ...(typeof timestamp === 'string' && isRfc3339(timestamp) ? { time: timestamp } : {}),
    };
  },
};

/** `null` when it is not base64. Its prefix may be missing, as the vendors' library has it. */
function keyBytes(secret: string, prefix: string): Buffer | null {
  const text = secret.startsWith(prefix) ? secret.slice(prefix.length) : secret;
  const bytes = Buffer.from(text, 'base64');
  return bytes.toString('base64').replace(/=+$/, '') === text.replace(/=+$/, '') ? bytes : null;
}
