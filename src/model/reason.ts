import type { ActionKind } from './plan.ts';
import type { Millis, Offset, Position, SourceId } from './position.ts';

/**
 * Why a value is trusted or not, for programs; `inWords` of `trust/words.ts` makes a sentence of it. Times are of the wall
 * clock; how old a value is at most is rounded to the older side.
 */
export type TrustReason =
  /** Proven within `max_staleness`. */
  | { readonly kind: 'fresh'; readonly known: Known; readonly boundMs: number }
  /** No bound but the TTL was asked for. `endsInMs` is `null` where no entry is spoken of. */
  | { readonly kind: 'ttl'; readonly endsInMs: number | null; readonly known: Known | null }
  /** Beyond `max_staleness`. `since` is when the bound was passed; `null`: it has never been proven. */
  | {
      readonly kind: 'unproven';
      readonly boundMs: number;
      readonly since: Since | null;
      readonly known: Known | null;
      readonly heldBy: HoldUp;
    }
  /** Ended softly: out of date, perhaps still within its bound. */
  | { readonly kind: 'expired'; readonly end: End | null; readonly known: Known | null }
  | { readonly kind: 'ttl-over'; readonly since: Since }
  | Absent
  /** Loaded for this read: from the source as it was then, or from a place that showed what was `known` before. */
  | {
      readonly kind: 'loaded';
      readonly from: 'source' | 'elsewhere';
      readonly known: Known | null;
      /** Why what was cached before was not served; `null` when it could have been. */
      readonly before: TrustReason | null;
    };

/** A time, and how long ago it was when the reason was given. */
export interface Since {
  readonly at: Millis;
  readonly agoMs: number;
}

/**
 * Nothing is held. `ended`: it was, and `end` took it. `unknown`: nobody remembers an entry, and `end` is the last that
 * named it, if any is remembered.
 */
export interface Absent {
  readonly kind: 'absent';
  readonly how: 'ended' | 'ttl' | 'evicted' | 'unknown';
  readonly end: End | null;
}

/** As of when a value is known to be what the source held, and who says so. */
export interface Known {
  readonly asOf: Millis;
  readonly ageMs: number;
  /** `load`: it was read then. `echo`: all its sources are proven applied as of then. */
  readonly by: 'load' | 'echo';
  /** The echo that bounds it: the oldest among the newest of its sources. Absent where it can no longer be told. */
  readonly echo?: Echo;
}

export interface Echo {
  readonly source: SourceId;
  /** All that readers of the source could see at `asOf` is in the journal at or below it. */
  readonly offset: Offset;
  /** The same in the source's own order, where it told that. */
  readonly position?: Position;
  /** How many sources prove this namespace. */
  readonly of: number;
}

/** What ended a key, one of its tags, its namespace or everything, or the same of a part that it embeds. */
export interface End {
  readonly offset: Offset;
  readonly target: 'key' | 'tag' | 'namespace' | 'everything';
  readonly name: string;
  /** Of the value that it ended. */
  readonly namespace: string;
  /** That was a part which the value embeds. */
  readonly embedded?: true;
  /** `null` when the journal does not hold the entry any more, or was not asked. */
  readonly event: EndingEvent | null;
}

export interface EndingEvent {
  readonly type: string;
  readonly source: SourceId;
  readonly received: Since;
  /** `null` when nothing in its plan names the target: it was ended more widely than planned. */
  readonly action: { readonly kind: ActionKind; readonly contract: string; readonly widened: boolean } | null;
}

/** What keeps freshness from being proven, and of which source. */
export type HoldUp =
  /** The namespace has no source that proves. */
  | { readonly kind: 'no-source' }
  | { readonly kind: 'cannot-prove'; readonly source: SourceId; readonly type: string }
  | ({ readonly kind: 'down'; readonly source: SourceId; readonly since: Since } & Failure)
  | ({ readonly kind: 'gap'; readonly source: SourceId; readonly since: Since } & Failure)
  /** It is starting, waits for something of its own, or has stopped. */
  | {
      readonly kind: 'not-streaming';
      readonly source: SourceId;
      readonly state: 'starting' | 'waiting' | 'stopped';
      readonly detail: string | null;
    }
  /** An echo has come back, and entries before it are not applied yet. */
  | {
      readonly kind: 'behind';
      readonly source: SourceId;
      readonly entries: number;
      readonly watermark: Offset;
      readonly waitsFor: Offset;
      /** The transaction that the watermark stands before. */
      readonly open: { readonly source: SourceId; readonly from: Offset } | null;
    }
  /** A commit waits until new readers see it. */
  | { readonly kind: 'gate'; readonly source: SourceId; readonly transaction: string }
  /** Time went missing, and no echo has come back since. */
  | {
      readonly kind: 'suspended' | 'stalled';
      readonly source: SourceId;
      readonly ms: number;
      readonly since: Since;
    }
  | { readonly kind: 'never-proven'; readonly source: SourceId; readonly since: Since }
  /** It streams without an error, and no echo comes back. */
  | { readonly kind: 'silent'; readonly source: SourceId; readonly since: Since };

interface Failure {
  readonly code: string;
  readonly message: string;
}
