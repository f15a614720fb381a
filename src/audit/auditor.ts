import type { AuditorConfig } from '../config/config.ts';
import type { ContractSet } from '../contracts/contract.ts';
import type { Journal } from '../journal/journal.ts';
import type { Look, MemoryStore, StoredEntry } from '../layers/memory/store.ts';
import type { Mono, Offset } from '../model/position.ts';
import type { AuditStatus } from '../model/status.ts';
import type { Observers } from '../runtime/observers.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { judgeAudit, type AuditScale } from '../trust/audit.ts';
import { compare, type Comparison } from '../trust/difference.ts';
import { NamedKeys, type Applied } from './follow.ts';
import { Members } from './members.ts';
import { Pace } from './pace.ts';
import { Reports } from './reports.ts';
import { statusOf } from './status.ts';
import { NamespaceTally, type AuditResult } from './tally.ts';

/** A namespace as the auditor needs it. */
export interface Audited {
  readonly name: string;
  /** Why a difference could be lag here, so that nothing is looked at; `null` when proofs decide. */
  readonly undecidable: string | null;
  /** The cache's own idea of equal values, if it has one. */
  readonly equals: () => ((cached: unknown, loaded: unknown) => boolean) | null;
}

export interface AuditorParts {
  readonly options: AuditorConfig;
  readonly store: MemoryStore;
  /** Name of the layer that the store belongs to. */
  readonly layer: string;
  readonly namespaces: readonly Audited[];
  readonly journal: Journal;
  readonly applied: Applied;
  readonly contracts: () => ContractSet;
  readonly runtime: Runtime;
  readonly observers: Observers;
  /** Ends a key in every layer, durably. */
  readonly invalidate: (namespace: string, key: string) => Promise<unknown>;
}

/** How soon a proof is noticed, and how finely the pace is kept. */
const TICK_MS = 100;

/** Entries drawn for one look: when this many in a row may not be looked at, hardly any may. */
const DRAWS_MAX = 16;

/** Looks whose proof has not come. Proofs come every second or so; this is an hour of the default pace without one. */
const PENDING_MAX = 4_096;

interface Pending {
  readonly entry: StoredEntry;
  readonly scale: AuditScale;
  readonly auditStamp: Offset | null;
  readonly endedAt: Mono;
  readonly compared: Comparison;
}

/**
 * Loads entries again from their source and compares. An entry that differs, and that nothing has ended once a proof
 * covers the end of that load, violates SPEC I1 (docs/auditor.md has the argument). Draws entries at random, which
 * alone can find what no event names, and looks at what events named a while after.
 */
export class Auditor {
  readonly #parts: AuditorParts;
  readonly #tallies: ReadonlyMap<string, NamespaceTally>;
  readonly #audited: ReadonlyMap<string, Audited>;
  readonly #pace: Pace;
  readonly #named: NamedKeys;
  readonly #members = new Members();
  readonly #reports: Reports;
  /** Loads under way, and those that wait for a proof. */
  readonly #busy = new Set<StoredEntry>();
  #pending: Pending[] = [];
  #ready: { readonly entry: StoredEntry; readonly scale: AuditScale }[] = [];
  #drawNext = false;

  constructor(parts: AuditorParts) {
    const { runtime, options, namespaces, store } = parts;
    this.#parts = parts;
    this.#audited = new Map(namespaces.map((one) => [one.name, one]));
    this.#tallies = new Map(namespaces.map(({ name }) => [name, new NamespaceTally()]));
    this.#pace = new Pace(options, runtime.clock.mono());
    this.#named = new NamedKeys(runtime, this.#members);
    this.#reports = new Reports(parts, this.#tallies);
    if (options.events) {
      store.filled = (entry) => {
        this.#members.note(entry);
      };
    }
  }

