import type { Counts } from './parts.ts';
import type { Shelf } from '../layers/memory/store.ts';
import type { NamespaceConfig } from '../model/namespace.ts';
import type { Mono, Offset, Position, SourceId } from '../model/position.ts';
import { NEVER, Proofs, type Proof } from '../trust/proofs.ts';
import { ProvenPast } from '../trust/proven-past.ts';

/** A namespace at run time: its policy, its freshness in L1, what its readers met. */
export interface Namespace {
  readonly config: NamespaceConfig;
  readonly shelf: Shelf;
  readonly counts: Counts;
  /** The sources whose proofs its freshness is the oldest of. */
  readonly provers: readonly SourceId[];
  /** Whether all of them, and at least one, can prove. */
  readonly provable: boolean;
  /** The program's own idea of equal values, for the auditor. */
  equals: ((cached: unknown, loaded: unknown) => boolean) | null;
}

/** All namespaces and the proofs of their sources: keeps each `provenAt` the minimum over its sources. */
export class Namespaces {
  readonly all: ReadonlyMap<string, Namespace>;
  readonly #proofs: ReadonlyMap<SourceId, Proofs>;
  readonly #past: ReadonlyMap<SourceId, ProvenPast>;

  /** `before`: those that these take the place of, whose shelves and counts are in use. */
  constructor(
    configs: Iterable<NamespaceConfig>,
    provingSources: readonly SourceId[],
    allSources: readonly SourceId[],
    before?: Namespaces,
  ) {
    this.#proofs = new Map(provingSources.map((source) => [source, new Proofs()]));
    this.#past = new Map(provingSources.map((source) => [source, new ProvenPast()]));
    this.all = new Map(
      Array.from(configs, (config) => {
        const known = before?.all.get(config.name);
        const shelf: Shelf = known?.shelf ?? { name: config.name, provenAt: NEVER };
        const counts: Counts = known?.counts ?? { hits: 0, misses: 0, uncertain: 0, stored: 0, refused: 0, skipped: 0 };
        const provers = config.sources?.filter((source) => allSources.includes(source)) ?? provingSources;
        const provable = provers.length > 0 && provers.every((source) => provingSources.includes(source));
        return [config.name, { config, shelf, counts, provers, provable, equals: null }];
      }),
    );
  }

  /** As of when a source is proven applied in L1; `NEVER` when it is not or cannot be. */
  provenAt(source: SourceId): Mono {
    return this.#proofs.get(source)?.provenAt ?? NEVER;
  }

  /** As of when a load that saw a source's events up to `stamp` is proven to be current. */
  asOf(source: SourceId, stamp: Offset): Mono {
    return this.#past.get(source)?.asOf(stamp) ?? NEVER;
  }

  /** Of a source: the newest proof that counts, and the newest that waits for the watermark. */
  proofsOf(source: SourceId): { readonly newest: Proof | null; readonly waiting: Proof | null } {
    return this.#proofs.get(source) ?? NO_PROOFS;
  }

  /** As of when what reflects everything up to `through` is proven to be what the sources of a namespace held. */
  currentAsOf({ provers }: Namespace, through: Offset): Mono {
    return provers.length === 0 ? NEVER : Math.min(...provers.map((source) => this.asOf(source, through)));
  }

  prove(source: SourceId, at: Offset, t0: Mono, position: Position | null = null): void {
    this.#proofs.get(source)?.add(at, t0, position);
    this.#past.get(source)?.add(at, t0);
    this.#refresh();
  }

  /** L1 has applied everything up to here. */
  advance(watermark: Offset): void {
    for (const proofs of this.#proofs.values()) proofs.advance(watermark);
    this.#refresh();
  }

  /** The namespaces that a source feeds; `null` when it feeds all of them. */
  fedBy(source: SourceId): readonly string[] | null {
    const fed: string[] = [];
    for (const { config } of this.all.values()) if (config.sources?.includes(source) ?? true) fed.push(config.name);
    return fed.length === this.all.size ? null : fed;
  }

  #refresh(): void {
    for (const { shelf, provers } of this.all.values()) {
      let oldest = provers.length === 0 ? NEVER : Infinity;
      for (const source of provers) oldest = Math.min(oldest, this.provenAt(source));
      shelf.provenAt = oldest;
    }
  }
}

const NO_PROOFS = { newest: null, waiting: null };
