import { lastEndOf, type LastEnd } from '../layers/memory/last-end.ts';
import type { StoredEntry } from '../layers/memory/store.ts';
import { ORIGIN, type Millis, type Mono } from '../model/position.ts';
import type { Absent, End, TrustReason } from '../model/reason.ts';
import type { Surroundings } from '../trust/hold-up.ts';
import { reasonOf, reasonOfLoad } from '../trust/reason.ts';
import { asOf, judge, trustWord, type TrustFacts, type TrustWord } from '../trust/trust.ts';
import { inWords } from '../trust/words.ts';
import { factsOf, type TrustPolicy } from './facts.ts';
import type { CacheParts } from './parts.ts';

/** What the service knows beyond the entries of one namespace; asked only when somebody asks why. */
export interface Knowledge {
  /** What is around them now, with the sources of this namespace. */
  around(): Surroundings;
  /** The same with the event that did it, from the journal. Never rejects. */
  recall(end: End): Promise<End>;
}

/** What a value came from: an entry that was served, or a load for one read. */
export type Served =
  { readonly entry: TrustFacts } | { readonly entry: null; readonly load: TrustFacts; readonly startedAt: Mono };

/** What can be said of a value. */
export interface Told {
  readonly asOf: Millis;
  readonly maxAgeMs: number;
  readonly trust: TrustWord;
  readonly reason: string;
  readonly why: TrustReason;
}

export interface WhyParts extends Pick<CacheParts<unknown>, 'store' | 'shelf' | 'runtime' | 'knowledge'> {
  readonly policy: TrustPolicy;
}

/** Why the values of one namespace are trusted or not. Made on demand: a hit that nobody asks about costs nothing. */
export class Why {
  readonly #parts: WhyParts;

  constructor(parts: WhyParts) {
    this.#parts = parts;
  }

  /** Of what is resident of a key, or of nothing. What ended it is named, and not looked up. */
  of(key: string, entry: StoredEntry | null): TrustReason {
    if (entry === null) return this.absent(key);
    return reasonOf(factsOf(entry, this.#parts.policy), this.#around(), this.#expiredBy(entry));
  }

  /** Where a key is that is not resident. */
  absent(key: string): Absent {
    const { store, shelf } = this.#parts;
    const left = store.departures.of(key).find(({ namespace }) => namespace === shelf.name);
    const value = left ?? { namespace: shelf.name, key, stamp: ORIGIN, marks: [], embeds: null };
    const how = left?.how ?? 'unknown';
    const end = how === 'ended' || how === 'unknown' ? endOf(lastEndOf(store.fence, 'hard', value)) : null;
    return { kind: 'absent', how, end };
  }

  /** Why what is cached is not served; `null` when it may be. */
  missed(key: string, entry: StoredEntry | null): TrustReason | null {
    const { policy, runtime } = this.#parts;
    const verdict = entry ? judge(factsOf(entry, policy), runtime.clock.mono()) : 'bypass';
    return verdict === 'serve' || verdict === 'revalidate' ? null : this.of(key, entry);
  }

  /** What a reader is told with its value. `missed` is as it was when the read began. */
  async told(served: Served, entry: StoredEntry | null, missed: TrustReason | null): Promise<Told> {
    const end = entry && (await this.#recall(this.#expiredBy(entry)));
    const before = missed && (await this.recalled(missed));
    const around = this.#around();
    const facts = served.entry ?? served.load;
    const why = served.entry ? reasonOf(facts, around, end) : reasonOfLoad(facts, served.startedAt, around, before);
    const maxAgeMs = Math.max(0, around.now - asOf(facts));
    const trust = why.kind === 'loaded' && why.from === 'source' ? 'fresh' : trustWord(facts, around.now);
    return { asOf: around.wall - maxAgeMs, maxAgeMs, trust, reason: inWords(why), why };
  }

  /** The same reason with the event that ended it, where one did. */
  async recalled(reason: TrustReason): Promise<TrustReason> {
    if (reason.kind !== 'expired' && reason.kind !== 'absent') return reason;
    return { ...reason, end: await this.#recall(reason.end) };
  }

  async #recall(end: End | null): Promise<End | null> {
    return end && (await (this.#parts.knowledge?.recall(end) ?? end));
  }

  #expiredBy(entry: StoredEntry): End | null {
    if (entry.expiredAsOf === null) return null;
    return endOf(lastEndOf(this.#parts.store.fence, 'soft', { ...entry, namespace: entry.shelf.name }));
  }

  #around(): Surroundings {
    const { knowledge, runtime, store } = this.#parts;
    if (knowledge) return knowledge.around();
    const { clock } = runtime;
    const wall = clock.now();
    const { watermark } = store;
    return { now: clock.mono(), wall, startedAt: wall, watermark, open: null, missing: null, sources: [] };
  }
}

function endOf(end: LastEnd | null): End | null {
  if (end === null) return null;
  const { at: offset, target, name, namespace, embedded } = end;
  return { offset, target, name, namespace, ...(embedded && { embedded }), event: null };
}
