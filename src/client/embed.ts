import { TidemarkError } from '../tidemark-error.ts';
import { embedsOf, type Embed, type MemoryStore, type StoredEntry } from '../layers/memory/store.ts';
import type { Mono, Offset, SourceId } from '../model/position.ts';
import type { ReadOptions } from './options.ts';

/** A value that was read to be a part of another one, and what that one has to inherit (anomaly D9). */
export interface Part<T> {
  readonly value: T;
  /** Itself, and what it is made of. */
  readonly embeds: readonly Embed[];
  /** Everything at or below it is reflected; `null`: that is not known. */
  readonly stamp: Offset | null;
  /** As of when it is known to be current. */
  readonly knownAt: Mono;
  readonly expiresAt: Mono;
  /** No proof bounds from above what it has seen. */
  readonly ahead: boolean;
  /** It is not for everybody. */
  readonly skipped: boolean;
}

/** What is resident, as a part: one that has not been ended reflects all that has been applied. */
export function partOf<T>(entry: StoredEntry, knownAt: Mono, watermark: Offset): Part<T> {
  const { key, shelf, marks, value, stamp, expiresAt, expiredAsOf, visibleBy } = entry;
  return {
    value: value as T,
    embeds: [{ namespace: shelf.name, key, tags: marks.map(({ tag }) => tag) }, ...embedsOf(entry)],
    stamp: expiredAsOf === null ? watermark : stamp,
    knownAt,
    expiresAt,
    ahead: visibleBy === Infinity,
    skipped: false,
  };
}

/** A cache that values can be embedded from. */
export interface Embeddable<T> {
  readonly namespace: string;
  /** @internal */
  readonly store: MemoryStore;
  /** Sources whose proofs its freshness is of. @internal */
  readonly provers: readonly SourceId[];
  /** @internal */
  part(options: ReadOptions<T>, path: readonly string[]): Promise<Part<T>>;
}

/** Who embeds. */
export interface Parent {
  readonly namespace: string;
  readonly store: MemoryStore;
  /** `null`: its values have no age that a proof could move. */
  readonly provers: readonly SourceId[] | null;
  readonly key: string;
  /** The reads that this load is a part of, outermost first. */
  readonly path: readonly string[];
}

/** What a load has embedded. */
export class Parts {
  readonly #parent: Parent;
  readonly #parts: Part<unknown>[] = [];
  /** A source that the parent's freshness does not wait for, and a part's does. */
  foreign: SourceId | null = null;

  constructor(parent: Parent) {
    this.#parent = parent;
  }

  /** @throws OPTION_INVALID; what the read throws */
  async add<V>(from: Embeddable<V>, options: ReadOptions<V>): Promise<V> {
    const { store, provers, namespace, key } = this.#parent;
    if (from.store !== store)
      throw new TidemarkError('OPTION_INVALID', 'a value can be embedded from a cache of the same Tidemark only');
    const path = [...this.#parent.path, `${namespace} ${key}`];
    if (path.includes(`${from.namespace} ${options.key}`)) {
      throw new TidemarkError('OPTION_INVALID', `"${options.key}" is embedded in itself: ${path.join(' → ')}`);
    }
    const part = await from.part(options, path);
    this.#parts.push(part);
    this.foreign ??= from.provers.find((source) => provers?.includes(source) === false) ?? null;
    return part.value;
  }

  get embeds(): readonly Embed[] {
    return this.#parts.flatMap(({ embeds }) => embeds);
  }

  get skipped(): boolean {
    return this.#parts.some((part) => part.skipped);
  }

  get ahead(): boolean {
    return this.#parts.some((part) => part.ahead);
  }

  /** The lowest stamp of it and them. */
  lower(stamp: Offset | null): Offset | null {
    return this.#parts.reduce<Offset | null>(
      (low, part) => (low === null || part.stamp === null ? null : low < part.stamp ? low : part.stamp),
      stamp,
    );
  }

  knownAt(own: Mono): Mono {
    return Math.min(own, ...this.#parts.map((part) => part.knownAt));
  }

  /** When the backup bound of the first of them ends; `Infinity` when there are none. */
  get expiresAt(): Mono {
    return Math.min(...this.#parts.map((part) => part.expiresAt));
  }
}
