import { MemoryStore, type Fill, type Filled, type Shelf } from '../../src/layers/memory/store.ts';
import type { Entry } from '../../src/model/entry.ts';
import type { Mono, Offset, Position } from '../../src/model/position.ts';
import { coalesce } from '../../src/pipeline/coalesce.ts';
import { OpenTransactions } from '../../src/pipeline/open-transactions.ts';
import { Fence, type FenceOptions } from '../../src/trust/fence.ts';
import { NEVER, Proofs } from '../../src/trust/proofs.ts';
import { ProvenPast } from '../../src/trust/proven-past.ts';
import { Trail } from '../../src/trust/trail.ts';
import { CACHE_CAN, type StampedAction } from '../../src/layers/layer.ts';
import { KEY, NAMESPACE, positionOf, TAG, type Proof } from './journal.ts';
import { Keeper, type Kept } from './kept.ts';
import type { Rules } from './rules.ts';
import type { Size } from './size.ts';

/** What a load returned: transactions as bits, and how much there was in the log when it had ended. */
export interface Value {
  readonly sees: number;
  readonly head: number;
  readonly readAt: Mono;
}

/** What is resident, as plain data. */
export interface Resident {
  readonly value: Value;
  readonly stamp: Offset;
  readonly loadedAt: Mono;
  readonly expiresAt: Mono;
  readonly expiredAsOf: Mono | null;
}

/** The production objects of one process. */
export interface Cache {
  readonly store: Kept;
  readonly open: Kept;
  readonly proofs: Kept;
  readonly past: Kept;
  readonly trail: Kept;
}

/** A fence that may lose its memory of what was invalidated, without saying so: forgotten means admitted. */
class LeakyFence extends Fence {
  override raiseFloor(): void {
    // The mistake under test.
  }
}

class TaglessFence extends Fence {
  override refuses(stamp: Offset, namespace: string, key: string): ReturnType<Fence['refuses']> {
    return super.refuses(stamp, namespace, key, []);
  }
}

interface Stored {
  readonly store: MemoryStore;
  readonly shelf: Shelf;
}

/** What processes do with their production objects, each worked out once. */
export class Caches {
  readonly #rules: Rules;
  readonly #size: Size;
  readonly #stores = new Keeper<Stored>();
  readonly #opens = new Keeper<OpenTransactions>();
  readonly #proofs = new Keeper<Proofs>();
  readonly #pasts = new Keeper<ProvenPast>();
  readonly #trails = new Keeper<Trail>();

  constructor(rules: Rules, size: Size) {
    this.#rules = rules;
    this.#size = size;
  }

