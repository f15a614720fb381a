import { coalesce } from '../../src/pipeline/coalesce.ts';
import { CONTRACTS_CHANGED, controlPlan, GAP } from '../../src/pipeline/control.ts';
import { OpenTransactions } from '../../src/pipeline/open-transactions.ts';
import { suits, type Flight, type Landing } from '../../src/client/flight.ts';
import { MEMORY_CAN, MemoryStore, type Shelf } from '../../src/layers/memory/store.ts';
import type { Entry } from '../../src/model/entry.ts';
import type { Plan } from '../../src/model/plan.ts';
import { ORIGIN, type Offset } from '../../src/model/position.ts';
import { Fence, type FenceOptions } from '../../src/trust/fence.ts';
import { NEVER, Proofs } from '../../src/trust/proofs.ts';
import { asOf, type TrustFacts } from '../../src/trust/trust.ts';
import type { Rules } from './rules.ts';

/** What may happen, and how often: the size of the world. */
export interface Size {
  /** Per transaction what it writes: the row behind the key, one that only the key's tag covers, or another row. */
  readonly writes: readonly ('key' | 'tag' | 'other')[];
  /** Changes of each transaction that enter the journal on their own before its commit. */
  readonly parts: number;
  readonly loads: number;
  readonly readers: number;
  /** Events of another source. */
  readonly foreign: number;
  readonly duplicates: number;
  readonly restarts: number;
  readonly gaps: number;
  readonly echoes: number;
  readonly reloads: number;
  readonly tombstones: number;
}

const KEY = 'k';
const TAG = 'g';

/** A source that may lose its memory of what was invalidated, without saying so. */
class LeakyFence extends Fence {
  override raiseFloor(): void {
    // The mistake under test: forgotten means admitted.
  }
}

class TaglessFence extends Fence {
  override refuses(stamp: Offset, namespace: string, key: string): ReturnType<Fence['refuses']> {
    return super.refuses(stamp, namespace, key, []);
  }
}

interface Load {
  readonly flight: Flight<ReadonlySet<number>>;
  readonly contractsAt: number;
  /** Transactions that the load's snapshot has; `null` until it has read. */
  read: ReadonlySet<number> | null;
}

/** The stream's items in the order of the log. */
type Item =
  | { readonly kind: 'part'; readonly tx: number; readonly index: number }
  | { readonly kind: 'commit'; readonly tx: number }
  | { readonly kind: 'echo'; readonly t0: number };

/**
 * A database, its feed, the journal and one process with its cache, over the functions that production runs. Time is
 * the number of transactions that readers can see: nothing else makes a value old.
 */
export class World {
  readonly #rules: Rules;
  readonly #size: Size;
  readonly #shelf: Shelf = { name: 'n', provenAt: NEVER };
  #stream: Item[] = [];
  readonly #log: number[] = [];
  readonly #visible: number[] = [];
  #fed = 0;
  readonly #journal: { entry: Entry; tx: number | null }[] = [];
  #durable = 0;
  /** Transactions whose events are not in the journal, by the offset of the gap that stands for them. */
  readonly #missed = new Map<number, number>();
  #store: MemoryStore;
  #open: OpenTransactions;
  #proofs = new Proofs();
  #waitingProofs: { readonly after: number; readonly t0: number }[] = [];
  #read: number;
  #life = '';
  #loads: Load[] = [];
  #started = 0;
  #readersLeft: number;
  #waiting: { readonly load: Load; readonly watermark: number; readonly sees: readonly number[] }[] = [];
  #contracts = 1;
  #contractsAt = 0;
  #used = { foreign: 0, duplicates: 0, restarts: 0, gaps: 0, echoes: 0, reloads: 0 };
  #broken: string | null = null;

  constructor(rules: Rules, size: Size) {
    this.#rules = rules;
    this.#size = size;
    this.#readersLeft = size.readers;
    this.#contracts = size.reloads > 0 ? 0 : 1;
    this.#store = this.#newStore(ORIGIN);
    this.#open = this.#newOpen();
    this.#read = 0;
  }

