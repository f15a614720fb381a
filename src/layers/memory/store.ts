import { APPLIED, SKIPPED, type Outcome } from '../../model/outcome.ts';
import { EVERY_NAMESPACE, type Action } from '../../model/plan.ts';
import { ORIGIN, type Mono, type Offset } from '../../model/position.ts';
import { Fence, type FenceOptions, type Refusal, type TagMark } from '../../trust/fence.ts';
import { NEVER } from '../../trust/proofs.ts';
import { Departures, type How } from './departures.ts';
import { Roster, type Enrolled } from './roster.ts';
import { Sieve, type Sieved } from './sieve.ts';
import { roughBytes } from './size.ts';

/** What the store keeps of a namespace: its freshness, shared by all its entries. */
export interface Shelf {
  readonly name: string;
  /** As of when all the sources of the namespace are proven applied here. */
  provenAt: Mono;
}

/** Where an entry's value came from, and how to get it from there again. */
export interface Origin {
  /** Loads it again and stores what comes, for `refresh_key`. */
  refresh(): void;
  /** Loads it again for the auditor: nothing is stored and nothing is counted. Rejects as the factory does. */
  look(): Promise<Look>;
}

export interface Look {
  readonly value: unknown;
  /** Everything at or below it was visible to the load; `null`: that is not known. */
  readonly stamp: Offset | null;
  /** The factory did not want its value stored. */
  readonly skipped: boolean;
}

/** What a hit looks at comes first: the less of an entry it touches, the less it waits for memory. */
export interface StoredEntry extends Sieved, Enrolled {
  readonly shelf: Shelf;
  readonly value: unknown;
  /** The fence's serial at which its tags were last compared. */
  checkedAt: number;
  /**
   * Whole seconds before which it is neither past its TTL nor expired softly. A small integer stands in the entry itself,
   * any other number elsewhere in memory. It says nothing of what comes after: `expiresAt` and `expiredAsOf` decide.
   */
  soundUntilS: number;
  /** The same key in another namespace. */
  sibling: StoredEntry | null;
  readonly key: string;
  /** Everything at or below it was visible to the load. */
  readonly stamp: Offset;
  /** Before the load began; `NEVER` when the value was handed in. */
  readonly loadedAt: Mono;
  /** All that it reflects was visible to readers of its sources by then. */
  readonly visibleBy: Mono;
  readonly expiresAt: Mono;
  /** Set by a soft expiry: as of when it was last known to be current. */
  expiredAsOf: Mono | null;
  readonly marks: readonly TagMark[];
  /** What it is made of besides its own; `null` when nothing is. */
  readonly embeds: readonly Embedded[] | null;
  readonly bytes: number;
  /** `null` when the value was handed in. */
  readonly origin: Origin | null;
}

/** A value of another key that a value is made of: what ends that one ends this one too. */
export interface Embed {
  readonly namespace: string;
  readonly key: string;
  readonly tags: readonly string[];
}

/** An embed of a resident entry. The first of its marks is that of its key. */
export interface Embedded {
  readonly namespace: string;
  readonly marks: readonly TagMark[];
}

export interface Fill {
  readonly value: unknown;
  readonly tags: readonly string[];
  /** Default: nothing. */
  readonly embeds?: readonly Embed[];
  readonly stamp: Offset;
  readonly loadedAt: Mono;
  readonly ttlMs: number;
  /** Default: when it is stored. */
  readonly visibleBy?: Mono;
  readonly origin?: Origin | null;
}

export type Filled =
  | { readonly stored: true; readonly entry: StoredEntry }
  | { readonly stored: false; readonly reason: Refusal; readonly at: Offset };

export interface StoreOptions extends FenceOptions {
  readonly maxEntries?: number;
  readonly maxBytes?: number;
}

/**
 * L1: the entries of one process and their fence. Synchronous throughout, so that applying a plan and admitting a
 * fill never interleave (SPEC I1's assumption M).
 */
export class MemoryStore {
  readonly fence: Fence;
  readonly #maxEntries: number;
  readonly #maxBytes: number;
  readonly #entries = new Map<string, StoredEntry>();
  readonly #sieve = new Sieve<StoredEntry>();
  readonly #roster = new Roster<StoredEntry>();
  readonly departures = new Departures();
  /** Told of every fill that was stored. */
  filled: ((entry: StoredEntry) => void) | null = null;
  #bytes = 0;
  #watermark: Offset;
  #sweepFrom: StoredEntry | null = null;
  #sweptAt = -1;

  constructor(startAt: Offset = ORIGIN, options: StoreOptions = {}, fence = new Fence(options)) {
    this.fence = fence;
    // A new store has forgotten everything before it began: loads stamped by an earlier life are refused.
    this.fence.raiseFloor(startAt);
    this.#watermark = startAt;
    this.#maxEntries = options.maxEntries ?? 100_000;
    this.#maxBytes = options.maxBytes ?? 256 * 1024 * 1024;
  }

  /** Everything at or below it has been applied: the stamp of a load that begins now. */
  get watermark(): Offset {
    return this.#watermark;
  }

