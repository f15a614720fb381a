/** What became of an action in a layer. Expected results are values, not throws. */
export type Outcome =
  | { readonly status: 'applied'; readonly removed?: number }
  /** The layer cannot do this kind of action; it is not a failure. */
  | { readonly status: 'skipped' }
  /** `retry` says whether the same action may succeed later. */
  | { readonly status: 'failed'; readonly retry: boolean; readonly code: string; readonly message: string };

export const APPLIED: Outcome = { status: 'applied' };
export const SKIPPED: Outcome = { status: 'skipped' };

export interface Health {
  readonly ok: boolean;
  readonly detail?: string;
}

/** Per layer, what an invalidation has come to. Never says more than happened. */
export type LayerResult = 'applied' | 'queued' | 'failed';
