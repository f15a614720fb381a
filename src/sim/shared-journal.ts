import { TidemarkError } from '../errors.ts';
import { adoptionOf, checkAdopted } from '../journal/adoption.ts';
import { MemoryJournal } from '../journal/memory.ts';
import type { DeadLetters, Journal, JournalIdentity, JournalReport } from '../journal/journal.ts';
import type { Owner, Ownership, RelayAnswers, Relays, RelayWord } from '../journal/relays.ts';
import { Waiting } from '../journal/waiting.ts';
import type { Appended, Entry, PlannedBatch } from '../model/entry.ts';
import type { FeedTime } from '../model/feed.ts';
import { ORIGIN, type Millis, type Offset, type Resume, type SourceId } from '../model/position.ts';
import type { Clock, Runtime } from '../runtime/runtime.ts';

/** As the real one: long enough for a pause of garbage collection, short enough for a take-over within seconds. */
export const LEASE_MS = 2_000;
const RENEW_MS = 500;

export interface SharedFaults {
  /** How long a word, a question or an answer is under way; `null`: it is lost. Default: not at all. */
  readonly underWay?: () => number | null;
  /** How long a batch is under way to the journal, and its answer from there. Default: not at all. */
  readonly storeMs?: () => number;
  /** Told of entries as they become durable, with who appended them. */
  readonly appended?: (entries: readonly Entry[], by: string) => void;
  /** Told from where on the journal still has entries. */
  readonly trimmed?: (first: Offset) => void;
  /** Sabotage: what is appended by a relay that does not own the source any more is taken. */
  readonly takesAll?: boolean;
  /** Sabotage: what the time of another relay is told too early by. */
  readonly clockLieMs?: number;
}

interface Lease {
  readonly owner: Owner;
  readonly self: string;
  /** By the journal's clock. */
  until: number;
}

/**
 * One journal in memory that several openings write, as daemons write one stream. Each opening has its own clock and its own
 * link, so that a test or the simulator can pause, cut off and kill one alone.
 */
export class SharedJournal {
  readonly log: MemoryJournal;
  readonly clock: Clock;
  readonly faults: SharedFaults;
  readonly leases = new Map<string, Lease>();
  readonly openings = new Set<SharedOpening>();
  adopted: string | null = null;
  #numbers = 0;

  constructor(runtime: Runtime, faults: SharedFaults = {}) {
    this.log = new MemoryJournal(runtime, { max_entries: 1_000_000 });
    this.clock = runtime.clock;
    this.faults = faults;
  }

  /** Of lives and of terms: each is higher than any before. */
  next(): number {
    return ++this.#numbers;
  }

  open(runtime: Runtime): SharedOpening {
    const opening = new SharedOpening(this, runtime, `relay-${this.next()}`);
    this.openings.add(opening);
    return opening;
  }

  /** Takes the work for an opening if nobody has it. */
  take(work: string, self: string): Lease | null {
    const held = this.leases.get(work);
    if (held && held.until > this.clock.mono()) return null;
    const owner = { relay: self, term: this.next(), since: this.clock.now() };
    const lease = { owner, self, until: this.clock.mono() + LEASE_MS };
    this.leases.set(work, lease);
    return lease;
  }

  moved(): void {
    for (const opening of this.openings) opening.moved();
  }
}

/** What one daemon has of the shared journal. */
export class SharedOpening implements Journal, Relays {
  readonly self: string;
  readonly relays = this;
  readonly deadLetters: DeadLetters;
  readonly #shared: SharedJournal;
  readonly #runtime: Runtime;
  readonly #life: number;
  readonly #waiting = new Waiting();
  readonly #owned = new Map<string, number>();
  #sent: Promise<void> = Promise.resolve();
  readonly #takers = new Set<(word: RelayWord) => void>();
  readonly #closed = new AbortController();
  #answers: RelayAnswers | null = null;
  #mended: (() => void)[] | null = null;
  #seen: Offset;
  #adopted: string | null;

