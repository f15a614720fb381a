import type { Tidemark } from '../../src/index.ts';
import type { JsonValue } from '../../src/model/json.ts';
import type { Runtime } from '../../src/runtime/runtime.ts';
import { virtualRuntime, type VirtualRuntime } from '../../src/runtime/virtual.ts';

/** A version of a key's value at the source; `null`: there is none. Versions only rise, so a smaller one is older. */
export type Version = number | null;

/** One transaction at the source: the keys whose value changes, and the events that tell of it. */
export interface Change {
  readonly keys: readonly string[];
  readonly events: readonly { readonly type: string; readonly data: JsonValue; readonly id?: string }[];
}

/** Where the truth is, and what announces its changes to Tidemark. */
export interface Origin {
  readonly runtime: Runtime;
  /** `sources` of the configuration. */
  readonly sources: Readonly<Record<string, JsonValue>>;
  /** Whether its proofs can hold a `max_staleness`. */
  readonly proves: boolean;
  /** Makes a transaction visible to readers and, unless `silently`, announces it. */
  commit(change: Change, silently?: boolean): Promise<void>;
  load(key: string): Promise<Version>;
  /** Resolves when Tidemark has applied everything that was announced by now. */
  applied(tide: Tidemark): Promise<void>;
  close(): Promise<void>;
}

/** A truth in memory, on virtual time: what most rows need of a source. */
export abstract class VirtualOrigin implements Origin {
  readonly runtime: VirtualRuntime = virtualRuntime();
  abstract readonly sources: Readonly<Record<string, JsonValue>>;
  abstract readonly proves: boolean;
  readonly #rows = new Map<string, number>();

  commit(change: Change, silently = false): Promise<void> {
    for (const key of change.keys) this.#rows.set(key, (this.#rows.get(key) ?? 0) + 1);
    if (!silently) this.announce(change);
    return Promise.resolve();
  }

  load(key: string): Promise<Version> {
    return Promise.resolve(this.#rows.get(key) ?? null);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  abstract announce(change: Change): void;
  abstract applied(tide: Tidemark): Promise<void>;
}