  /** `from`: what events name is followed from here on. */
  async run(from: Offset, signal: AbortSignal): Promise<void> {
    const { journal, applied, options } = this.#parts;
    const following = options.events ? this.#named.follow(journal, applied, from, signal) : Promise.resolve();
    await Promise.all([this.#loop(signal), following]);
    await this.#reports.idle();
  }

  status(): AuditStatus {
    return statusOf({
      heal: this.#parts.options.heal,
      audited: [...this.#audited.values()],
      tallies: this.#tallies,
      running: this.#pace.running,
      waiting: this.#pending.length,
      dropped: this.#named.dropped,
      violations: this.#reports.newest,
    });
  }

  async #loop(signal: AbortSignal): Promise<void> {
    const { clock } = this.#parts.runtime;
    while (!signal.aborted) {
      this.#decide();
      this.#look();
      await clock.sleep(TICK_MS, signal);
    }
  }

  /** Judges whatever a proof has come for. One synchronous turn: the entry and the proof are of the same moment. */
  #decide(): void {
    const { store, runtime, options } = this.#parts;
    const now = runtime.clock.mono();
    this.#pending = this.#pending.filter((pending) => {
      const { entry, auditStamp, endedAt, compared, scale } = pending;
      const verdict = judgeAudit(
        {
          stands: store.stands(entry, now),
          entryStamp: entry.stamp,
          auditStamp,
          endedAt,
          provenAt: entry.shelf.provenAt,
          equal: compared.verdict === 'equal',
        },
        now,
        options.waitMs,
      );
      if (verdict === 'wait') return true;
      this.#busy.delete(entry);
      this.#count(entry, scale, verdict === 'violation' ? 'violations' : verdict);
      if (verdict === 'violation' && compared.verdict === 'different') this.#reports.add(entry, scale, compared.where);
      return false;
    });
  }

  /** Begins as many looks as the pace lets. */
  #look(): void {
    const { clock } = this.#parts.runtime;
    for (let now = clock.mono(); this.#pace.may(now) && this.#pending.length < PENDING_MAX; now = clock.mono()) {
      const next = this.#next(now);
      if (!next) return;
      this.#busy.add(next.entry);
      this.#pace.begin();
      void this.#load(next.entry, next.scale, now);
    }
  }

  async #load(entry: StoredEntry, scale: AuditScale, startedAt: Mono): Promise<void> {
    const { clock, log } = this.#parts.runtime;
    let look: Look | null = null;
    try {
      // `next` gives entries that have one only.
      look = (await entry.origin?.look()) ?? null;
    } catch (error) {
      log.debug({ err: error, namespace: entry.shelf.name, key: entry.key }, 'an audit load failed');
    }
    const endedAt = clock.mono();
    this.#pace.end(endedAt - startedAt);
    if (look && !look.skipped) this.#await(entry, scale, look, endedAt);
    else this.#drop(entry, scale, look ? 'undecided' : 'failed');
    this.#look();
  }

  /** The value itself is let go of at once: what waits for the proof is whether, and where, it differs. */
  #await(entry: StoredEntry, scale: AuditScale, look: Look, endedAt: Mono): void {
    const { log } = this.#parts.runtime;
    try {
      const compared = this.#compare(entry, look.value);
      if (compared.verdict === 'too-large') this.#drop(entry, scale, 'undecided');
      else this.#pending.push({ entry, scale, auditStamp: look.stamp, endedAt, compared });
    } catch (error) {
      log.warn({ err: error, namespace: entry.shelf.name, key: entry.key }, 'the values could not be compared');
      this.#drop(entry, scale, 'undecided');
    }
  }

  #compare(entry: StoredEntry, loaded: unknown): Comparison {
    const equals = this.#audited.get(entry.shelf.name)?.equals();
    if (equals?.(entry.value, loaded)) return { verdict: 'equal' };
    const compared = compare(entry.value, loaded, { values: this.#parts.options.showValues });
    if (!equals || compared.verdict === 'different') return compared;
    return { verdict: 'different', where: ["the cache's own `equals` says so"] };
  }

  /** What events named and what is drawn take turns, so that neither starves the other. */
  #next(now: Mono): { readonly entry: StoredEntry; readonly scale: AuditScale } | null {
    this.#drawNext = !this.#drawNext;
    return this.#drawNext ? (this.#draw(now) ?? this.#due(now)) : (this.#due(now) ?? this.#draw(now));
  }

  #draw(now: Mono): { readonly entry: StoredEntry; readonly scale: AuditScale } | null {
    const { store, runtime } = this.#parts;
    for (let draws = 0; draws < DRAWS_MAX; draws++) {
      const entry = store.draw(runtime.random.next());
      if (!entry) return null;
      if (this.#mayLook(entry, now)) return { entry, scale: 'sampled' };
    }
    return null;
  }

  #due(now: Mono): { readonly entry: StoredEntry; readonly scale: AuditScale } | null {
    while (this.#ready.length === 0) {
      const named = this.#named.take(now);
      if (!named) return null;
      const held = this.#parts.store.held(named.key).filter((entry) => this.#mayLook(entry, now));
      this.#ready = held.map((entry) => ({ entry, scale: named.scale }));
    }
    return this.#ready.shift() ?? null;
  }

  #mayLook(entry: StoredEntry, now: Mono): boolean {
    const audited = this.#audited.get(entry.shelf.name);
    if (audited?.undecidable !== null) return false;
    if (this.#busy.has(entry) || !this.#parts.store.stands(entry, now)) return false;
    if (entry.origin) return true;
    const tally = this.#tallies.get(entry.shelf.name);
    if (tally) tally.withoutFactory++;
    this.#parts.runtime.metrics.auditsWithoutFactory.inc({ namespace: entry.shelf.name });
    return false;
  }

  #drop(entry: StoredEntry, scale: AuditScale, result: AuditResult): void {
    this.#busy.delete(entry);
    this.#count(entry, scale, result);
  }

  #count({ shelf: { name: namespace } }: StoredEntry, scale: AuditScale, result: AuditResult): void {
    const tally = this.#tallies.get(namespace);
    if (tally) tally.scales[scale][result]++;
    this.#parts.runtime.metrics.audits.inc({ namespace, scale, result });
  }
}