  constructor(shared: SharedJournal, runtime: Runtime, self: string) {
    this.self = self;
    this.#shared = shared;
    this.#runtime = runtime;
    this.#life = shared.next();
    this.#seen = shared.log.head;
    this.#adopted = shared.adopted;
    const letters = shared.log.deadLetters;
    this.deadLetters = {
      put: async (letter) => {
        this.#assertOpen();
        return letters.put(letter);
      },
      list: (options) => letters.list(options),
      get: (id) => letters.get(id),
      remove: (id) => letters.remove(id),
      get count() {
        return letters.count;
      },
    };
  }

  /** From now on nothing reaches the journal or comes from it; a paused or killed process is one whose clock stands still, too. */
  cut(): void {
    this.#mended ??= [];
  }

  mend(): void {
    const waiting = this.#mended ?? [];
    this.#mended = null;
    for (const resume of waiting) resume();
    this.moved();
  }

  get head(): Offset {
    return this.#seen;
  }

  get first(): Offset {
    return this.#shared.log.first;
  }

  get identity(): JournalIdentity {
    return { epoch: this.#shared.log.identity.epoch, life: this.#life };
  }

  get adopted(): string | null {
    return this.#adopted;
  }

  get owners(): ReadonlyMap<string, Owner> {
    return new Map(Array.from(this.#shared.leases, ([work, { owner }]) => [work, owner]));
  }

  async append(batch: PlannedBatch): Promise<Appended> {
    this.#assertOpen();
    const { storeMs } = this.#shared.faults;
    if (!storeMs) return this.#append(batch);
    // In the order in which they were sent, as on one connection.
    const before = this.#sent;
    let stored = (): void => undefined;
    this.#sent = new Promise((resolve) => (stored = resolve));
    try {
      await before;
      await this.#travel(storeMs());
      return await this.#append(batch);
    } finally {
      stored();
      await this.#travel(storeMs());
      await this.#link();
    }
  }

  #travel(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.#shared.clock.after(ms, resolve);
    });
  }

