import type { Entry } from './entry.ts';
import type { NamespaceConfig } from './namespace.ts';
import type { Action } from './plan.ts';
import type { Epoch, Mono, Offset, Resume, SourceId } from './position.ts';

/** Of the words that a daemon and those who are fed by it have in common. Another one is another protocol. */
export const FEED_VERSION = 1;

/** At most this long a daemon is silent towards those who are fed by it: what they notice a dead one by. */
export const FEED_BEAT_MS = 250;

export interface FedSource {
  readonly name: SourceId;
  readonly canProve: boolean;
  /** It is read, so a transaction of it that is open can end. */
  readonly isRead: boolean;
  /** It announces commits before readers see them. */
  readonly ungated: boolean;
  /** The history of it that the journal is in; `null` when it has nothing of it that is in an order. */
  readonly epoch: Epoch | null;
}

/**
 * What another process has to know of a layer that many share, so as to take part in it: with these it names what is stored as whoever
 * applies the journal to it does. Where the server is and who logs in is no part of it; its own operator tells each process.
 */
export interface SharedTerms {
  /** How names and records are laid out on the server: scripts of two processes must agree on it. */
  readonly layout: number;
  /** What all names begin with. */
  readonly prefix: string;
  readonly shards: number;
  /** How values are written by those who bring no serializer of their own. */
  readonly serializer: string;
  readonly compressAbove: number;
  readonly valueBytesMax: number;
  /** The oldest owner whose shards are believed. Absent: any. */
  readonly since?: number;
  /** Whether whoever says this has taken the layer over: then its records are of the journal's epoch. */
  readonly claimed: boolean;
}

export interface FedLayer extends SharedTerms {
  readonly name: string;
  /** Of the layer's kind. */
  readonly type: string;
}

/** The first words of a feed. */
export interface FeedHello {
  readonly version: number;
  /** Of the journal: offsets of another one mean something else. */
  readonly epoch: Epoch;
  /** Whose clock `now` and `t0` are of; `null`: of whoever is told. */
  readonly clock: string | null;
  /** What follows begins behind it. Everything at or below is visible to readers of the sources. */
  readonly after: Offset;
  /** Where was asked for cannot be gone on from: whatever is cached may have missed its end. */
  readonly reset: boolean;
  readonly head: Offset;
  readonly sources: readonly FedSource[];
  readonly namespaces: readonly NamespaceConfig[];
  /** The layers that many processes share and that the journal is applied to. Absent: of a daemon that does not tell. */
  readonly layers?: readonly FedLayer[];
}

/** An entry without its event: what it ends, and where it stands. */
export interface FedEntry extends Pick<Entry, 'offset' | 'source' | 'epoch' | 'position' | 'commit' | 'xid'> {
  readonly type: string;
  readonly actions: readonly Action[];
}

/** Everything that readers of the source could see at `t0`, by the daemon's clock, is in the journal at or below `at`. */
export interface FedProof {
  readonly source: SourceId;
  readonly at: Offset;
  readonly t0: Mono;
  readonly upTo: Resume | null;
}

export interface FeedPage {
  readonly entries: readonly FedEntry[];
  /** The newest of each source since the last page. */
  readonly proofs: readonly FedProof[];
  readonly head: Offset;
}

export type FeedFrame =
  | ({ readonly kind: 'hello' } & FeedHello)
  | ({ readonly kind: 'page' } & FeedPage)
  /** Entries up to here are gone; nobody can tell what they ended. */
  | { readonly kind: 'gap'; readonly upTo: Offset };

/** The daemon's answer to what time it is: asked before and answered after, by the one's clock and by the other's. */
export interface FeedTime {
  readonly clock: string;
  readonly now: Mono;
}

/** Where somebody who was fed before goes on. */
export interface FeedFrom {
  readonly epoch: Epoch;
  readonly after: Offset;
}

/** What a process that is fed asks those who journal to do for it. */
export const ASKED = ['emit', 'invalidate', 'position'] as const;

export type Asked = (typeof ASKED)[number];

/** What came of it, or why not: as the HTTP API says it. */
export type FeedAnswer =
  | { readonly ok: unknown }
  | {
      readonly status: number;
      readonly error: { readonly code: string; readonly message: string; readonly hint: string };
    };

/** Of an entry, what it ends and where it stands. */
export function fedEntry({ offset, source, epoch, position, commit, xid, event, plan }: Entry): FedEntry {
  return {
    offset,
    source,
    epoch,
    position,
    commit,
    ...(xid !== undefined && { xid }),
    type: event.type,
    actions: plan.actions.map(({ kind, target, namespace, layers }) => ({
      kind,
      target,
      ...(namespace !== undefined && { namespace }),
      ...(layers && { layers }),
    })),
  };
}
