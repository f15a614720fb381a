import type { Millis, Offset } from '../model/position.ts';
import type { AtLeast } from '../model/token.ts';
import type { Embeddable } from './embed.ts';
import type { Seen } from './stamping.ts';
import type { TrustReason } from '../model/reason.ts';
import type { TrustWord } from '../trust/trust.ts';

/** Milliseconds, or a number with a unit: `'250ms'`, `'10m'`, `'1.5h'`, `'7d'`. */
export type Duration = number | string;

/** Everything at or below it has been applied here: what a load that begins now is known to see. */
export type Stamp = Offset;

/** What a factory is given. */
export interface LoadContext {
  readonly key: string;
  /** Aborts when the load takes longer than its timeout, or the cache closes. */
  readonly signal: AbortSignal;
  /** Taken before the factory was called. The fence compares it when the value arrives. */
  readonly stamp: Stamp;
  /**
   * What the reader has to see. A factory that reads a replica has to look whether that has got it; `stamped` of
   * `tidemark/postgres` does.
   */
  readonly atLeast?: AtLeast;
  /** Replaces the tags; for tags that are only known once the value is. They are fenced all the same. */
  setTags(tags: readonly string[]): void;
  /**
   * Says what the load has read, when that is not the primary as it is now: a replica, or a snapshot. Only ever makes the
   * value count as older. A source with `gate: false` needs it: without, the value is returned and not stored.
   * `stamped` of `tidemark/postgres` calls it.
   */
  seen(seen: Seen): void;
  /**
   * Reads a value through another cache (or this one) to make it a part of this value. The part's key, tags, age and TTL are
   * then this value's, too: whatever ends the part ends this value (anomaly D9).
   *
   * @throws OPTION_INVALID for a cache of another Tidemark, or a value that is embedded in itself; what the read throws
   */
  embed<V>(from: Embeddable<V>, options: ReadOptions<V>): Promise<V>;
  setOptions(options: { readonly ttl?: Duration; readonly tags?: readonly string[] }): void;
  /**
   * The result is returned to this reader alone: not stored, and not given to readers that wait for the same load.
   * For what is not for everybody, such as a value read within a write transaction that may be rolled back.
   */
  skip(): void;
}

export type Factory<T> = (context: LoadContext) => T | Promise<T>;

export interface ReadOptions<T> {
  readonly key: string;
  /** Labels by which events can end the entry. */
  readonly tags?: readonly string[];
  /**
   * Loads the value from the source of truth: the primary, or a replica if it says so (`context.seen`). `null` is a value,
   * `undefined` is not.
   */
  readonly factory: Factory<T>;
  /** At most the namespace's `ttl`, which is the default. */
  readonly ttl?: Duration;
  /** How long the factory may take. Default 30 s. */
  readonly timeout?: Duration;
  /**
   * Read your writes: what was taken after a commit (`cache.position()`, `Receipt.offset`) or from a read (`upTo`), or
   * several of them. The value returned reflects them.
   */
  readonly atLeast?: AtLeast;
  /**
   * How long a resident value may be waited for until it is known to reflect `atLeast`, before it is loaded. Default 0.
   * A few milliseconds save most loads after a write, because the feed is rarely longer behind.
   */
  readonly wait?: Duration;
}

/** What a factory for many keys is given. */
export interface ManyContext {
  readonly signal: AbortSignal;
  readonly stamp: Stamp;
  /** Replaces the tags of one key. */
  setTags(key: string, tags: readonly string[]): void;
  /** As for one key, for all of them. */
  seen(seen: Seen): void;
}

/** Loads several keys at once; gives their values in the order of the keys. */
export type ManyFactory<T> = (keys: readonly string[], context: ManyContext) => readonly T[] | Promise<readonly T[]>;

export interface ReadManyBase {
  readonly keys: readonly string[];
  readonly tags?: readonly string[] | ((key: string) => readonly string[]);
  readonly ttl?: Duration;
  readonly timeout?: Duration;
  /**
   * All values are as the source held them at one moment. Loads and then waits until it is proven that none of them
   * reflects a change that is not applied here, so it takes about as long as the sources need for a proof.
   */
  readonly consistent?: boolean;
  /** As for one key: all values reflect it. */
  readonly atLeast?: AtLeast;
  /** How long `consistent` may take beyond its first loads, default 5 s; without it as for one key. */
  readonly wait?: Duration;
}

/** Either `factory`, called for each key that has to be loaded, or `loadMany`, called once for all of them. */
export type ReadManyOptions<T> = ReadManyBase &
  (
    | { readonly factory: Factory<T>; readonly loadMany?: never }
    | { readonly loadMany: ManyFactory<T>; readonly factory?: never }
  );

export interface ReadResult<T> {
  readonly value: T;
  /** Wall-clock time as of which the value is known to be what the source held. */
  readonly asOf: Millis;
  /** The value is at most this old: milliseconds between `asOf` and now. */
  readonly maxAgeMs: number;
  readonly trust: TrustWord;
  /** In one sentence: as of when it is proven and by what, or since when not and why. */
  readonly reason: string;
  /** The same for programs. */
  readonly why: TrustReason;
  /**
   * The value reflects nothing beyond this: given as `atLeast`, no later read goes behind this one, in any process.
   * `undefined` until a proof covers the value's load, which a value that was loaded for this read never has yet.
   */
  readonly upTo: Offset | undefined;
  /** Where the value came from: the layer's name, or `source` when it was loaded for this read. */
  readonly layer: string;
}