  /** Every step that is possible now. */
  steps(): string[] {
    const { writes, loads, foreign, duplicates, restarts, gaps, echoes, reloads } = this.#size;
    const steps: string[] = [];
    writes.forEach((_, tx) => {
      if (!this.#log.includes(tx) && this.#unlocked(tx)) steps.push(`commit record ${tx}`);
    });
    for (const tx of this.#log) if (!this.#visible.includes(tx)) steps.push(`visible ${tx}`);
    const next = this.#stream[this.#fed];
    if (next && (next.kind !== 'commit' || !this.#rules.gate || this.#visible.includes(next.tx))) steps.push('feed');
    if (this.#used.foreign < foreign) steps.push('foreign event');
    if (this.#durable < this.#journal.length) steps.push('flush');
    if (this.#read < this.#durable) steps.push('apply');
    if (this.#used.duplicates < duplicates) for (let i = 0; i < this.#read; i++) steps.push(`apply again ${i + 1}`);
    if (this.#started < loads) steps.push('load begins');
    this.#loads.forEach((load, i) => {
      steps.push(load.read ? `load ${i} ends` : `load ${i} reads`);
      if (this.#readersLeft > 0) steps.push(`reader meets load ${i}`);
    });
    if (this.#used.restarts < restarts) steps.push('restart');
    if (this.#used.gaps < gaps && this.#fed < this.#stream.length && this.#mayGap()) steps.push('gap');
    if (this.#used.echoes < echoes) steps.push('echo');
    if (this.#used.reloads < reloads) steps.push('reload');
    return steps;
  }

  do(step: string): void {
    const [word, ...rest] = step.split(' ');
    const number = Number(rest.at(-1));
    if (step.startsWith('commit record')) this.#commit(number);
    else if (word === 'visible') this.#visible.push(number);
    else if (word === 'feed') this.#feed();
    else if (step === 'foreign event') this.#foreign();
    else if (word === 'flush') this.#flush();
    else if (step === 'apply') this.#apply();
    else if (word === 'apply') this.#applyAgain(number);
    else if (step === 'load begins') this.#begin();
    else if (step.endsWith('reads')) this.#loadReads(Number(rest[0]));
    else if (word === 'reader') this.#reader(number);
    else if (step.endsWith('ends')) this.#end(Number(rest[0]));
    else if (word === 'restart') this.#restart();
    else if (word === 'gap') this.#gap();
    else if (word === 'echo') this.#echo();
    else if (word === 'reload') this.#reload();
  }

  /** What is wrong in this state: an invariant of SPEC.md and how it is broken. */
  violation(): string | null {
    if (this.#broken !== null) return this.#broken;
    const entry = this.#store.find(this.#shelf, KEY);
    if (!entry || !this.#declared) return null;
    const value = entry.value as ReadonlySet<number>;
    for (const tx of this.#settled()) {
      if (this.#concerns(tx) && !value.has(tx)) return `I1: an entry misses transaction ${tx}, which has been applied`;
    }
    const { loadedAt, expiresAt, expiredAsOf } = entry;
    const facts: TrustFacts = {
      loadedAt,
      expiresAt,
      expiredAsOf,
      provenAt: this.#shelf.provenAt,
      maxStalenessMs: 0,
      whenUncertain: 'bypass',
    };
    for (const tx of this.#visible.slice(0, Math.max(0, asOf(facts)))) {
      if (this.#concerns(tx) && !value.has(tx))
        return `I2: an entry claims to be as of a time at which transaction ${tx} was visible`;
    }
    return null;
  }

  /** Tells states apart by everything that can still matter. */
  fingerprint(): string {
    const entry = this.#store.find(this.#shelf, KEY);
    return JSON.stringify([
      this.#log,
      this.#visible,
      this.#stream.map((item) => (item.kind === 'echo' ? `e${item.t0}` : `${item.kind[0]}${item.tx}`)),
      [this.#fed, this.#durable, this.#read],
      this.#journal.map(
        ({ entry: one, tx }) => `${one.event.type[0]}${tx}${one.commit ? '!' : ''}${one.plan.actions.length}`,
      ),
      [...this.#missed],
      this.#life,
      this.#loads.map(({ flight, read, contractsAt }) => [
        flight.stamp,
        flight.startedAt,
        contractsAt,
        read && [...read],
      ]),
      this.#started,
      [
        this.#readersLeft,
        this.#waiting.map(({ load, watermark, sees }) => [this.#loads.indexOf(load), watermark, sees]),
      ],
      entry && [entry.stamp, entry.loadedAt, [...(entry.value as ReadonlySet<number>)]],
      [this.#shelf.provenAt, this.#waitingProofs],
      [this.#contracts, this.#contractsAt, Object.values(this.#used)],
    ]);
  }

  /** Under the first contracts of a world with a reload nothing is declared yet, so nothing can be promised. */
  get #declared(): boolean {
    return this.#contracts > 0 && this.#store.watermark >= this.#contractsAt;
  }

  /** Two transactions on one row: the second cannot write before readers see the first. */
  #unlocked(tx: number): boolean {
    const row = this.#size.writes[tx];
    return this.#log.every((other) => this.#size.writes[other] !== row || this.#visible.includes(other));
  }

  #concerns(tx: number): boolean {
    return this.#size.writes[tx] !== 'other';
  }

  #commit(tx: number): void {
    this.#log.push(tx);
    for (let index = 0; index < this.#size.parts; index++) this.#stream.push({ kind: 'part', tx, index });
    this.#stream.push({ kind: 'commit', tx });
  }

  #plan(tx: number): Plan {
    const write = this.#size.writes[tx];
    const target = write === 'other' ? 'other' : write === 'key' ? KEY : TAG;
    const kind = write === 'tag' ? 'purge_tag' : 'delete_key';
    const actions = this.#contracts === 0 ? [] : [{ kind, target, contract: 'c' } as const];
    return { contractHash: '', actions, problems: [] };
  }

  #append(type: string, source: string, commit: boolean, plan: Plan, tx: number | null): void {
    const offset = (this.#journal.length + 1) as Offset;
    const event = { id: String(offset), type, source, data: null };
    const entry: Entry = { offset, source, epoch: '', position: null, commit, event, plan, receivedAt: 0 };
    this.#journal.push({ entry, tx });
  }

  #feed(): void {
    const item = this.#stream[this.#fed++];
    if (!item) return;
    if (item.kind === 'echo') this.#waitingProofs.push({ after: this.#journal.length, t0: item.t0 });
    // With parts, the rows went out with them and the commit carries none of its own; its entry still marks the end.
    else if (item.kind === 'part') this.#append('row', 'db', false, this.#plan(item.tx), item.tx);
    else {
      const nothing = { contractHash: '', actions: [], problems: [] };
      this.#append('row', 'db', true, this.#size.parts > 0 ? nothing : this.#plan(item.tx), item.tx);
    }
    this.#passProofs();
  }

  #foreign(): void {
    this.#used.foreign++;
    this.#append('foreign', 'app', true, { contractHash: '', actions: [], problems: [] }, null);
  }

  #flush(): void {
    this.#durable = this.#journal.length;
    this.#passProofs();
  }

  /** As the feed does: a proof goes on only behind everything that was read before it, and that is durable. */
  #passProofs(): void {
    const ready = this.#waitingProofs.filter(({ after }) => after <= this.#durable);
    this.#waitingProofs = this.#waitingProofs.filter(({ after }) => after > this.#durable);
    for (const { after, t0 } of ready) this.#proofs.add((this.#rules.proofWaits ? after : 0) as Offset, t0);
    this.#prove();
  }

  #prove(): void {
    this.#shelf.provenAt = this.#proofs.provenAt;
  }

  #apply(): void {
    const one = this.#journal[this.#read];
    if (!one) return;
    this.#read++;
    const open = this.#rules.waitsForCommit ? this.#open : new OpenTransactions(() => false);
    const layer = { name: 'local', can: MEMORY_CAN };
    const work = coalesce([one.entry], layer, open);
    this.#applyTo(
      work.actions,
      this.#rules.waitsForCommit || one.entry.commit ? work.watermark : this.#store.watermark,
    );
    this.#proofs.advance(this.#store.watermark);
    this.#prove();
    this.#life += `${one.entry.offset},`;
  }

  #applyAgain(offset: number): void {
    this.#used.duplicates++;
    const actions = this.#journal[offset - 1]?.entry.plan.actions ?? [];
    this.#applyTo(
      actions.map((action) => ({ action, at: offset as Offset })),
      this.#store.watermark,
    );
    this.#life += `${offset}d,`;
  }

  #applyTo(actions: Parameters<MemoryStore['apply']>[0], watermark: Offset): void {
    const before = this.#store.find(this.#shelf, KEY);
    this.#store.apply(actions, watermark);
    const deletes = actions.find(({ action }) => action.kind === 'delete_key' && action.target === KEY);
    if (deletes && !this.#rules.sparesFresh) this.#store.remove(this.#shelf, KEY);
    const gone = before && !this.#store.find(this.#shelf, KEY);
    if (gone && deletes && before.stamp >= deletes.at) this.#broken = 'L1: a late duplicate deleted a fresher entry';
  }

  #begin(): void {
    this.#started++;
    const stamp = this.#rules.stamp === 'log head' ? (this.#log.length as Offset) : this.#store.watermark;
    const flight = { stamp, startedAt: this.#visible.length, tags: [], landing: Promise.resolve() as never };
    this.#loads.push({ flight, contractsAt: this.#contractsAt, read: null });
  }

  #loadReads(index: number): void {
    const load = this.#loads[index];
    if (load) load.read = new Set(this.#visible);
  }

  #end(index: number): void {
    const load = this.#loads[index];
    if (!load?.read) return;
    this.#loads.splice(index, 1);
    const value = load.read;
    const stamp = this.#rules.stamp === 'watermark after the load' ? this.#store.watermark : load.flight.stamp;
    const fill = { value, tags: [TAG], stamp, loadedAt: load.flight.startedAt, ttlMs: Infinity };
    const resident = this.#store.find(this.#shelf, KEY);
    if (!this.#rules.newerStays) this.#store.remove(this.#shelf, KEY);
    const filled = this.#store.fill(this.#shelf, KEY, fill, 0);
    if (resident && filled.stored && isOlder(fill, resident))
      this.#broken = 'I3: an older load took the place of a newer one';
    const landing: Landing<unknown> = {
      value,
      refused: filled.stored ? null : { reason: filled.reason, at: filled.at },
    };
    for (const reader of this.#waiting.filter((one) => one.load === load)) this.#serve(reader, load, landing, value);
    this.#waiting = this.#waiting.filter((one) => one.load !== load);
  }

  #reader(index: number): void {
    const load = this.#loads[index];
    if (!load) return;
    this.#readersLeft--;
    const refused = this.#store.fence.refuses(load.flight.stamp, this.#shelf.name, KEY, [...load.flight.tags]);
    if (refused && this.#rules.joins === 'new enough') return;
    this.#waiting.push({ load, watermark: this.#store.watermark, sees: this.#declared ? this.#settled() : [] });
  }

  /** What a reader that joined gets must reflect all that had been applied when it came. */
  #serve(
    reader: { watermark: number; sees: readonly number[] },
    load: Load,
    landing: Landing<unknown>,
    value: ReadonlySet<number>,
  ): void {
    const need = { watermark: reader.watermark as Offset, at: 0, maxStalenessMs: undefined };
    if (this.#rules.joins === 'new enough' && !suits(load.flight, landing, need, this.#shelf.provenAt)) return;
    const missed = reader.sees.find((tx) => this.#concerns(tx) && !value.has(tx));
    if (missed !== undefined)
      this.#broken = `I1: a reader that joined a load misses transaction ${missed}, which had been applied`;
  }

  #restart(): void {
    this.#used.restarts++;
    this.#journal.length = this.#durable;
    this.#loads = [];
    this.#waiting = [];
    this.#waitingProofs = [];
    // The source resumes behind the last commit that the journal has, and sends again what came after it.
    const kept = this.#journal.map(({ tx, entry }) => (entry.commit ? tx : null));
    const ended = (tx: number): boolean => kept.includes(tx) || this.#missed.has(tx);
    const resumed = this.#stream.findIndex((item) => item.kind !== 'echo' && !ended(item.tx));
    const parts = this.#journal.filter(({ tx }) => tx !== null && !kept.includes(tx)).length;
    this.#fed = resumed < 0 ? this.#stream.length : resumed + parts;
    const head = this.#journal.length;
    const firstOpen = this.#journal.find(({ tx }) => tx !== null && !kept.includes(tx))?.entry.offset;
    const settled = (this.#rules.beginsSettled ? (firstOpen ?? head + 1) - 1 : head) as Offset;
    this.#store = this.#newStore(settled);
    this.#open = this.#newOpen();
    this.#proofs = new Proofs();
    this.#proofs.advance(settled);
    this.#prove();
    this.#read = settled;
    this.#life = `${settled}:`;
  }

  #mayGap(): boolean {
    return !this.#rules.barrier || this.#log.every((tx) => this.#visible.includes(tx));
  }

  /** The feed's history up to its head is lost; it goes on from there. */
  #gap(): void {
    this.#used.gaps++;
    const offset = this.#journal.length + 1;
    for (const item of this.#stream.slice(this.#fed)) if (item.kind === 'commit') this.#missed.set(item.tx, offset);
    this.#fed = this.#stream.length;
    this.#waitingProofs = [];
    const plan = controlPlan({ id: 'gap', type: GAP, source: 'db', data: null }, '', () => null);
    this.#append(GAP, 'db', true, this.#rules.gapPurges ? plan : { ...plan, actions: [] }, null);
  }

  #echo(): void {
    this.#used.echoes++;
    this.#stream.push({ kind: 'echo', t0: this.#visible.length });
  }

  #reload(): void {
    this.#used.reloads++;
    this.#contracts++;
    const plan = controlPlan({ id: 'reload', type: CONTRACTS_CHANGED, source: 'tidemark', data: null }, '', () => null);
    this.#append(CONTRACTS_CHANGED, 'tidemark', true, this.#rules.reloadPurges ? plan : { ...plan, actions: [] }, null);
    this.#contractsAt = this.#journal.length;
  }

  /** Transactions at or below the watermark, by their own commit or by the gap that stands for them. */
  #settled(): number[] {
    const { watermark } = this.#store;
    const own = this.#journal
      .filter(({ entry, tx }) => tx !== null && entry.commit && entry.offset <= watermark)
      .map(({ tx }) => tx ?? 0);
    const missed = [...this.#missed].filter(([, offset]) => offset <= watermark).map(([tx]) => tx);
    const begun = this.#rules.waitsForCommit && this.#rules.beginsSettled ? [] : this.#begun(watermark);
    return [...new Set([...own, ...missed, ...begun])];
  }

  /** Rows that went out before their commit and that a watermark has passed count as applied, too. */
  #begun(watermark: Offset): number[] {
    return this.#journal
      .filter(({ entry, tx }) => tx !== null && !entry.commit && entry.offset <= watermark)
      .map(({ tx }) => tx ?? 0);
  }

  #newOpen(): OpenTransactions {
    return new OpenTransactions((source) => source === 'db');
  }

  #newStore(startAt: Offset): MemoryStore {
    const { fence, floor, fencesLearnedTags } = this.#rules;
    const options: FenceOptions = { tombstonesMax: this.#size.tombstones, enforced: fence };
    const made = !floor ? new LeakyFence(options) : !fencesLearnedTags ? new TaglessFence(options) : new Fence(options);
    return new MemoryStore(startAt, options, made);
  }
}

function isOlder(a: { stamp: Offset; loadedAt: number }, b: { stamp: Offset; loadedAt: number }): boolean {
  return a.stamp < b.stamp || (a.stamp === b.stamp && a.loadedAt < b.loadedAt);
}
