import { RESERVED_TYPES, type ChangeEvent } from '../model/event.ts';
import type { StrictJson } from '../runtime/strict-json.ts';
import type { JsonValue } from '../model/json.ts';
import type { Received, SourceContext } from './source.ts';

interface RefusalParts {
  readonly status: number;
  /** What the sender is told, and may act on. */
  readonly code: string;
  /** What only the operator is told. */
  readonly reason?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Thrown by whatever looks at a request inside a receiver; `received` turns it into the answer. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly parts: RefusalParts;

  constructor(message: string, parts: RefusalParts) {
    super(message);
    this.parts = parts;
  }
}

/** The commonest refusal: the request can never be accepted as it is. */
export function malformed(code: string, message: string): Refusal {
  return new Refusal(message, { status: 400, code });
}

/** A type that a sender may announce: its own, and safe to show and to index. */
export function checkType(type: string): string {
  if (type.startsWith(RESERVED_TYPES)) {
    throw malformed('EVENT_TYPE', `event types that begin with "${RESERVED_TYPES}" are not accepted from outside`);
  }
  return type;
}

/** Runs a decoder. Refusals are values outside of it, anything else is a defect and is thrown on. */
export function received({ name, runtime }: SourceContext, decode: () => readonly ChangeEvent[]): Received {
  try {
    return { ok: true, events: decode() };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    // What the sender is not told stands in the log, or nobody could ever find out.
    const { code, reason } = error.parts;
    if (reason !== undefined) runtime.log.warn({ source: name, code, reason }, error.message);
    return { ok: false, message: error.message, ...error.parts };
  }
}

/** The value, or a refusal that says what is wrong with it. */
export function jsonOf(parsed: StrictJson, what: string): JsonValue {
  if (parsed.ok) return parsed.value;
  throw malformed(parsed.code, `${what} is refused: ${parsed.message}`);
}
