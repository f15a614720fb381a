import { TidemarkError } from '../tidemark-error.ts';
import type { StoredEntry } from '../layers/memory/store.ts';
import type { Mono } from '../model/position.ts';
import { judge } from '../trust/trust.ts';
import type { Demand } from './demand.ts';
import { factsOf } from './facts.ts';
import type { CacheParts } from './parts.ts';
import { NO_PLACES } from './stamping.ts';

/** Twenty times the usual pause between two proofs. */
export const TOGETHER_WAIT_MS = 5_000;

/**
 * How often keys may be loaded again because an event ended them meanwhile. A key that changes within each wait for a
 * proof never comes to rest, and loading it for ever helps nobody.
 */
const ROUNDS_MAX = 8;

type Look = { readonly kind: 'together' } | { readonly kind: 'waiting' } | { readonly kind: 'missing'; keys: string[] };

/**
 * Values of several keys as the source held them at one moment (protocol 1.3, rule 8).
 *
 * An entry that has not been ended reflects every change up to the watermark W. A proof with `t0` behind the end of its
 * load says that everything its load could see is applied here, so it reflects nothing beyond W either. When both hold
 * for all keys in one turn of the event loop, each value is the source's at W.
 *
 *     load a (sees 1) · 2 changes a and b · load b (sees 2) · apply 2: ends a, not b → a is loaded again
 *     load a (sees 1) · 2 changes a and b · load b (sees 2) · 2 not applied yet: no proof covers b's load → wait
 */
export class Together<T> {
  readonly #parts: CacheParts<unknown>;
  readonly #keys: readonly string[];
  readonly #load: (keys: readonly string[]) => Promise<unknown>;
  readonly #demand: Demand | null;
  #values: T[] = [];

  constructor(
    parts: CacheParts<unknown>,
    keys: readonly string[],
    load: (keys: readonly string[]) => Promise<unknown>,
    demand: Demand | null = null,
  ) {
    this.#parts = parts;
    this.#keys = keys;
    this.#load = load;
    this.#demand = demand;
  }

  /** @throws SNAPSHOT_UNPROVABLE, SNAPSHOT_UNREACHED; what loads throw */
  async read(waitMs: number): Promise<T[]> {
    const { policy, progress, runtime, closing } = this.#parts;
    if (!policy.provable || !progress) throw new TidemarkError('SNAPSHOT_UNPROVABLE', `namespace "${policy.name}"`);
    let until: Mono | null = null;
    for (let round = 0; ;) {
      const look = this.#look();
      if (look.kind === 'together') return this.#values;
      if (look.kind === 'missing') {
        if (round++ === ROUNDS_MAX)
          throw this.#unreached(`${inWords(look.keys)} did not stay: ${ROUNDS_MAX} loads each`);
        await this.#load(look.keys);
      }
      const now = runtime.clock.mono();
      until ??= now + waitMs;
      const moved = await progress.until(() => this.#look().kind !== 'waiting', until - now, { ...runtime, closing });
      if (closing.aborted) throw new TidemarkError('CLOSED');
      if (!moved) throw this.#unreached(`no proof came within ${waitMs} ms`);
    }
  }

  /** One synchronous look at all of them: what it finds together was together. */
  #look(): Look {
    const { shelf, store, places = NO_PLACES } = this.#parts;
    const missing: string[] = [];
    let latest: Mono = -Infinity;
    const values: T[] = [];
    for (const key of this.#keys) {
      const entry = this.#standing(key);
      if (!entry) {
        missing.push(key);
        continue;
      }
      if (entry.visibleBy === Infinity)
        throw this.#unreached(`"${key}" was read from a replica, which no proof covers`);
      latest = Math.max(latest, entry.visibleBy);
      if (this.#demand?.isMetBy(entry, store.watermark, places) === false) latest = Infinity;
      values.push(entry.value as T);
    }
    if (missing.length > 0) return { kind: 'missing', keys: [...new Set(missing)] };
    // Of the same reading of the clock, the load may have ended after the echo was sent.
    if (latest >= shelf.provenAt) return { kind: 'waiting' };
    this.#values = values;
    return { kind: 'together' };
  }

  /** Resident, not ended, not even softly, and good to be served. */
  #standing(key: string): StoredEntry | null {
    const { store, shelf, policy, runtime } = this.#parts;
    const entry = store.find(shelf, key);
    return entry?.expiredAsOf === null && judge(factsOf(entry, policy), runtime.clock.mono()) === 'serve'
      ? entry
      : null;
  }

  #unreached(why: string): TidemarkError {
    return new TidemarkError('SNAPSHOT_UNREACHED', `namespace "${this.#parts.policy.name}": ${why}`);
  }
}

/** Keys named in a message. */
const NAMED_MAX = 3;

function inWords(keys: readonly string[]): string {
  const named = keys.slice(0, NAMED_MAX).map((key) => `"${key}"`);
  return keys.length > NAMED_MAX ? `${named.join(', ')} and ${keys.length - NAMED_MAX} more` : named.join(', ');
}