  /** States of production objects that were met. */
  get size(): number {
    return [this.#stores, this.#opens, this.#proofs, this.#pasts, this.#trails].reduce((sum, one) => sum + one.size, 0);
  }

  /** An empty process that begins where the journal is settled, having `logged` of the database at or below `head`. */
  start(settled: Offset, logged: number, head: number): Cache {
    return {
      store: this.#stores.start(`at ${settled}`, () => this.#newStore(settled)),
      open: this.#opens.start(
        '',
        () => new OpenTransactions((source) => source === 'db' && this.#rules.waitsForCommit),
      ),
      proofs: this.#proofs.start(`at ${settled}`, () => {
        const proofs = new Proofs();
        proofs.advance(settled);
        return proofs;
      }),
      past: this.#pasts.start('', () => new ProvenPast()),
      trail: this.#trails.start(`at ${settled}, ${logged}, ${head}`, () => {
        const trail = new Trail({ startAt: settled });
        trail.begin('db', { epoch: 'e', position: positionOf(logged) }, head as Offset);
        // The source says so at its start, from behind its barrier.
        trail.horizon('db', { epoch: 'e', xid: logged, at: head as Offset });
        return trail;
      }),
    };
  }

  apply(cache: Cache, entry: Entry): { readonly cache: Cache; readonly broken: string | null } {
    const text = JSON.stringify(entry);
    const layer = { name: 'local', can: CACHE_CAN };
    const { kept: open, result: work } = this.#opens.after(cache.open, text, (one) => coalesce([entry], layer, one));
    const watermark = this.#rules.waitsForCommit || entry.commit ? work.watermark : this.watermark(cache);
    const applied = this.#applyTo(cache.store, work.actions, watermark);
    const at = this.#stores.look(applied.store, 'watermark', ({ store }) => store.watermark);
    const proofs = this.#proofs.after(cache.proofs, `advance ${at}`, (one) => {
      one.advance(at);
    }).kept;
    const trail = !this.#isTrailUsed
      ? cache.trail
      : this.#trails.after(cache.trail, `${text} ${at}`, (one) => {
          one.see(entry);
          one.advance(at);
        }).kept;
    return { cache: { ...cache, open, proofs, trail, store: applied.store }, broken: applied.broken };
  }

  applyAgain(cache: Cache, entry: Entry): { readonly cache: Cache; readonly broken: string | null } {
    const actions = entry.plan.actions.map((action) => ({ action, at: entry.offset }));
    const { store, broken } = this.#applyTo(cache.store, actions, this.watermark(cache));
    return { cache: { ...cache, store }, broken };
  }

  hear(cache: Cache, { after, t0 }: Proof): Cache {
    const at = (this.#rules.proofWaits ? after : 0) as Offset;
    const hear = (one: Proofs | ProvenPast): void => {
      one.add(at, t0);
    };
    return {
      ...cache,
      proofs: this.#proofs.after(cache.proofs, `add ${at} ${t0}`, hear).kept,
      past:
        this.#size.asks + this.#size.replicas === 0
          ? cache.past
          : this.#pasts.after(cache.past, `add ${at} ${t0}`, hear).kept,
    };
  }

  fill(
    cache: Cache,
    fill: Fill,
  ): { readonly cache: Cache; readonly filled: Pick<Filled, 'stored'> & { reason?: string; at?: Offset } } {
    const { kept: store, result } = this.#stores.after(
      cache.store,
      `fill ${JSON.stringify(fill)} ${fill.loadedAt}`,
      (one) => {
        if (!this.#rules.newerStays) one.store.remove(one.shelf, KEY);
        const { stored, ...why } = one.store.fill(one.shelf, KEY, fill, 0);
        return stored ? { stored } : { stored, ...why };
      },
    );
    return { cache: { ...cache, store }, filled: result };
  }

  evict(cache: Cache): Cache {
    const store = this.#stores.after(cache.store, 'evict', (one) => one.store.remove(one.shelf, KEY)).kept;
    return { ...cache, store };
  }

  watermark(cache: Cache): Offset {
    return this.#stores.look(cache.store, 'watermark', ({ store }) => store.watermark);
  }

  find(cache: Cache): Resident | null {
    return this.#findIn(cache.store);
  }

  refuses(cache: Cache, stamp: Offset, tags: readonly string[]): ReturnType<Fence['refuses']> {
    return this.#stores.look(cache.store, `refuses ${stamp} ${tags.join()}`, ({ store }) =>
      store.fence.refuses(stamp, NAMESPACE, KEY, tags),
    );
  }

  floor(cache: Cache): Offset {
    return this.#stores.look(cache.store, 'floor', ({ store }) => store.fence.floor);
  }

  provenAt(cache: Cache): Mono {
    return this.#proofs.look(cache.proofs, 'provenAt', (one) => one.provenAt);
  }

  asOf(cache: Cache, through: Offset): Mono {
    return this.#pasts.look(cache.past, `asOf ${through}`, (one) => one.asOf(through));
  }

  stampBefore(cache: Cache, position: Position): Offset | null {
    const watermark = this.watermark(cache);
    return this.#trails.look(cache.trail, `stamp ${position} ${watermark}`, (one) =>
      one.stampBefore('db', 'e', position, watermark),
    );
  }

  stampFromSnapshot(cache: Cache, snapshot: string): Offset | null {
    const watermark = this.watermark(cache);
    return this.#trails.look(cache.trail, `snapshot ${snapshot} ${watermark}`, (one) =>
      one.stampFromSnapshot('db', 'e', snapshot, watermark),
    );
  }

  get #isTrailUsed(): boolean {
    return this.#size.replicas > 0 || this.#rules.stamp === 'snapshot before the load';
  }

  #findIn(store: Kept): Resident | null {
    return this.#stores.look(store, 'find', ({ store: one, shelf }) => {
      const entry = one.find(shelf, KEY);
      if (!entry) return null;
      const { stamp, loadedAt, expiresAt, expiredAsOf } = entry;
      return { value: entry.value as Value, stamp, loadedAt, expiresAt, expiredAsOf };
    });
  }

  #applyTo(store: Kept, actions: readonly StampedAction[], watermark: Offset): { store: Kept; broken: string | null } {
    const before = this.#findIn(store);
    const deletes = actions.find(({ action }) => action.kind === 'delete_key' && action.target === KEY);
    const next = this.#stores.after(store, `apply ${JSON.stringify(actions)} ${watermark}`, (one) => {
      one.store.apply(actions, watermark);
      if (deletes && !this.#rules.sparesFresh) one.store.remove(one.shelf, KEY);
    }).kept;
    const isGone = before !== null && this.#findIn(next) === null;
    const broken =
      isGone && deletes && before.stamp >= deletes.at ? 'I7: a late duplicate deleted a fresher entry' : null;
    return { store: next, broken };
  }

  #newStore(startAt: Offset): Stored {
    const { fence, floor, fencesLearnedTags } = this.#rules;
    const options: FenceOptions = { tombstonesMax: this.#size.tombstones, enforced: fence };
    const made = !floor ? new LeakyFence(options) : !fencesLearnedTags ? new TaglessFence(options) : new Fence(options);
    return { store: new MemoryStore(startAt, options, made), shelf: { name: NAMESPACE, provenAt: NEVER } };
  }
}

export function loadFill(value: Value, stamp: Offset, loadedAt: Mono): Fill {
  return { value, tags: [TAG], stamp, loadedAt, ttlMs: Infinity };
}