  get size(): number {
    return this.#sieve.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** The resident entry, unless something has ended it. Time is the caller's to judge. */
  find(shelf: Shelf, key: string): StoredEntry | null {
    const entry = this.#at(shelf, key);
    if (!entry) return null;
    if (entry.checkedAt !== this.fence.serial && !this.#recheck(entry)) return null;
    entry.visited = true;
    return entry;
  }

  /** Every namespace's entry of a key, without counting as a read. */
  held(key: string): readonly StoredEntry[] {
    const held: StoredEntry[] = [];
    let entry = this.#entries.get(key) ?? null;
    while (entry) {
      const next = entry.sibling;
      if (this.#recheck(entry)) held.push(entry);
      entry = next;
    }
    return held;
  }

  /** One of all that is resident, each as likely as any other; it may have been ended. Does not count as a read. */
  draw(chance: number): StoredEntry | null {
    return this.#roster.draw(chance);
  }

  /** Whether this very entry is resident and nothing has ended it: no event, not even softly, and not its TTL. */
  stands(entry: StoredEntry, now: Mono): boolean {
    if (entry.place === -1 || entry.expiredAsOf !== null || now >= entry.expiresAt) return false;
    return this.#holds(entry) && !this.#expired(entry);
  }

  /** Stores a value if the fence admits its stamp and nothing newer is there. Atomic with `apply`. */
  fill(shelf: Shelf, key: string, fill: Fill, now: Mono): Filled {
    const { embeds = [] } = fill;
    let refused = this.fence.refuses(fill.stamp, shelf.name, key, fill.tags);
    for (const embed of embeds) refused ??= this.fence.refuses(fill.stamp, embed.namespace, embed.key, embed.tags);
    if (refused) return { stored: false, ...refused };
    const resident = this.find(shelf, key);
    if (resident && isNewer(resident, fill)) return { stored: false, reason: 'older-than-stored', at: resident.stamp };
    this.remove(shelf, key);
    const expiresAt = (fill.loadedAt === NEVER ? now : fill.loadedAt) + fill.ttlMs;
    const entry: StoredEntry = {
      shelf,
      value: fill.value,
      checkedAt: this.fence.serial,
      soundUntilS: wholeSeconds(expiresAt),
      visited: false,
      sibling: this.#entries.get(key) ?? null,
      key,
      stamp: fill.stamp,
      loadedAt: fill.loadedAt,
      visibleBy: fill.visibleBy ?? now,
      expiresAt,
      expiredAsOf: null,
      marks: this.fence.retain(fill.tags),
      embeds: embeds.length === 0 ? null : embeds.map((embed) => this.#embed(embed)),
      bytes: ENTRY_BYTES + 2 * key.length + roughBytes(fill.value) + EMBED_BYTES * embeds.length,
      origin: fill.origin ?? null,
      place: -1,
      newer: null,
      older: null,
    };
    this.#entries.set(key, entry);
    this.#sieve.add(entry);
    this.#roster.add(entry);
    this.#bytes += entry.bytes;
    this.#makeRoom(entry);
    this.filled?.(entry);
    return { stored: true, entry };
  }

  /** Applies what a plan asks of this layer, then moves the watermark: one synchronous turn. */
  apply(actions: readonly { readonly action: Action; readonly at: Offset }[], watermark: Offset): Outcome[] {
    const again: Origin[] = [];
    const outcomes = actions.map(({ action, at }) => this.#applyOne(action, at, again));
    if (watermark > this.#watermark) this.#watermark = watermark;
    for (const origin of again) origin.refresh();
    return outcomes;
  }

  remove(shelf: Shelf, key: string): boolean {
    const entry = this.#at(shelf, key);
    if (entry) this.#drop(entry);
    return entry !== null;
  }

  clear(): void {
    for (let entry = this.#sieve.oldest; entry; entry = this.#sieve.oldest) this.#drop(entry);
  }

  /**
   * Gives back the memory of entries that a purge or their TTL has ended, at most `budget` of them looked at.
   * Returns whether there is more to look at.
   */
  sweep(budget: number, now: Mono): boolean {
    const serial = this.fence.serial;
    let entry = this.#sweepFrom ?? this.#sieve.oldest;
    for (let looked = 0; entry && looked < budget; looked++) {
      const next: StoredEntry | null = entry.newer;
      if (now >= entry.expiresAt) this.#drop(entry, 'ttl');
      else if (entry.checkedAt !== serial) this.#recheck(entry);
      entry = next;
    }
    this.#sweepFrom = entry;
    if (entry) return true;
    this.#sweptAt = serial;
    return false;
  }

  /** Whether something was purged since the last complete sweep. */
  get needsSweep(): boolean {
    return this.#sweptAt !== this.fence.serial;
  }

  #at(shelf: Shelf, key: string): StoredEntry | null {
    let entry = this.#entries.get(key) ?? null;
    while (entry !== null && entry.shelf !== shelf) entry = entry.sibling;
    return entry;
  }

  #recheck(entry: StoredEntry): boolean {
    if (!this.#holds(entry)) {
      this.#drop(entry, 'ended');
      return false;
    }
    // When a tag expired it, only its own load is known to have been current: the mark does not say since when.
    if (this.#expired(entry)) expireSoftly(entry, NEVER);
    entry.checkedAt = this.fence.serial;
    return true;
  }

  #holds({ stamp, shelf, marks, embeds }: StoredEntry): boolean {
    if (!this.fence.holds(stamp, shelf.name, marks)) return false;
    return embeds === null || embeds.every((embed) => this.fence.holds(stamp, embed.namespace, embed.marks));
  }

  #expired({ stamp, shelf, marks, embeds }: StoredEntry): boolean {
    if (this.fence.expired(stamp, shelf.name, marks)) return true;
    return embeds?.some((embed) => this.fence.expired(stamp, embed.namespace, embed.marks)) === true;
  }

  #embed({ namespace, key, tags }: Embed): Embedded {
    return { namespace, marks: this.fence.embed(key, tags) };
  }

  #applyOne(action: Action, at: Offset, again: Origin[]): Outcome {
    switch (action.kind) {
      case 'delete_key':
        this.fence.invalidateKey(action.target, at, false, action.namespace);
        this.#eachOlder(action, at, (entry) => {
          this.#drop(entry, 'ended');
        });
        return APPLIED;
      case 'expire_key':
      case 'refresh_key':
        this.fence.invalidateKey(action.target, at, true, action.namespace);
        this.#eachOlder(action, at, (entry) => {
          expireSoftly(entry, entry.shelf.provenAt);
          if (action.kind === 'refresh_key' && entry.origin) again.push(entry.origin);
        });
        return APPLIED;
      case 'purge_tag':
        this.fence.invalidateTag(action.target, at, false, action.namespace);
        return APPLIED;
      case 'expire_tag':
        this.fence.invalidateTag(action.target, at, true, action.namespace);
        return APPLIED;
      case 'purge_namespace':
        if (action.target === EVERY_NAMESPACE) this.fence.invalidateEverything(at);
        else this.fence.invalidateNamespace(action.target, at);
        return APPLIED;
      case 'purge_url':
      case 'refresh_projection':
        return SKIPPED;
    }
  }

  #eachOlder(action: Action, at: Offset, visit: (entry: StoredEntry) => void): void {
    let entry = this.#entries.get(action.target) ?? null;
    while (entry) {
      const next = entry.sibling;
      if (entry.stamp < at && (action.namespace === undefined || action.namespace === entry.shelf.name)) visit(entry);
      entry = next;
    }
  }

  #makeRoom(keep: StoredEntry): void {
    while (this.#sieve.size > this.#maxEntries || (this.#bytes > this.#maxBytes && this.#sieve.size > 1)) {
      const victim = this.#sieve.victim();
      if (!victim) return;
      if (victim === keep && this.#sieve.size > 1) victim.visited = true;
      else this.#drop(victim, 'evicted');
    }
    if (this.#bytes > this.#maxBytes) this.#drop(keep, 'evicted');
  }

  #drop(entry: StoredEntry, how: How | null = null): void {
    if (how !== null) this.departures.add(entry, how);
    if (this.#sweepFrom === entry) this.#sweepFrom = entry.newer;
    this.#sieve.remove(entry);
    this.#roster.remove(entry);
    this.#bytes -= entry.bytes;
    this.fence.release(entry.marks);
    for (const embed of entry.embeds ?? []) this.fence.release(embed.marks);
    const first = this.#entries.get(entry.key) ?? null;
    if (first === entry) {
      if (entry.sibling) this.#entries.set(entry.key, entry.sibling);
      else this.#entries.delete(entry.key);
      return;
    }
    let before = first;
    while (before && before.sibling !== entry) before = before.sibling;
    if (before) before.sibling = entry.sibling;
  }
}

/** An entry's own fields, its place in the map and three marks, as measured on 64-bit V8. */
const ENTRY_BYTES = 250;

/** The marks of a key that is embedded, and their list. */
const EMBED_BYTES = 200;

/** What an entry is made of, as it was given when it was filled. */
export function embedsOf({ embeds }: StoredEntry): Embed[] {
  return (embeds ?? []).map(({ namespace, marks }) => {
    const [key = '', ...tags] = marks.map(({ tag }) => tag);
    return { namespace, key, tags };
  });
}

/** Two loads of one key may end in any order: what saw more of the source stays (anomaly A8). */
function isNewer(resident: StoredEntry, fill: Fill): boolean {
  if (resident.stamp !== fill.stamp || fill.loadedAt === NEVER) return resident.stamp > fill.stamp;
  return resident.loadedAt > fill.loadedAt;
}

function expireSoftly(entry: StoredEntry, asOf: Mono): void {
  entry.expiredAsOf ??= asOf;
  entry.soundUntilS = 0;
}

/** The largest that V8 keeps as a small integer: 68 years. */
const SECONDS_MAX = 2 ** 31 - 1;

function wholeSeconds(ms: Mono): number {
  return Math.min(Math.floor(ms / 1_000), SECONDS_MAX);
}