  async #append(batch: PlannedBatch): Promise<Appended> {
    if (this.#mended) await this.#link();
    this.#assertOpen();
    const { takesAll, appended: told } = this.#shared.faults;
    const lease = batch.position === null ? undefined : this.#shared.leases.get(`source:${batch.source}`);
    if (lease && !takesAll && this.#owned.get(`source:${batch.source}`) !== lease.owner.term)
      throw new TidemarkError('RELAY_DEPOSED', `source ${batch.source} is read by ${lease.self}`);
    checkAdopted(batch, this.#shared.adopted);
    const before = this.#shared.log.head;
    const appended = this.#shared.log.append(batch);
    const added = this.#shared.log.head - before;
    if (added > 0 && told) told(await this.#shared.log.read(before, added), this.self);
    if (added > 0) for (const event of batch.events) this.#shared.adopted = adoptionOf(event) ?? this.#shared.adopted;
    this.#shared.moved();
    return appended;
  }

  async read(after: Offset, limit: number): Promise<readonly Entry[]> {
    this.#assertOpen();
    const entries = await this.#shared.log.read(after, limit);
    return entries.filter(({ offset }) => offset <= this.#seen);
  }

  changed(after: Offset, signal: AbortSignal): Promise<void> {
    return this.#waiting.beyond(after, this.#seen, signal);
  }

  /** The log has more. */
  moved(): void {
    if (this.#mended) return;
    this.#seen = this.#shared.log.head;
    this.#adopted = this.#shared.adopted;
    this.#waiting.moved(this.#seen);
  }

  async renew(): Promise<void> {
    await this.#link();
    await this.#shared.log.renew();
  }

  async settledAt(): Promise<Offset> {
    return Math.min(await this.#shared.log.settledAt(), this.#seen) as Offset;
  }

  async resumeAt(source: SourceId): Promise<Resume | null> {
    await this.#link();
    return this.#shared.log.resumeAt(source);
  }

  mentions(target: string, limit: number, within: number): Promise<readonly Entry[]> {
    return this.#shared.log.mentions(target, limit, within);
  }

  cursor(consumer: string): Promise<Offset | null> {
    return this.#shared.log.cursor(consumer);
  }

  async settle(consumer: string, offset: Offset): Promise<void> {
    this.#assertOpen();
    await this.#link();
    await this.#shared.log.settle(consumer, offset);
  }

  keepCursors(consumers: readonly string[]): Promise<void> {
    return this.#shared.log.keepCursors(consumers);
  }

  async trim(olderThan: Millis): Promise<number> {
    await this.#link();
    const trimmed = await this.#shared.log.trim(olderThan);
    this.#shared.faults.trimmed?.(this.#shared.log.first);
    return trimmed;
  }

  get report(): JournalReport {
    return { ...this.#shared.log.report, type: 'shared' };
  }

  async own(work: string, signal: AbortSignal): Promise<Ownership | null> {
    const { clock } = this.#runtime;
    const stop = AbortSignal.any([signal, this.#closed.signal]);
    while (!stop.aborted) {
      await this.#link();
      const asked = clock.mono();
      const lease = stop.aborted ? null : this.#shared.take(work, this.self);
      if (lease) return this.#keep(work, lease, asked);
      await clock.sleep(RENEW_MS / 10, stop);
    }
    return null;
  }

  say(word: RelayWord): void {
    for (const other of this.#shared.openings)
      if (other !== this)
        this.#send(other, () => {
          for (const take of other.#takers) take(word);
        });
  }

  hear(take: (word: RelayWord) => void): () => void {
    this.#takers.add(take);
    return () => this.#takers.delete(take);
  }

  timeOf(clock: string): Promise<FeedTime | null> {
    const whose = [...this.#shared.openings].find((other) => other.#answers?.clock === clock);
    if (!whose) return Promise.resolve(null);
    return new Promise((resolve) => {
      this.#send(whose, () => {
        const now = (whose.#answers?.now() ?? ORIGIN) - (this.#shared.faults.clockLieMs ?? 0);
        whose.#send(this, () => {
          resolve({ clock, now });
        });
      });
    });
  }

  answer(answers: RelayAnswers): void {
    this.#answers = answers;
  }

  /** Its process is gone: nothing of it gets through any more. */
  kill(): void {
    this.cut();
    this.#shared.openings.delete(this);
  }

  close(): Promise<void> {
    this.#closed.abort();
    this.#shared.openings.delete(this);
    return Promise.resolve();
  }

  #keep(work: string, lease: Lease, asked: number): Ownership {
    const { clock } = this.#runtime;
    const { term } = lease.owner;
    const lost = new AbortController();
    const over = AbortSignal.any([lost.signal, this.#closed.signal]);
    let renewed = asked;
    this.#owned.set(work, term);
    const renew = async (): Promise<void> => {
      while (!over.aborted) {
        await clock.sleep(RENEW_MS, over);
        if (clock.mono() - renewed >= LEASE_MS) lost.abort();
        if (over.aborted || this.#mended) continue;
        if (this.#shared.leases.get(work) !== lease) lost.abort();
        else {
          renewed = clock.mono();
          lease.until = this.#shared.clock.mono() + LEASE_MS;
        }
      }
    };
    void renew();
    const release = (): Promise<void> => {
      lost.abort();
      if (!this.#mended && this.#shared.leases.get(work) === lease) lease.until = -Infinity;
      return Promise.resolve();
    };
    return { work, term, lost: lost.signal, release };
  }

  /** Resolves when what is sent gets through. */
  async #link(): Promise<void> {
    while (this.#mended) await new Promise<void>((resolve) => this.#mended?.push(resolve));
  }

  #send(to: SharedOpening, arrive: () => void): void {
    const ms = this.#shared.faults.underWay?.() ?? (this.#shared.faults.underWay ? null : 0);
    if (ms === null || this.#mended || to.#mended) return;
    if (ms === 0) arrive();
    else
      this.#shared.clock.after(ms, () => {
        if (!to.#mended) arrive();
      });
  }

  #assertOpen(): void {
    if (this.#closed.signal.aborted) throw new TidemarkError('CLOSED');
  }
}
