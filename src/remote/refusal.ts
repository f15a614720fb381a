/** The daemon said no, in its own words: its code, sentence and hint are shown as they came. */
export class DaemonRefusal extends Error {
  override readonly name = 'DaemonRefusal';
  readonly code: string;
  readonly hint: string;
  readonly status: number;

  constructor(said: {
    readonly code: string;
    readonly message: string;
    readonly hint: string;
    readonly status: number;
  }) {
    super(said.message);
    this.code = said.code;
    this.hint = said.hint;
    this.status = said.status;
  }
}

/** Of `{error: {code, message, hint}}`, the shape of every error of the HTTP API; `null`: of something else. */
export function refusalOf(body: unknown, status: number): DaemonRefusal | null {
  const error: unknown = (body as { error?: unknown } | null | undefined)?.error;
  if (typeof error !== 'object' || error === null) return null;
  const { code, message, hint } = error as Record<string, unknown>;
  if (typeof code !== 'string' || typeof message !== 'string') return null;
  return new DaemonRefusal({ code, message, hint: typeof hint === 'string' ? hint : '', status });
}
