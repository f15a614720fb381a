/** How the supervisor reacts to an error. Only `pipeline/supervise.ts` reads it. */
export type Reaction =
  /** The same may succeed later: back off and try again. */
  | 'retry'
  /** The feed's continuity is lost: widen, then start again at the head. */
  | 'resync'
  /** This input is wrong and always will be: dead letter, go on. */
  | 'reject'
  /** Nothing can go on until a person has changed something. */
  | 'halt';

interface ErrorKind {
  readonly sentence: string;
  readonly hint: string;
  readonly reaction: Reaction;
}

/** Every error a user can meet: its code, what it means and what to do. The documentation's table is made from it. */
export const ERRORS = {
  ASSERTION: {
    sentence: 'an invariant of Tidemark does not hold',
    hint: 'this is a bug in Tidemark: please report it with the message',
    reaction: 'halt',
  },
  CONFIG_INVALID: {
    sentence: 'the configuration or its contracts have mistakes',
    hint: 'correct the findings listed; `tidemark check` prints them again',
    reaction: 'halt',
  },
  NAMESPACE_UNKNOWN: {
    sentence: 'the namespace is not configured',
    hint: 'add it under `namespaces:` with a `ttl`',
    reaction: 'reject',
  },
  CLOSED: {
    sentence: 'Tidemark is closed',
    hint: 'the process is shutting down; send the request to another one or later',
    reaction: 'halt',
  },
  FRESHNESS_UNPROVEN: {
    sentence: 'the value cannot be proven fresh and the namespace says `when_uncertain: error`',
    hint: 'look at the sources of the namespace with `tidemark status`',
    reaction: 'retry',
  },
  VALUE_UNDEFINED: {
    sentence: 'the factory returned undefined, which is not a value',
    hint: 'return null to cache an absence, or call ctx.skip() to cache nothing',
    reaction: 'reject',
  },
} as const satisfies Record<string, ErrorKind>;

export type ErrorCode = keyof typeof ERRORS;

/** The one error class. `message` is the sentence plus what is particular to this case. */
export class TidemarkError extends Error {
  override readonly name = 'TidemarkError';
  readonly code: ErrorCode;

  constructor(code: ErrorCode, particulars?: string, options?: { cause?: unknown }) {
    super(particulars ? `${ERRORS[code].sentence}: ${particulars}` : ERRORS[code].sentence, options);
    this.code = code;
  }

  get hint(): string {
    return ERRORS[this.code].hint;
  }

  get reaction(): Reaction {
    return ERRORS[this.code].reaction;
  }
}

/** Holds an invariant, in production too. The message begins with its id in SPEC.md. */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new TidemarkError('ASSERTION', message);
}
