import type { MemoryStore, Origin, Shelf } from '../layers/memory/store.ts';
import { ONLY_A_LOAD, type SharedHit, type SharedStore } from '../layers/shared.ts';
import { ORIGIN, type Mono, type Offset } from '../model/position.ts';
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
  readonly runtime: Pick<Runtime, 'clock' | 'random'>;
  /** As of when what reflects everything up to an offset is proven current, by this process's own proofs. */
  readonly asOf: (through: Offset) => Mono;
  /** Ends all waiting. */
  readonly closing: AbortSignal;
}

/** A reader that found nothing in this process. */
export interface Miss {
  readonly key: string;
  /** Those that are known before the load. */
  readonly tags: readonly string[];
  readonly origin: Origin;
  /** What reflects less is as good as nothing. Default: whatever the layer vouches for. */
  readonly beyond?: Offset;
  /** How long to wait for another process's load. */
  readonly waitMs: number;
}

/** `here`: this process has it now. `load`: it is to be loaded here. `elsewhere`: another process still loads it. */
export type Turn = 'here' | 'load' | 'elsewhere';

/** The right of this process to load a key; see `SharedLeases`. */
export interface LoadLease {
  readonly key: string;
  readonly token: string;
  /** Ends its renewal. */
  readonly stop: () => void;
}

/** A process that dies while it loads holds the others up for so long; one that lives renews twice in that time. */
const LEASE_MS = 2_000;

/**
 * Waiting is asking again: at first as often as a fast load takes, then less often, so that a slow one costs the server little. Of each
 * process one asks for a key, however many readers wait.
 */
const ASK_AGAIN_MS = { first: 4, max: 64, growth: 1.5 };

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
  readonly #turns = new Map<string, Promise<Turn>>();
  /** Those who wait for nobody: a reader that waits must not get their answer. */
  readonly #tries = new Map<string, Promise<Turn>>();
  /** Not picked up by a load yet. */
  readonly #leases = new Map<string, LoadLease>();

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

  /**
   * As `promote`, for one who will load what is not there: of all processes, one at a time (SPEC I23). After `load` there may be a lease
   * to `pick`. Never rejects.
   */
  turn(miss: Miss): Promise<Turn> {
    if (!this.#couldServe()) return LOAD;
    const turns = miss.waitMs > 0 ? this.#turns : this.#tries;
    let turn = turns.get(miss.key);
    if (!turn) {
      turn = this.#turn(miss).finally(() => turns.delete(miss.key));
      turns.set(miss.key, turn);
    }
    return turn;
  }

  /** The lease of the load that begins now, if there is one; whoever has it gives it back with `fill` or `release`. */
  pick(key: string): LoadLease | null {
    const lease = this.#leases.get(key) ?? null;
    if (lease) this.#leases.delete(key);
    return lease;
  }

  /** What it was taken for is loaded already. */
  drop(key: string): void {
    this.release(this.pick(key), false);
  }

  /** Nobody waits for it, and it never rejects. */
  fill(key: string, { value, stamp, tags, ahead, expiresAt }: Stored, lease: LoadLease | null): void {
    const { shared, shelf, runtime } = this.#parts;
    const ttlMs = expiresAt - runtime.clock.mono();
    if (ttlMs <= 0) {
      this.release(lease, false);
      return;
    }
    void shared.fill({ namespace: shelf.name, key, value, stamp, tags, ttlMs, ahead }).then((filled) => {
      this.release(lease, filled === 'unfit');
    });
  }

  /** The load has ended, with nothing for the others or after its fill; `unshared`: the next one would have nothing for them either. */
  release(lease: LoadLease | null, unshared: boolean): void {
    if (!lease) return;
    const { shared, shelf } = this.#parts;
    const { key, token } = lease;
    lease.stop();
    void shared.leases?.release({ namespace: shelf.name, key, token }, unshared);
  }

  async #turn({ key, tags, origin, waitMs, beyond: atFirst = ORIGIN }: Miss): Promise<Turn> {
    const { shared, store, shelf, runtime, closing } = this.#parts;
    const { leases } = shared;
    // Most find it, and the question that can also lease costs the server half as much again.
    if (atFirst !== ONLY_A_LOAD && (await this.#ask(key, origin, atFirst))) return 'here';
    if (!leases) return 'load';
    const endsAt = runtime.clock.mono() + waitMs;
    const token = runtime.random.id();
    let beyond = atFirst;
    let isSecond = false;
    for (let pauseMs = ASK_AGAIN_MS.first; ;) {
      const askedAt = runtime.clock.mono();
      const stamp = store.watermark;
      const ask = { namespace: shelf.name, key, tags, stamp, beyond, token, leaseMs: LEASE_MS };
      const answer = await leases.getOrLease(ask);
      if (answer.is === 'found') {
        const { hit } = answer;
        if (this.#take(key, hit, askedAt, origin)) return 'here';
        if (isSecond) return 'load';
        isSecond = true;
        // What was ended here, and is not there yet.
        beyond = (Math.max(beyond, hit.through) + 1) as Offset;
        continue;
      }
      if (answer.is === 'leased') {
        this.drop(key);
        this.#leases.set(key, this.#held(key, token));
      }
      if (answer.is !== 'held') return 'load';
      const leftMs = endsAt - runtime.clock.mono();
      if (closing.aborted) return 'load';
      if (leftMs <= 0) return 'elsewhere';
      // Whatever comes would not be served: the proofs are the same there.
      if (!this.#couldServe()) return 'load';
      await runtime.clock.sleep(Math.min(leftMs, pauseMs * (0.5 + runtime.random.next() / 2)), closing);
      pauseMs = Math.min(pauseMs * ASK_AGAIN_MS.growth, ASK_AGAIN_MS.max);
    }
  }

  /** Renewed until it is given back. */
  #held(key: string, token: string): LoadLease {
    const { shared, shelf, runtime } = this.#parts;
    let cancel = (): void => undefined;
    const renew = (): void => {
      cancel = runtime.clock.after(LEASE_MS / 2, () => {
        void shared.leases?.renew({ namespace: shelf.name, key, token }, LEASE_MS);
        renew();
      });
    };
    renew();
    return {
      key,
      token,
      stop: () => {
        cancel();
      },
    };
  }

  async #ask(key: string, origin: Origin | null, beyond = ORIGIN): Promise<boolean> {
    const { shared, shelf, runtime } = this.#parts;
    const askedAt = runtime.clock.mono();
    const hit = await shared.get(shelf.name, key);
    return hit !== null && hit.through >= beyond && this.#take(key, hit, askedAt, origin);
  }

  /** Whether this process has it now. */
  #take(key: string, hit: SharedHit, askedAt: Mono, origin: Origin | null): boolean {
    const { store, shelf, policy, runtime, asOf } = this.#parts;
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
const LOAD = Promise.resolve<Turn>('load');
