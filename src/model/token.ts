import type { Epoch, Offset, Position, SourceId } from './position.ts';

/**
 * A place in the history of a source, as text that can be kept in a session or a cookie: what was committed before it was
 * taken lies before it. It is opaque, and neither secret nor signed.
 */
export type Token = string & { readonly brand: 'Token' };

export interface SourcePlace {
  readonly source: SourceId;
  /** The source's epoch, or the beginning of it. */
  readonly history: Epoch;
  readonly position: Position;
}

/** What a read has to reflect: a token, the offset of a receipt, or several of them. */
export type AtLeast = Token | Offset | readonly (Token | Offset)[];

export function demandsOf(atLeast: AtLeast): readonly (Token | Offset)[] {
  return Array.isArray(atLeast) ? (atLeast as readonly (Token | Offset)[]) : [atLeast as Token | Offset];
}

const VERSION = 't1.';
/** A name, a history and a position have a few hundred characters at most; what is longer is not ours. */
const LENGTH_MAX = 2_048;

export function tokenOf({ source, history, position }: SourcePlace): Token {
  return (VERSION + Buffer.from(JSON.stringify([source, history, position])).toString('base64url')) as Token;
}

/** `null` when it is not a token. */
export function parseToken(text: string): SourcePlace | null {
  if (!text.startsWith(VERSION) || text.length > LENGTH_MAX) return null;
  const parts = parsed(Buffer.from(text.slice(VERSION.length), 'base64url').toString());
  if (!Array.isArray(parts) || parts.length !== 3) return null;
  const [source, history, position] = parts as unknown[];
  if (typeof source !== 'string' || typeof history !== 'string' || typeof position !== 'string') return null;
  return { source, history, position: position as Position };
}

/** Whether somebody who had everything of a history up to `position` had what was before the place. */
export function isBefore(place: SourcePlace, history: Epoch, position: Position): boolean {
  return place.history === history && place.position <= position;
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return null;
  }
}
