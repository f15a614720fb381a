import type { ErrorCode, ErrorKind, Reaction } from './errors.ts';
import { CACHE_ERRORS } from './errors-of-caches.ts';

/** What each code means; `errors.ts` adds those that a process which only caches never meets, and so does not carry. */
export const KINDS: Partial<Record<ErrorCode, ErrorKind>> = { ...CACHE_ERRORS };

/**
 * The one error class. `message` is the sentence plus what is particular to this case. Whoever imports it from here may use only
 * the codes that are always there; with all of them it is that of `errors.ts`.
 */
export class TidemarkError extends Error {
  override readonly name = 'TidemarkError';
  readonly code: ErrorCode;

  constructor(code: keyof typeof CACHE_ERRORS, particulars?: string, options?: { cause?: unknown }) {
    const sentence = kindOf(code).sentence;
    super(particulars ? `${sentence}: ${particulars}` : sentence, options);
    this.code = code;
  }

  get hint(): string {
    return kindOf(this.code).hint;
  }

  get reaction(): Reaction {
    return kindOf(this.code).reaction;
  }
}

function kindOf(code: ErrorCode): ErrorKind {
  return KINDS[code] ?? { sentence: code, hint: '', reaction: 'halt' };
}
