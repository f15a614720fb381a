import { suits, type Flight, type Landing } from '../../src/client/flight.ts';
import type { Mono, Offset } from '../../src/model/position.ts';
import { asOf } from '../../src/trust/trust.ts';
import { validThrough, type ShardReading, type TagReading } from '../../src/trust/promotion.ts';
import type { ShardFill } from '../../src/trust/shard-fill.ts';
import { loadFill, type Cache, type Caches, type Resident, type Value } from './cache.ts';
import { concerns, seenBy, snapshotOf, type Database } from './database.ts';
import {
  entryOf,
  isDeclared,
  KEY,
  NAMESPACE,
  positionOf,
  readable,
  settledTxs,
  TAG,
  type Journal,
  type Proof,
} from './journal.ts';
import type { Move } from './product.ts';
import type { Rules } from './rules.ts';
import type { Size } from './size.ts';

export interface Load {
  /** `null`: not known, or not yet. */
  readonly stamp: Offset | null;
  readonly startedAt: Mono;
  /** `null` until it has read. */
  readonly value: Value | null;
}

interface Waiting {
  readonly load: Load;
  readonly watermark: Offset;
  /** Transactions that had been applied when the reader came. */
  readonly applied: readonly number[];
}

/** What a process was told by the shared layer, in one step or in two. */
interface Answer {
  readonly reading: ShardReading;
  readonly tags: TagReading | null;
  readonly at: Mono;
}

/** One process: its cache, and what it has under way. */
export interface Process {
  /** Which of the journals it follows. */
  readonly epoch: number;
  readonly cache: Cache;
  readonly read: number;
  readonly proofs: readonly Proof[];
  readonly loads: readonly Load[];
  readonly started: number;
  readonly waiting: readonly Waiting[];
  readonly readersLeft: number;
  readonly answer: Answer | null;
  readonly asked: number;
  readonly used: Readonly<Record<'duplicates' | 'restarts', number>>;
}

/** A load that has ended: what it leaves for the shared layer, and whether it broke something. */
interface Landed {
  readonly step: string;
  readonly process: Process;
  readonly fill: ShardFill | null;
  readonly broken: string | null;
}

export function epochName(epoch: number): string {
  return `j${epoch}`;
}

/** The steps of a process. Each gives what becomes of it; what it sends is for the world to put on the wire. */
export class Processes {
  readonly #rules: Rules;
  readonly #size: Size;
  readonly #caches: Caches;
  /** However much is on the wire, a load lands in the same way. */
  readonly #landed = new WeakMap<Process, readonly Landed[]>();

  constructor(rules: Rules, size: Size, caches: Caches) {
    this.#rules = rules;
    this.#size = size;
    this.#caches = caches;
  }

