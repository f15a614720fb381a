// Rules of the protocol, each with a way to break it. A row that names one is run a second time with the rule broken,
// and must then fail: a test that a broken protocol passes is itself broken.
import { vi } from 'vitest';
import { Demand } from '../../src/client/demand.ts';
import { Proofs } from '../../src/trust/proofs.ts';
import { Intake } from '../../src/pipeline/intake.ts';
import { Gate } from '../../src/sources/postgres/gate.ts';
import { MemoryStore } from '../../src/layers/memory/store.ts';
import { Fence } from '../../src/trust/fence.ts';
import { Namespaces } from '../../src/client/namespaces.ts';
import { Emitted } from './emitted.ts';
import { Outbox } from './outbox.ts';
import { TTL_MS } from './world.ts';

export interface Rule {
  /** What is missing when it is broken. */
  readonly name: string;
  readonly break: () => void;
}

/** A fill is refused when its load began before an invalidation of its key, tags or namespace. */
export const FENCE: Rule = {
  name: 'the fence',
  break: () => {
    vi.spyOn(Fence.prototype, 'refuses').mockReturnValue(null);
  },
};

/** The fence, and that an entry older than a purge of its tags or namespace is gone wherever it came from. */
export const FENCE_AND_MARKS: Rule = {
  name: 'the fence and the marks of tags and namespaces',
  break: () => {
    FENCE.break();
    vi.spyOn(Fence.prototype, 'holds').mockReturnValue(true);
  },
};

/** The stamp is taken before the load. Broken: when the value is stored. */
export const STAMP_BEFORE_LOAD: Rule = {
  name: 'the stamp from before the load',
  break: () => {
    const fill = MemoryStore.prototype.fill;
    vi.spyOn(MemoryStore.prototype, 'fill').mockImplementation(function (this: MemoryStore, shelf, key, entry, now) {
      return fill.call(this, shelf, key, { ...entry, stamp: this.watermark }, now);
    });
  },
};

/** What has a tombstone that is forgotten is refused for good. */
export const FLOOR: Rule = {
  name: 'the floor',
  break: () => {
    vi.spyOn(Fence.prototype, 'raiseFloor').mockReturnValue();
  },
};

/** Of two loads, the one that saw more of the source stays. */
export const NEWER_STAYS: Rule = {
  name: 'the rule that what saw more stays',
  break: () => {
    const fill = MemoryStore.prototype.fill;
    vi.spyOn(MemoryStore.prototype, 'fill').mockImplementation(function (this: MemoryStore, shelf, key, entry, now) {
      this.remove(shelf, key);
      return fill.call(this, shelf, key, entry, now);
    });
  },
};

/** A load that began one event before the invalidation is too old. Broken: `<` where `<=` belongs. */
export const EQUAL_IS_NEW_ENOUGH: Rule = {
  name: 'the exact comparison',
  break: () => {
    const refuses = Fence.prototype.refuses;
    vi.spyOn(Fence.prototype, 'refuses').mockImplementation(function (this: Fence, stamp, ...rest) {
      return refuses.call(this, (stamp + 1) as typeof stamp, ...rest);
    });
  },
};

/** The mark of a tag lives as long as an entry that carries it. Broken: each entry has one of its own. */
export const MARKS_ARE_KEPT: Rule = {
  name: 'the marks that entries keep',
  break: () => {
    vi.spyOn(Fence.prototype, 'retain').mockImplementation((tags) =>
      tags.map((tag) => ({ tag, hard: 0 as never, soft: 0 as never, narrowed: null, entries: 1 })),
    );
  },
};

/** What ends a part ends the value that embeds it. Broken: a value knows nothing of its parts. */
export const EMBEDS: Rule = {
  name: 'the marks of embedded keys',
  break: () => {
    vi.spyOn(Fence.prototype, 'embed').mockReturnValue([]);
  },
};

/** Freshness is the oldest proof of all sources. Broken: the newest. */
export const OLDEST_PROOF: Rule = {
  name: 'the minimum over the sources',
  break: () => {
    const provenAt = Namespaces.prototype.provenAt;
    vi.spyOn(Namespaces.prototype, 'provenAt').mockImplementation(function (this: Namespaces) {
      const names = Array.from(this.all.values(), ({ provers }) => provers).flat();
      return Math.max(...names.map((name) => provenAt.call(this, name)));
    });
  },
};

/** A token is compared with what is applied in this very process. Broken: one process that has got as far is enough. */
export const TOKENS: Rule = {
  name: 'the token that each process compares',
  break: () => {
    vi.spyOn(Demand.prototype, 'isMetBy').mockReturnValue(true);
  },
};

/** The change announces itself, in its own transaction. Broken: nobody tells of it. */
export const ANNOUNCED: Rule = {
  name: 'the event of the change itself',
  break: () => {
    vi.spyOn(Emitted.prototype, 'announce').mockReturnValue();
    vi.spyOn(Outbox.prototype, 'announce').mockReturnValue();
  },
};

/** Freshness has to be proven. Broken: a feed without errors counts as fresh. */
export const PROVEN: Rule = {
  name: 'proofs',
  break: () => {
    vi.spyOn(Namespaces.prototype, 'provenAt').mockReturnValue(Infinity);
  },
};

/** Proofs come from looking at the source. Broken: only its events tell that it lives. */
export const ECHOES: Rule = {
  name: 'proofs while nothing happens',
  break: () => {
    const add = Proofs.prototype.add;
    const last = new WeakMap<Proofs, number>();
    vi.spyOn(Proofs.prototype, 'add').mockImplementation(function (this: Proofs, at, t0) {
      if (at > (last.get(this) ?? -1)) add.call(this, at, t0);
      last.set(this, at);
    });
  },
};

/** The source may forget what the journal has on disk. Broken: what has been read. */
export const ACKNOWLEDGED_WHEN_DURABLE: Rule = {
  name: 'waiting for the journal',
  break: () => {
    const accept = Intake.prototype.acceptWhole;
    vi.spyOn(Intake.prototype, 'acceptWhole').mockImplementation(function (this: Intake, batch) {
      void accept.call(this, batch);
      return Promise.resolve({ offset: 0 as never, duplicates: 0 });
    });
  },
};

/** A value may have a shorter life than its namespace gives. */
export const OWN_TTL: Rule = {
  name: 'the ttl of its own',
  break: () => {
    const fill = MemoryStore.prototype.fill;
    vi.spyOn(MemoryStore.prototype, 'fill').mockImplementation(function (this: MemoryStore, shelf, key, entry, now) {
      return fill.call(this, shelf, key, { ...entry, ttlMs: TTL_MS }, now);
    });
  },
};

/** A commit is let through once new readers see it. Broken: when its record comes. */
export const GATE: Rule = {
  name: 'the visibility gate',
  break: () => {
    vi.spyOn(Gate.prototype, 'sees').mockReturnValue(true);
  },
};

/** Loads are stamped with what has been applied. Broken: with what is in the log behind it. */
export const STAMP_IS_APPLIED: Rule = {
  name: 'the stamp from what has been applied',
  break: () => {
    const watermark = Object.getOwnPropertyDescriptor(MemoryStore.prototype, 'watermark')?.get;
    vi.spyOn(MemoryStore.prototype, 'watermark', 'get').mockImplementation(function (this: MemoryStore) {
      return ((watermark?.call(this) as number) + 1) as never;
    });
  },
};
