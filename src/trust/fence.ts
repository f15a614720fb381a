import { ORIGIN, type Offset } from '../model/position.ts';

/**
 * What is remembered of one tag, or of a key that is embedded in others. Entries point at their marks, so a purge is one
 * assignment however many entries carry the tag, and the mark outlives every entry that points at it.
 */
export interface TagMark {
  readonly tag: string;
  /** Entries with an older stamp are gone. */
  hard: Offset;
  /** Entries with an older stamp are expired: out of date, perhaps still within their bound. */
  soft: Offset;
  /** Hard purges limited to one namespace; rare, so absent until there is one. */
  narrowed: Map<string, { hard: Offset; soft: Offset }> | null;
  /** Resident entries that carry the tag. */
  entries: number;
}

export type Refusal = 'below-floor' | 'key-invalidated' | 'tag-invalidated' | 'namespace-purged' | 'older-than-stored';

/** A remembered end of something that a value depends on. */
export interface FenceEnd {
  readonly at: Offset;
  readonly target: 'key' | 'tag' | 'namespace' | 'everything';
  readonly name: string;
  /** Of the value that it ended. */
  readonly namespace: string;
}

export interface FencedValue {
  readonly stamp: Offset;
  readonly namespace: string;
  readonly key: string;
  readonly marks: readonly TagMark[];
}

export interface FenceOptions {
  /**
   * Tombstones of keys and of tags without entries, each. Default 65,536: at 100,000 invalidations a second it still
   * covers loads of half a second, at 1,000 a second those of a minute; it costs about 6 MB when full.
   */
  readonly tombstonesMax?: number;
  /** Test switch: off, every fill is admitted. Exists so that tests can show that they notice. Default true. */
  readonly enforced?: boolean;
}

/**
 * The rule that refuses a fill whose load began before an invalidation of its key, its namespace or any of its tags.
 *
 * Every invalidation is remembered as the highest offset that ended something. A load takes the applied watermark as
 * its stamp before it begins; at its end the stamp is compared with what is remembered (SPEC I1). Tombstones are
 * bounded: forgetting one raises the floor, below which every fill is refused, so forgetting is never unsafe.
 */
export class Fence {
  readonly #tombstonesMax: number;
  readonly #enforced: boolean;
  #floor = ORIGIN;
  #everything = ORIGIN;
  #serial = 0;
  readonly #keys = new Map<string, Offset>();
  readonly #narrowedKeys = new Map<string, Map<string, Offset>>();
  readonly #namespaces = new Map<string, Offset>();
  readonly #tags = new Map<string, TagMark>();
  readonly #idle = new Set<TagMark>();
  /** Keys whose values are part of resident values of other keys. Their tombstones are those of the keys. */
  readonly #embedded = new Map<string, TagMark>();
  #narrowedCount = 0;

  constructor(options: FenceOptions = {}) {
    this.#tombstonesMax = options.tombstonesMax ?? 65_536;
    this.#enforced = options.enforced ?? true;
  }

  /** Fills with an older stamp are refused: their tombstones may have been forgotten. */
  get floor(): Offset {
    return this.#floor;
  }

  /** Changes whenever a tag, a namespace or everything was invalidated; an entry checked at this serial is still good. */
  get serial(): number {
    return this.#serial;
  }

  get tombstones(): number {
    return this.#keys.size + this.#narrowedCount + this.#idle.size;
  }

  raiseFloor(at: Offset): void {
    this.#floor = later(this.#floor, at);
  }

