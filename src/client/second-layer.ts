import type { MemoryStore, Origin, Shelf } from '../layers/memory/store.ts';
import type { SharedStore } from '../layers/shared.ts';
import type { Mono, Offset } from '../model/position.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { NEVER } from '../trust/proofs.ts';
import type { Policy } from './parts.ts';

export interface SecondLayerParts {
  /** Name of the layer. */
  readonly name: string;
  readonly shared: SharedStore;
  readonly store: MemoryStore;
  readonly shelf: Shelf;
  readonly policy: Policy;
  readonly runtime: Runtime;
  /** As of when what reflects everything up to an offset is proven current, by this process's own proofs. */
  readonly asOf: (through: Offset) => Mono;
}

/** What was stored in this process, for the others. */
export interface Stored {
  readonly value: unknown;
  readonly stamp: Offset;
  readonly tags: readonly string[];
  readonly ahead: boolean;
  readonly expiresAt: Mono;
}

/**
 * A layer that many processes share, as the cache of one namespace in one of them uses it.
 *
 * An entry is promoted with "valid through" as its stamp, and this process's own fence decides: what was ended here does
 * not come back from a layer that is behind (anomaly D1). Its age is that of this process's proofs: it is no load of its
 * own, and no other machine's clock takes part.
 */
export class SecondLayer {
  readonly name: string;
  readonly #parts: SecondLayerParts;
  readonly #asking = new Map<string, Promise<boolean>>();

  constructor(parts: SecondLayerParts) {
    this.name = parts.name;
    this.#parts = parts;
  }

  /**
   * Asks for a key, once for all that ask at the same time; whether this process has it now. Whoever joined judges what is
   * resident for itself, so it does not matter that the question is older. Never rejects.
   */
  promote(key: string, origin: Origin | null): Promise<boolean> {
    if (!this.#couldServe()) return NOTHING;
    let asking = this.#asking.get(key);
    if (!asking) {
      asking = this.#ask(key, origin).finally(() => this.#asking.delete(key));
      this.#asking.set(key, asking);
    }
    return asking;
  }

  /** Nobody waits for it, and it never rejects. */
  fill(key: string, { value, stamp, tags, ahead, expiresAt }: Stored): void {
    const { shared, shelf, runtime } = this.#parts;
    const ttlMs = expiresAt - runtime.clock.mono();
    if (ttlMs > 0) void shared.fill({ namespace: shelf.name, key, value, stamp, tags, ttlMs, ahead });
  }

  async #ask(key: string, origin: Origin | null): Promise<boolean> {
    const { shared, store, shelf, policy, runtime, asOf } = this.#parts;
    const askedAt = runtime.clock.mono();
    const hit = await shared.get(shelf.name, key);
    if (hit === null) return false;
    const { value, tags, through: stamp, ahead } = hit;
    const now = runtime.clock.mono();
    const loadedAt = asOf(stamp);
    // Every process would lose it at the same moment: jitter, which only shortens.
    const leftMs = Math.min(hit.leftMs, policy.ttlMs) * (1 - policy.jitter * runtime.random.next());
    const expiresAt = askedAt + leftMs;
    if (expiresAt <= now) return false;
    const ttlMs = expiresAt - (loadedAt === NEVER ? now : loadedAt);
    const visibleBy = ahead ? Infinity : now;
    return store.fill(shelf, key, { value, tags, stamp, loadedAt, visibleBy, ttlMs, origin }, now).stored;
  }

  /** The proofs are the same there and here: where none is new enough, an entry of the layer would not be served either. */
  #couldServe(): boolean {
    const { policy, shelf, runtime } = this.#parts;
    const { maxStalenessMs, whenUncertain } = policy;
    if (maxStalenessMs === undefined || runtime.clock.mono() - shelf.provenAt <= maxStalenessMs) return true;
    return whenUncertain === 'serve' || whenUncertain === 'revalidate';
  }
}

const NOTHING = Promise.resolve(false);
