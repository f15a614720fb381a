import { Namespaces } from '../client/namespaces.ts';
import type { Policy } from '../client/parts.ts';
import { Progress } from '../client/progress.ts';
import { TidemarkError } from '../tidemark-error.ts';
import { CACHE_CAN, type StampedAction } from '../layers/layer.ts';
import { MemoryStore, type StoreOptions } from '../layers/memory/store.ts';
import {
  FEED_VERSION,
  type FedEntry,
  type FedProof,
  type FeedFrame,
  type FeedFrom,
  type FeedHello,
} from '../model/feed.ts';
import { EVERY_NAMESPACE, type Action } from '../model/plan.ts';
import { ORIGIN, type Epoch, type Mono, type Offset, type SourceId } from '../model/position.ts';
import { coalesce } from '../pipeline/coalesce.ts';
import { OpenTransactions } from '../pipeline/open-transactions.ts';
import { Trail } from '../trust/trail.ts';
import { Pings } from '../trust/pings.ts';

/** Its name in actions that are limited to layers: that of the daemon's own first layer. */
export const LAYER = 'local';

type Page = Extract<FeedFrame, { kind: 'page' }>;

/**
 * The cache of this process as it follows a daemon's journal: what has been told is applied in order, and nothing that may
 * have been missed stays trusted.
 *
 * Offsets here only rise. When the daemon's journal has become another one, whose offsets begin anew, they are shifted, so that no
 * stamp of before can pass for one of now.
 */
export class Follower {
  readonly store: MemoryStore;
  readonly progress = new Progress();
  readonly pings = new Pings();
  readonly policies = new Map<string, Policy>();
  /** Told of what has been applied, in the turn in which it was. Throws nothing. */
  onApplied: (actions: readonly StampedAction[]) => void = () => undefined;
  namespaces = new Namespaces([], [], []);
  /** Sources that announce commits before readers see them. */
  ungated: ReadonlySet<SourceId> = new Set();
  trail: Trail;
  #hello: FeedHello;
  #shift = 0;
  #read: Offset;
  #head: Offset;
  #open: OpenTransactions;
  /** Times that something may have been missed, and everything was ended. */
  #losses = 0;

  /** @throws FEED_VERSION_UNKNOWN */
  constructor(hello: FeedHello, options: StoreOptions = {}) {
    checkVersion(hello);
    this.#hello = hello;
    this.#read = hello.after;
    this.#head = hello.head;
    this.store = new MemoryStore(hello.after, options);
    this.trail = trailOf(hello, hello.after);
    this.#open = this.#noneOpen();
    this.#begin();
    this.pings.of(hello.clock);
    this.#moved();
  }

  /** The first words of the feed that is followed now. */
  get hello(): FeedHello {
    return this.#hello;
  }

  /** How offsets of the daemon become those of here. */
  get shift(): number {
    return this.#shift;
  }

  get losses(): number {
    return this.#losses;
  }

  /** Whose clock proofs are of; `null`: that of this process. */
  get clock(): string | null {
    return this.#hello.clock;
  }