  start(): Process {
    const fresh = { read: 0, proofs: [], loads: [], started: 0, waiting: [], answer: null, asked: 0 };
    const used = { duplicates: 0, restarts: 0 };
    return { epoch: 0, cache: this.#caches.start(0 as Offset, 0, 0), ...fresh, readersLeft: this.#size.readers, used };
  }

  /** What it does with what the journal says. */
  follow(process: Process, journal: Journal): Move[] {
    const moves: Move[] = [];
    const lines = readable(journal, process.epoch);
    const next = lines[process.read];
    if (next) {
      const { cache, broken } = this.#caches.apply(process.cache, entryOf(next, process.read + 1));
      moves.push({ step: 'applies', next: [{ ...process, cache, read: process.read + 1 }], broken });
    }
    if (process.used.duplicates < this.#size.duplicates) {
      const used = { ...process.used, duplicates: process.used.duplicates + 1 };
      lines.slice(0, process.read).forEach((line, i) => {
        const { cache, broken } = this.#caches.applyAgain(process.cache, entryOf(line, i + 1));
        moves.push({ step: `applies ${i + 1} again`, next: [{ ...process, cache, used }], broken });
      });
    }
    if (process.epoch < journal.epoch)
      moves.push({ step: 'follows the new journal', next: [this.#restart(process, journal)] });
    else if (process.used.restarts < this.#size.restarts) {
      const used = { ...process.used, restarts: process.used.restarts + 1 };
      moves.push({ step: 'restarts', next: [this.#restart({ ...process, used }, journal)] });
    }
    if (process.epoch === journal.epoch) {
      const heard = journal.proofs[process.proofs.length];
      if (heard) {
        const told = { proofs: [...process.proofs, heard], cache: this.#caches.hear(process.cache, heard) };
        moves.push({ step: 'hears a proof', next: [{ ...process, ...told }] });
      }
    }
    process.loads.forEach((load, i) => {
      if (process.readersLeft > 0)
        moves.push({ step: `reader meets load ${i}`, next: [this.#meet(process, journal, load)] });
    });
    return moves;
  }

  /** What it does with the database. */
  load(process: Process, db: Database): Move[] {
    const moves: Move[] = [];
    if (process.started < this.#size.loads) {
      const load: Load = { stamp: this.#stampOf(process, db), startedAt: db.visible.length, value: null };
      moves.push({
        step: 'load begins',
        next: [{ ...process, loads: [...process.loads, load], started: process.started + 1 }],
      });
    }
    process.loads.forEach((load, i) => {
      const change = (to: Load): Process => ({
        ...process,
        loads: process.loads.map((one) => (one === load ? to : one)),
        waiting: process.waiting.map((one) => (one.load === load ? { ...one, load: to } : one)),
      });
      if (load.value === null) {
        const sees = seenBy(this.#size.replicas > 0 ? db.log.slice(0, db.replica) : db.visible);
        const isRead = this.#size.reads > 0;
        const value = { sees, head: isRead ? db.log.length : 0, readAt: isRead ? db.visible.length : 0 };
        moves.push({ step: `load ${i} reads`, next: [change({ ...load, value })] });
      } else if (load.stamp === null && this.#rules.stamp === 'the row’s version, read after the value') {
        const version = db.log.findLastIndex((tx) => db.visible.includes(tx) && concerns(this.#size, tx)) + 1;
        moves.push({ step: `load ${i} reads the version`, next: [change({ ...load, stamp: version as Offset })] });
      }
    });
    return moves;
  }

  /** Loads that end: in its own cache, and as a fill for the shared layer. */
  land(process: Process): readonly Landed[] {
    let landed = this.#landed.get(process);
    if (!landed) this.#landed.set(process, (landed = this.#land(process)));
    return landed;
  }

  #land(process: Process): readonly Landed[] {
    return process.loads.flatMap((load, i): Landed[] => {
      const { value } = load;
      if (value === null || (load.stamp === null && this.#rules.stamp === 'the row’s version, read after the value'))
        return [];
      const rest = {
        ...process,
        loads: process.loads.filter((one) => one !== load),
        waiting: process.waiting.filter((one) => one.load !== load),
      };
      const stamp =
        this.#rules.stamp === 'watermark after the load' ? this.#caches.watermark(process.cache) : load.stamp;
      const step = `load ${i} ends`;
      // A load that no stamp could be told for is returned and not stored.
      if (stamp === null) return [{ step, process: rest, fill: null, broken: null }];
      const { cache, broken } = this.#store(process, load, value, stamp);
      const fill = { epoch: epochName(process.epoch), namespace: NAMESPACE, key: KEY, value, stamp, tags: [TAG] };
      return [{ step, process: { ...rest, cache }, fill, broken }];
    });
  }

  evict(process: Process): Move[] {
    if (this.#size.evictions === 0 || !this.#caches.find(process.cache)) return [];
    return [{ step: 'evicts the entry', next: [{ ...process, cache: this.#caches.evict(process.cache) }] }];
  }

  ask(process: Process, reading: ShardReading | null, tags: TagReading | null, at: Mono): Move[] {
    const isBusy = process.answer !== null || process.asked >= this.#size.asks;
    if (!reading?.entry || isBusy || this.#caches.find(process.cache)) return [];
    return [
      {
        step: 'asks the shared layer',
        next: [{ ...process, asked: process.asked + 1, answer: { reading, tags, at } }],
      },
    ];
  }

  askForTags(process: Process, tags: TagReading | null): Move[] {
    const { answer } = process;
    if (!tags || answer?.tags !== null) return [];
    return [{ step: 'asks the shard of its tags', next: [{ ...process, answer: { ...answer, tags } }] }];
  }

  promote(process: Process): Move[] {
    const { answer } = process;
    if (!answer?.tags) return [];
    const stamp = this.#promotedAs(process, answer.reading, answer.tags);
    const rest = { ...process, answer: null };
    if (stamp === null) return [{ step: 'finds nothing to promote', next: [rest] }];
    const loadedAt =
      this.#rules.foreignAge === 'when it was asked for' ? answer.at : this.#caches.asOf(process.cache, stamp);
    const value = answer.reading.entry?.value as Value;
    const { cache, filled } = this.#caches.fill(process.cache, loadFill(value, stamp, loadedAt));
    return [{ step: filled.stored ? `promotes at ${stamp}` : 'refuses to promote', next: [{ ...rest, cache }] }];
  }

  /** I1 and, as far as its own loads and proofs say, I2. */
  brokenI1(process: Process, journal: Journal): string | null {
    const resident = this.#caches.find(process.cache);
    const watermark = this.#caches.watermark(process.cache);
    if (!resident || !isDeclared(journal, process.epoch, watermark)) return null;
    const missed = this.#missed(resident, settledTxs(journal, process.epoch, watermark, this.#rules));
    return missed === undefined ? null : `I1: an entry misses transaction ${missed}, which has been applied`;
  }

  brokenI2(process: Process, visible: readonly number[]): string | null {
    const resident = this.#caches.find(process.cache);
    if (!resident || this.#size.reloads > 0) return null;
    const facts = {
      ...resident,
      provenAt: this.#caches.provenAt(process.cache),
      maxStalenessMs: 0,
      whenUncertain: 'bypass' as const,
    };
    const missed = this.#missed(resident, visible.slice(0, Math.max(0, asOf(facts))));
    return missed === undefined
      ? null
      : `I2: an entry claims to be as of a time at which transaction ${missed} was visible`;
  }

  /** What a session's read needs of it. */
  shown({ cache }: Process): {
    readonly resident: Resident | null;
    readonly watermark: Offset;
    readonly provenAt: Mono;
  } {
    const caches = this.#caches;
    return { resident: caches.find(cache), watermark: caches.watermark(cache), provenAt: caches.provenAt(cache) };
  }

  #missed({ value }: Resident, txs: readonly number[]): number | undefined {
    return txs.find((tx) => concerns(this.#size, tx) && (value.sees & (1 << tx)) === 0);
  }

  #stampOf({ cache }: Process, db: Database): Offset | null {
    const watermark = this.#caches.watermark(cache);
    if (this.#size.replicas > 0 && this.#rules.replicaStamp === 'its position before the load')
      return this.#caches.stampBefore(cache, positionOf(db.replica));
    switch (this.#rules.stamp) {
      case 'snapshot before the load':
        return this.#caches.stampFromSnapshot(cache, snapshotOf(db, this.#size));
      case 'log head':
        return db.log.length as Offset;
      case 'one beyond the watermark':
        return (watermark + 1) as Offset;
      case 'the row’s version, read after the value':
        return null;
      case 'watermark before the load':
      case 'watermark after the load':
        return watermark;
    }
  }

  #store(
    process: Process,
    load: Load,
    value: Value,
    stamp: Offset,
  ): { readonly cache: Cache; readonly broken: string | null } {
    const resident = this.#caches.find(process.cache);
    const isOwn = this.#size.replicas === 0 || this.#rules.foreignAge === 'when it was asked for';
    const loadedAt = isOwn ? load.startedAt : this.#caches.asOf(process.cache, stamp);
    const { cache, filled } = this.#caches.fill(process.cache, loadFill(value, stamp, loadedAt));
    const isOlder = resident && (stamp < resident.stamp || (stamp === resident.stamp && loadedAt < resident.loadedAt));
    if (filled.stored && isOlder) return { cache, broken: 'I3: an older load took the place of a newer one' };
    const refused = filled.stored ? null : { reason: filled.reason, at: filled.at };
    const landing = { value, refused } as Landing<unknown>;
    const waiting = process.waiting.filter((one) => one.load === load);
    return {
      cache,
      broken: waiting.map((one) => this.#served(process, one, landing, value)).find((one) => one !== null) ?? null,
    };
  }

  #meet(process: Process, journal: Journal, load: Load): Process {
    const readersLeft = process.readersLeft - 1;
    const refused = load.stamp === null ? null : this.#caches.refuses(process.cache, load.stamp, []);
    if (refused && this.#rules.joins === 'new enough') return { ...process, readersLeft };
    const watermark = this.#caches.watermark(process.cache);
    const applied = isDeclared(journal, process.epoch, watermark)
      ? settledTxs(journal, process.epoch, watermark, this.#rules)
      : [];
    return { ...process, readersLeft, waiting: [...process.waiting, { load, watermark, applied }] };
  }

  /** What a reader that joined gets must reflect all that had been applied when it came. */
  #served(process: Process, reader: Waiting, landing: Landing<unknown>, value: Value): string | null {
    const need = { watermark: reader.watermark, at: 0, maxStalenessMs: undefined };
    const { stamp, startedAt } = reader.load;
    const flight: Flight<unknown> = {
      stamp: stamp ?? (0 as Offset),
      startedAt,
      tags: [],
      demand: null,
      landing: Promise.resolve(landing),
    };
    if (this.#rules.joins === 'new enough' && !suits(flight, landing, need, this.#caches.provenAt(process.cache)))
      return null;
    const missed = reader.applied.find((tx) => concerns(this.#size, tx) && (value.sees & (1 << tx)) === 0);
    return missed === undefined
      ? null
      : `I1: a reader that joined a load misses transaction ${missed}, which had been applied`;
  }

  #promotedAs(process: Process, reading: ShardReading, tags: TagReading): Offset | null {
    const own = reading.entry?.stamp ?? null;
    switch (this.#rules.promotion) {
      case 'the watermark of the process':
        return own === null ? null : this.#caches.watermark(process.cache);
      case 'its own stamp, past the floor': {
        const floor = this.#caches.floor(process.cache);
        return own === null || this.#caches.refuses(process.cache, own, [TAG])?.reason !== 'below-floor' ? own : floor;
      }
      case 'valid through': {
        const journal = this.#rules.epochs ? epochName(process.epoch) : reading.epoch;
        return validThrough(
          reading,
          [this.#rules.tagShards ? tags : { ...tags, watermark: reading.watermark }],
          journal,
        );
      }
    }
  }

  /** Empty, where the journal is settled. */
  #restart(process: Process, journal: Journal): Process {
    const lines = readable(journal, journal.epoch);
    const ended = new Set(lines.flatMap(({ tx, commit }) => (tx !== null && commit ? [tx] : [])));
    const firstOpen = lines.findIndex(({ tx }) => tx !== null && !ended.has(tx));
    const settled = this.#rules.beginsSettled && firstOpen >= 0 ? firstOpen : lines.length;
    const position = lines.findLast((line) => line.position !== null && line.commit)?.position;
    const logged = position === undefined || position === null ? journal.missed.length : Number(position);
    const { used, started, asked, readersLeft } = process;
    const cache = this.#caches.start(settled as Offset, logged, lines.length);
    const fresh = { read: settled, proofs: journal.proofs, loads: [], waiting: [], answer: null };
    return { epoch: journal.epoch, cache, ...fresh, started, asked, readersLeft, used };
  }
}
