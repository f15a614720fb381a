import type { Config } from '../config/config.ts';
import type { Kinds } from '../config/kinds.ts';
import type { JsonValue } from '../model/json.ts';
import type { RowChange } from '../model/event.ts';
import type { Write } from './plan.ts';

/** How a change becomes known: by the change feed, by a webhook, or by an event that the application sends. */
export type Channel = 'feed' | 'webhook' | 'app';

/** A thing of the world that changes as a whole. Cached values are versions of facts. */
export type Fact = number;

/** What readers read: one key in one namespace. */
export interface Target {
  readonly namespace: string;
  readonly key: string;
  readonly fact: Fact;
  readonly tags: readonly string[];
  /** Tags that the reader only knows once it has loaded; `null`: none. */
  readonly lateTags: readonly string[] | null;
  readonly channel: Channel;
  /** Its events delete it or purge a tag of it; soft expiry lets an old value be served within its bound. */
  readonly hard: boolean;
}

/** An event as its source tells it, without what the source adds. */
export interface Announcement {
  readonly type: string;
  readonly data: JsonValue;
  readonly row?: RowChange;
  readonly subject?: string;
}

export interface Change {
  readonly channel: Channel;
  /** What happens, for a story. */
  readonly words: string;
  readonly events: readonly Announcement[];
  readonly facts: readonly Fact[];
  /** In how many parts the feed brings it. */
  readonly parts: number;
  readonly rollback: boolean;
}

/** What a world is about: its facts, what is read of them, and how they change. */
export interface Domain {
  /** The configuration for the kinds of the simulator, and one with other contracts that it may be reloaded with. */
  configure(kinds: Kinds): { readonly config: Config; readonly other: Config | null };
  /** A name for each fact. */
  readonly facts: readonly string[];
  readonly targets: readonly Target[];
  /** `null`: nothing can be written now, the rows are locked. */
  change(write: Write, isLocked: (fact: Fact) => boolean): Change | null;
}