  /** Entries that the daemon has and that are not here yet. */
  get behind(): number {
    return Math.max(0, this.#head - this.#read);
  }

  /** Where a new connection goes on. */
  get from(): FeedFrom {
    return { epoch: this.#hello.epoch, after: (this.#read - this.#shift) as Offset };
  }

  /** Up to where it has applied which journal, in the offsets of that. */
  get applied(): { readonly epoch: Epoch; readonly watermark: Offset } {
    const watermark = Math.max(ORIGIN, this.store.watermark - this.#shift) as Offset;
    return { epoch: this.#hello.epoch, watermark };
  }

  /** @throws FEED_VERSION_UNKNOWN, FEED_BROKEN */
  take(frame: FeedFrame, now: Mono): void {
    if (frame.kind === 'hello') this.#again(frame);
    else if (frame.kind === 'gap') this.#lose((frame.upTo + this.#shift) as Offset);
    else this.#page(frame, now);
    this.progress.moved();
  }

  #again(hello: FeedHello): void {
    checkVersion(hello);
    const before = this.#hello;
    const sameJournal = hello.epoch === before.epoch && !hello.reset;
    this.#hello = hello;
    this.pings.of(hello.clock);
    if (!sameJournal || isOther(hello, before)) {
      // Of other sources, or for namespaces that depend on others, nobody has told here what has changed.
      if (!sameJournal) this.#open = this.#noneOpen();
      this.#shift = this.#read + 1 - hello.after;
      this.#begin();
      this.#lose((this.#read + 1) as Offset);
      this.trail = trailOf(hello, this.#read);
    }
    this.#head = (hello.head + this.#shift) as Offset;
  }

  /** Policies are changed in place, because caches hold them. */
  #begin(): void {
    const { namespaces, sources } = this.#hello;
    const provers = sources.filter(({ canProve }) => canProve).map(({ name }) => name);
    const names = sources.map(({ name }) => name);
    this.namespaces = new Namespaces(namespaces, provers, names, this.namespaces);
    this.ungated = new Set(sources.filter(({ ungated }) => ungated).map(({ name }) => name));
    for (const { config, provers, provable } of this.namespaces.all.values()) {
      const { name, ttlMs, jitter, maxStalenessMs, whenUncertain, loadWaitMs, whenLoadWaits } = config;
      const load = { loadWaitMs, whenLoadWaits };
      const policy = { name, ttlMs, jitter, maxStalenessMs, whenUncertain, ...load, provers, provable };
      const held = this.policies.get(name);
      if (held) Object.assign(held, policy);
      else this.policies.set(name, policy);
    }
  }

  #page({ entries, proofs, head }: Page, now: Mono): void {
    this.#head = (head + this.#shift) as Offset;
    const fresh = entries.filter(({ offset }) => offset + this.#shift > this.#read);
    if (fresh.length > 0) this.#apply(fresh);
    for (const proof of proofs) this.#prove(proof, now);
  }

  #apply(entries: readonly FedEntry[]): void {
    const shifted = entries.map((entry) => ({
      ...entry,
      offset: (entry.offset + this.#shift) as Offset,
      event: { type: entry.type },
      plan: { actions: entry.actions },
    }));
    for (const { offset } of shifted) {
      if (offset !== this.#read + 1)
        throw new TidemarkError('FEED_BROKEN', `entry ${offset - this.#shift} is out of order`);
      this.#read = offset;
    }
    for (const entry of shifted) this.trail.see(entry);
    const work = coalesce(shifted, { name: LAYER, can: CACHE_CAN }, this.#open);
    this.#end(work.actions, work.watermark);
  }

  #prove({ source, at, t0, upTo }: FedProof, now: Mono): void {
    const asked = this.pings.before(t0);
    if (asked === null) return;
    const offset = (at + this.#shift) as Offset;
    this.namespaces.prove(source, offset, asked, upTo?.position ?? null);
    if (upTo) this.trail.proven(source, upTo, offset, { t0: asked, now, head: this.#head });
  }

  /** Everything that is cached may have missed its end: it ends here, and what is being loaded with it. */
  #lose(at: Offset): void {
    this.#losses++;
    this.#read = at;
    const everything: Action = { kind: 'purge_namespace', target: EVERY_NAMESPACE };
    // A transaction that is open stays so: what its first parts have ended may be seen to change only later.
    this.#end([{ action: everything, at }], this.#open.settled(at));
  }

  #end(actions: readonly StampedAction[], watermark: Offset): void {
    this.store.apply(actions, watermark);
    this.#moved();
    this.onApplied(actions);
  }

  #noneOpen(): OpenTransactions {
    return new OpenTransactions((source) => this.#hello.sources.some(({ name, isRead }) => isRead && name === source));
  }

  #moved(): void {
    const { watermark } = this.store;
    this.namespaces.advance(watermark);
    this.trail.advance(watermark);
  }
}

function trailOf({ sources }: FeedHello, startAt: Offset): Trail {
  const trail = new Trail({ startAt });
  for (const { name, epoch } of sources) if (epoch !== null) trail.enter(name, epoch);
  return trail;
}

/** Whether there are other sources or namespaces. Which epoch a source is in, its entries tell. */
function isOther(one: FeedHello, other: FeedHello): boolean {
  const shape = ({ sources, namespaces }: FeedHello): string =>
    JSON.stringify([sources.map((source) => ({ ...source, epoch: null })), namespaces]);
  return shape(one) !== shape(other);
}

/** @throws FEED_VERSION_UNKNOWN */
function checkVersion({ version }: FeedHello): void {
  if (version !== FEED_VERSION)
    throw new TidemarkError(
      'FEED_VERSION_UNKNOWN',
      `the daemon speaks ${String(version)}, this is ${String(FEED_VERSION)}`,
    );
}