  invalidateKey(key: string, at: Offset, softly: boolean, namespace?: string): void {
    const embedded = this.#embedded.get(key);
    if (embedded) this.#end(embedded, at, softly, namespace);
    if (namespace === undefined) {
      if (at > (this.#keys.get(key) ?? ORIGIN)) remember(this.#keys, key, at);
      if (this.#keys.size > this.#tombstonesMax) this.#forgetOldest(this.#keys);
      return;
    }
    let keys = this.#narrowedKeys.get(namespace);
    if (!keys) this.#narrowedKeys.set(namespace, (keys = new Map<string, Offset>()));
    if (at > (keys.get(key) ?? ORIGIN)) {
      if (!keys.has(key)) this.#narrowedCount++;
      remember(keys, key, at);
    }
    if (keys.size > this.#tombstonesMax) {
      this.#forgetOldest(keys);
      this.#narrowedCount--;
    }
  }

  invalidateTag(tag: string, at: Offset, softly: boolean, namespace?: string): TagMark {
    const mark = this.#markOf(tag);
    this.#end(mark, at, softly, namespace);
    if (mark.entries === 0) this.#rest(mark);
    return mark;
  }

  invalidateNamespace(namespace: string, at: Offset): void {
    this.#namespaces.set(namespace, later(this.#namespaces.get(namespace) ?? ORIGIN, at));
    this.#serial++;
  }

  invalidateEverything(at: Offset): void {
    this.#everything = later(this.#everything, at);
    this.#serial++;
  }

  /** Why a value whose load began at `stamp` may not be stored or joined; `null` when it may. Equal is new enough. */
  refuses(
    stamp: Offset,
    namespace: string,
    key: string,
    tags: readonly string[],
  ): { reason: Refusal; at: Offset } | null {
    if (!this.#enforced) return null;
    if (stamp < this.#floor) return { reason: 'below-floor', at: this.#floor };
    const purged = this.#purgedAt(namespace);
    if (stamp < purged) return { reason: 'namespace-purged', at: purged };
    const ended = this.#keyEndedAt(namespace, key);
    if (stamp < ended) return { reason: 'key-invalidated', at: ended };
    for (const tag of tags) {
      const mark = this.#tags.get(tag);
      if (!mark) continue;
      const at = later(hardOf(mark, namespace), softOf(mark, namespace));
      if (stamp < at) return { reason: 'tag-invalidated', at };
    }
    return null;
  }

  /** Whether a resident entry is still there: no tag, namespace or reset has passed it. */
  holds(stamp: Offset, namespace: string, marks: readonly TagMark[]): boolean {
    if (stamp < this.#purgedAt(namespace)) return false;
    for (const mark of marks) if (stamp < hardOf(mark, namespace)) return false;
    return true;
  }

  /** Whether a resident entry has been expired softly by one of its tags. */
  expired(stamp: Offset, namespace: string, marks: readonly TagMark[]): boolean {
    for (const mark of marks) if (stamp < softOf(mark, namespace)) return true;
    return false;
  }

  /** For people: the last that is remembered to have ended a value with this stamp, or to have expired it. */
  lastEnd(how: 'hard' | 'soft', { stamp, namespace, key, marks }: FencedValue): FenceEnd | null {
    const ends: FenceEnd[] = [{ target: 'key', name: key, namespace, at: this.#keyEndedAt(namespace, key) }];
    const tagEndedAt = how === 'hard' ? hardOf : softOf;
    for (const mark of marks) ends.push({ target: 'tag', name: mark.tag, namespace, at: tagEndedAt(mark, namespace) });
    if (how === 'hard') {
      const at = this.#namespaces.get(namespace) ?? ORIGIN;
      ends.push({ target: 'namespace', name: namespace, namespace, at });
      ends.push({ target: 'everything', name: '', namespace, at: this.#everything });
    }
    let last: FenceEnd | null = null;
    for (const end of ends) if (end.at > (last?.at ?? stamp)) last = end;
    return last;
  }

  /** Called when an entry becomes resident: its tags' marks, from now on kept until `release`. */
  retain(tags: readonly string[]): readonly TagMark[] {
    return tags.map((tag) => {
      const mark = this.#markOf(tag);
      mark.entries++;
      this.#idle.delete(mark);
      return mark;
    });
  }

  /** Called when an entry becomes resident that the value of another key is part of: the marks of that key and its tags. */
  embed(key: string, tags: readonly string[]): readonly TagMark[] {
    let mark = this.#embedded.get(key);
    if (!mark) this.#embedded.set(key, (mark = markOf(key)));
    mark.entries++;
    return [mark, ...this.retain(tags)];
  }

  /** Called when an entry leaves. A mark without entries is a tombstone, or nothing. */
  release(marks: readonly TagMark[]): void {
    for (const mark of marks) if (--mark.entries === 0) this.#rest(mark);
  }

  #purgedAt(namespace: string): Offset {
    return later(this.#everything, this.#namespaces.get(namespace) ?? ORIGIN);
  }

  #keyEndedAt(namespace: string, key: string): Offset {
    return later(this.#keys.get(key) ?? ORIGIN, this.#narrowedKeys.get(namespace)?.get(key) ?? ORIGIN);
  }

  #markOf(tag: string): TagMark {
    let mark = this.#tags.get(tag);
    if (!mark) this.#tags.set(tag, (mark = markOf(tag)));
    return mark;
  }

  #end(mark: TagMark, at: Offset, softly: boolean, namespace: string | undefined): void {
    let target: { hard: Offset; soft: Offset } = mark;
    if (namespace !== undefined) {
      mark.narrowed ??= new Map();
      let narrowed = mark.narrowed.get(namespace);
      if (!narrowed) mark.narrowed.set(namespace, (narrowed = { hard: ORIGIN, soft: ORIGIN }));
      target = narrowed;
    }
    if (softly) target.soft = later(target.soft, at);
    else target.hard = later(target.hard, at);
    this.#serial++;
  }

  #rest(mark: TagMark): void {
    if (this.#embedded.get(mark.tag) === mark) {
      this.#embedded.delete(mark.tag);
      return;
    }
    if (newest(mark) <= this.#floor) {
      this.#idle.delete(mark);
      this.#tags.delete(mark.tag);
      return;
    }
    this.#idle.delete(mark);
    this.#idle.add(mark);
    if (this.#idle.size <= this.#tombstonesMax) return;
    for (const oldest of this.#idle) {
      this.#idle.delete(oldest);
      this.#tags.delete(oldest.tag);
      this.raiseFloor(newest(oldest));
      return;
    }
  }

  #forgetOldest(tombstones: Map<string, Offset>): void {
    for (const [key, at] of tombstones) {
      tombstones.delete(key);
      this.raiseFloor(at);
      return;
    }
  }
}

/** Map order is the order of forgetting, so a newer invalidation of the same key goes to the end. */
function remember(tombstones: Map<string, Offset>, key: string, at: Offset): void {
  tombstones.delete(key);
  tombstones.set(key, at);
}

function markOf(tag: string): TagMark {
  return { tag, hard: ORIGIN, soft: ORIGIN, narrowed: null, entries: 0 };
}

function later(a: Offset, b: Offset): Offset {
  return Math.max(a, b) as Offset;
}

function hardOf(mark: TagMark, namespace: string): Offset {
  return mark.narrowed === null ? mark.hard : later(mark.hard, mark.narrowed.get(namespace)?.hard ?? ORIGIN);
}

function softOf(mark: TagMark, namespace: string): Offset {
  return mark.narrowed === null ? mark.soft : later(mark.soft, mark.narrowed.get(namespace)?.soft ?? ORIGIN);
}

function newest(mark: TagMark): Offset {
  let at = later(mark.hard, mark.soft);
  if (mark.narrowed !== null) for (const one of mark.narrowed.values()) at = later(at, later(one.hard, one.soft));
  return at;
}
