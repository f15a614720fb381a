import type { Asked, FedProof, FeedAnswer, FeedFrom, FeedHello, FeedTime } from '../model/feed.ts';
import type { Millis, Mono, Offset } from '../model/position.ts';

/**
 * What a journal adds that several daemons write at once. Each of them is a relay: it journals what it is sent, applies the
 * journal to its own memory, and of the work that only one may do at a time (reading a source, moving a shared layer's
 * watermark, refreshing projections) it does what it owns.
 *
 * Ownership is safe by the log, live by a lease. Losing a lease is noticed late by whoever was paused; but an owner's term is
 * in the log before it does anything, and whoever appends has read the log up to where it appends. So nothing of an
 * earlier owner comes behind the term of a later one, whatever either of them believes.
 */
export interface Relays {
  /** This opening of the journal, as the others see it. Unique. */
  readonly self: string;
  /**
   * Waits until nobody owns a piece of work, or its owner has not renewed its lease, and takes it. Resolves once the new
   * term is in the log: from then on the journal refuses every batch of an ordered source (work `source:NAME`) by an earlier
   * owner with RELAY_DEPOSED. `null` when the signal aborts.
   */
  own(work: string, signal: AbortSignal): Promise<Ownership | null>;
  /**
   * The hash of the contracts that the newest `CONTRACTS_CHANGED` in the log has adopted, as far as this relay has read; `null`: none.
   * A batch with a plan under other contracts is refused with CONTRACTS_SUPERSEDED (`adoption.ts`).
   */
  readonly adopted: string | null;
  /** Who owns what, as far as this relay has heard. */
  readonly owners: ReadonlyMap<string, Owner>;
  /** Says something to all relays and processes that are fed by the journal, if they hear it: only the newest counts. */
  say(word: RelayWord): void;
  /** What others say; not what this one says. */
  hear(take: (word: RelayWord) => void): () => void;
  /** Asks whoever has this clock for its time; `null` when nobody answers in time. */
  timeOf(clock: string): Promise<FeedTime | null>;
  /** Answers those who ask for the time of this clock, for the first words of a feed, or that something be done, until the journal closes. */
  answer(answers: RelayAnswers): void;
}

export interface RelayAnswers {
  readonly clock: string;
  now(): Mono;
  /** The first words of a feed, for somebody who was at `from`. */
  hello(from: FeedFrom | null): Promise<FeedHello>;
  /** Does what a process that is fed by the journal asks for, and tells it what came of it. Never rejects. */
  ask(what: Asked, body: unknown): Promise<FeedAnswer>;
}

export interface Owner {
  readonly relay: string;
  readonly term: number;
  readonly since: Millis;
}

export interface Ownership {
  readonly work: string;
  /** Higher than that of any earlier owner, and than any `life` of the journal when it was taken. */
  readonly term: number;
  /** Aborts when the lease cannot be known to be held any more, by this process's own monotonic clock, or another has taken over. */
  readonly lost: AbortSignal;
  /** Lets another have it at once. */
  release(): Promise<void>;
}

export type RelayWord =
  /** What the owner of a source has proven; `t0` is of its clock. */
  | { readonly kind: 'proof'; readonly clock: string; readonly proof: FedProof }
  /** How far somebody has applied the journal, and in which of its caches. Said at least every `MEMBER_BEAT_MS`. */
  | { readonly kind: 'member'; readonly member: Member }
  | { readonly kind: 'left'; readonly id: string };

/** A relay or a process that is fed: somebody whose caches serve what the journal ends. */
export interface Member {
  readonly id: string;
  /** What an operator knows it by: host and process id. */
  readonly name: string;
  readonly role: 'relay' | 'process';
  /** By the name of the layer; of a shared layer only its owner says it. */
  readonly watermarks: Readonly<Record<string, Offset>>;
}

/** A dozen of them may be lost before a member that says nothing is taken for gone. */
export const MEMBER_BEAT_MS = 250;
