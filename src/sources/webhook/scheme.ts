import type { JsonObject } from '../../model/json.ts';
import type { Millis } from '../../model/position.ts';
import type { RawRequest } from '../source.ts';

/** How one vendor signs its deliveries and says what they are about. One file each; `index.ts` has the list. */
export interface Scheme {
  /** How far the signed time may be from ours, either way; absent when the vendor signs no time. */
  readonly toleranceMs?: number;
  /** What is wrong with the text of a secret, or `null`. */
  problemOfSecret(secret: string): string | null;
  /** What the request says it is signed with; a reason when that cannot be told. */
  present(request: RawRequest, settings: SchemeSettings): Signed | Reason;
  /** Whether any of the signatures was made with the secret. Takes the same time whichever it is. */
  matches(secret: string, signed: Signed): boolean;
  /** Called once the signature holds. Throws a refusal when the delivery cannot be told from others. */
  describe(request: RawRequest, body: JsonObject, settings: SchemeSettings): Described;
}

/** What was signed, and by what it is claimed to be. */
export interface Signed {
  /** Its parts in order; the last one is the raw body. */
  readonly content: readonly (string | Uint8Array)[];
  readonly signatures: readonly string[];
  readonly signedAt?: Millis;
}

/** A delivery by its own account. */
export interface Described {
  /** Names the delivery for as long as the vendor repeats it. */
  readonly id: string;
  /** The headers that the plan depends on and that the signature does not cover; absent: it covers all. */
  readonly unsigned?: readonly string[];
  readonly type: string;
  readonly time?: string;
}

/** Why a request is not trusted. For logs: the sender is told none of it. */
export type Reason =
  | 'SIGNATURE_MISSING'
  | 'SIGNATURE_MALFORMED'
  | 'SIGNATURE_MISMATCH'
  | 'SIGNATURES_TOO_MANY'
  | 'SECRET_EXPIRED'
  | 'TIMESTAMP_MISSING'
  | 'TIMESTAMP_MALFORMED'
  | 'TIMESTAMP_OLD'
  | 'TIMESTAMP_FUTURE'
  | 'ID_MISSING'
  | 'ID_MALFORMED'
  | 'HEADERS_MALFORMED';

export interface SchemeSettings {
  /** Where a payload of free form says its type. */
  readonly typeField: string;
  /** The type of a payload that does not say. */
  readonly defaultType?: string;
  /** The path that the vendor was given, where a proxy in front of us changes it. */
  readonly path?: string;
}
