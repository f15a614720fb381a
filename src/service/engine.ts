import { setMaxListeners } from 'node:events';
import { Progress } from '../client/progress.ts';
import { assert, TidemarkError } from '../errors.ts';
import type { Config } from '../config/config.ts';
import type { Kinds } from '../config/kinds.ts';
import type { ContractSet } from '../contracts/contract.ts';
import { plan } from '../contracts/plan.ts';
import { adoptionOf } from '../journal/adoption.ts';
import type { Journal } from '../journal/journal.ts';
import type { Authority, Layer } from '../layers/layer.ts';
import type { Serializer } from '../layers/shared.ts';
import { MemoryLayer } from '../layers/memory/layer.ts';
import type { Appended } from '../model/entry.ts';
import type { Batch, ChangeEvent } from '../model/event.ts';
import type { FedProof } from '../model/feed.ts';
import type { Plan } from '../model/plan.ts';
import { ORIGIN, type Offset, type SourceId } from '../model/position.ts';
import { CONTRACTS_CHANGED, controlBatch, controlPlan, isControl, SELF } from '../pipeline/control.ts';
import { Delivery, type Inner } from '../pipeline/deliver.ts';
import { Elsewhere } from '../pipeline/elsewhere.ts';
import { Intake } from '../pipeline/intake.ts';
import { leaseMs } from '../pipeline/members.ts';
import { Projection, type Refresh } from '../pipeline/projection.ts';
import { PROJECTIONS, Refreshes } from '../pipeline/refresh.ts';
import { Settlement } from '../pipeline/settle.ts';
import { Standing } from '../pipeline/standing.ts';
import { Feed } from '../pipeline/supervise.ts';
import { Work } from '../pipeline/work.ts';
import { Observers } from '../runtime/observers.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { Trail } from '../trust/trail.ts';
import type { Auditor } from '../audit/auditor.ts';
import { auditorOf } from './auditing.ts';
import { kinds as allKinds } from './kinds.ts';
import { FeedPages } from './feed-pages.ts';
import { Knowing } from './knowledge.ts';
import { Namespaces } from '../client/namespaces.ts';
import { authorityOf } from './authority.ts';
import { behindAll, behindLayers } from './behind.ts';
import { kindOf, openLayers, openSources, type Opened } from './open-parts.ts';
import { gaveUp, refreshOf, withFunctions } from './projections.ts';
import { ProofBoard } from './proof-board.ts';
import { joinRelays } from './relayed.ts';
import type { Delivered, Intaken } from './running.ts';
import { trimSteadily } from './trimming.ts';
import { watchTrust } from './watch.ts';
import { ClockWatch } from './watch-clock.ts';

export interface EngineParts {
  readonly config: Config;
  readonly runtime: Runtime;
  /** Projections that are functions, by name. */
  readonly refreshes: Readonly<Record<string, Refresh>>;
  /** How the program wants values of a shared layer to be written, by the name of the layer. */
  readonly serializers?: Readonly<Record<string, Serializer>>;
  /** What the configuration's types stand for. Default: everything that Tidemark has. */
  readonly kinds?: Kinds;
}

/** How long a drain may take before what is not applied is left to the next start: half of most supervisors' patience. */
const DRAIN_MS = 5_000;

/**
 * The composition root: everything made, wired and started, in the order in which data flows. Read it top to bottom.
 */
export class Engine {
  readonly config: Config;
  readonly runtime: Runtime;
  readonly observers: Observers;
  readonly journal: Journal;
  readonly memory: MemoryLayer;
  readonly layers: readonly Delivered[];
  readonly namespaces: Namespaces;
  /** Where the sources' transactions are in the journal, and up to where each source is applied in L1. */
  readonly trail: Trail;
  /** The newest proofs, for processes that are fed from here. */
  readonly proofs = new ProofBoard();
  /** For readers that wait for L1 to have applied or proven more. */
  readonly progress = new Progress();
  /** For those who are fed. */
  readonly feedPages = new FeedPages(this);
  readonly settlement: Settlement;
  /** The caches of other processes. */
  readonly elsewhere: Elsewhere;
  readonly intake: Intake;
  readonly sources: ReadonlyMap<SourceId, Intaken>;
  /** Sources that announce commits before readers see them. */
  readonly ungated: ReadonlySet<SourceId>;
  readonly projections: ReadonlyMap<string, Projection>;
  /** What one relay at a time does, by its name. Alone, this daemon does all of it. */
  readonly works = new Map<string, Work>();
  readonly standing: Standing;
  readonly auditor: Auditor | null;
  readonly clockWatch: ClockWatch;
  /** For those who ask why a value is trusted or not. */
  readonly knowing = new Knowing(this);
  readonly startedAt: number;
  readonly closing = new AbortController();
  readonly #feeding = new AbortController();
  readonly #loops: Promise<void>[] = [];
  readonly #feeds: Promise<void>[] = [];
  readonly #refreshes: Refreshes;
  #contracts: ContractSet;
  #clockId: string | null = null;
  #closed: Promise<void> | null = null;

  static async start({ config, runtime, refreshes, serializers = {}, kinds = allKinds }: EngineParts): Promise<Engine> {
    const kind = kindOf(kinds.journals, config.journal.type);
    const journal = await kind.open({ runtime, baseDir: config.baseDir }, config.journal.options);
    let layers: Awaited<ReturnType<typeof openLayers>> = [];
    try {
      const startAt = await journal.settledAt();
      await journal.keepCursors(withFunctions(config.projections, refreshes).length > 0 ? [PROJECTIONS] : []);
      let engine: Engine | null = null;
      const hash = (): string => (engine?.contracts ?? config.contracts).hash;
      const authority = (layer: string): Authority =>
        authorityOf(journal, hash, {
          beganAt: startAt,
          term: () => engine?.works.get(`layer:${layer}`)?.term ?? null,
        });
      layers = await openLayers(config, kinds, { runtime, startAt, authority, serializers });
      const opened = await openSources(config, kinds, runtime);
      const trail = new Trail({ startAt, head: journal.head });
      for (const { name } of opened) {
        const resume = await journal.resumeAt(name);
        if (resume) trail.begin(name, resume, journal.head);
      }
      const beginnings = { startAt, trail };
      engine = new Engine({ config, runtime, refreshes }, journal, layers, opened, beginnings);
      await engine.#join();
      return engine;
    } catch (error) {
      for (const { layer } of layers) await layer.close();
      await journal.close();
      throw error;
    }
  }

  private constructor(
    { config, runtime, refreshes }: EngineParts,
    journal: Journal,
    layers: readonly { readonly layer: Layer; readonly type: string }[],
    opened: readonly Opened[],
    { startAt, trail }: Beginnings,
  ) {
    // Every load under way listens to it, and a hundred at once are no leak.
    setMaxListeners(0, this.closing.signal);
    this.config = config;
    this.runtime = runtime;
    this.journal = journal;
    this.observers = new Observers(runtime.clock);
    this.clockWatch = new ClockWatch(runtime, this.observers);
    this.startedAt = runtime.clock.now();
    this.#contracts = config.contracts;
    this.standing = new Standing(journal.relays, () => this.#contracts.hash);

    const provers = opened.filter(({ can }) => can.prove).map(({ name }) => name);
    const names = opened.map(({ name }) => name);
    this.trail = trail;
    this.namespaces = new Namespaces(config.namespaces.values(), provers, names);

    const { widenAfter } = config;
    const { observers } = this;
    this.intake = new Intake({ journal, runtime, observers, plan: (event) => this.planOf(event), widenAfter });

    this.settlement = new Settlement();
    this.elsewhere = new Elsewhere({
      clock: runtime.clock,
      leaseMs: leaseMs(config.namespaces.values()),
      hadOthers: journal.head > ORIGIN,
    });
    const memory = layers.map(({ layer }) => layer).find((layer) => layer instanceof MemoryLayer);
    assert(memory !== undefined, 'there is always a memory layer');
    this.memory = memory;
    this.namespaces.advance(startAt);
    // Nobody waits for a shared layer: what is promoted from it is compared with what L1 has applied (decision 73).
    const within = (count: number): Layer[] =>
      layers.slice(0, count).flatMap(({ layer }) => (layer.shared ? [] : [layer]));
    this.layers = layers.map(({ layer, type }, index) =>
      this.#deliver(layer, type, startAt, within(index).at(-1)?.name ?? null),
    );

    const everywhere = behindAll(
      this,
      within(layers.length).map(({ name }) => name),
    );
    this.projections = new Map(
      Array.from(withFunctions(config.projections, refreshes), (projection) => [
        projection.name,
        new Projection({
          ...projection,
          refresh: refreshOf(projection, refreshes, runtime),
          runtime,
          done: (upTo, tookMs) => {
            this.#refreshes.done(projection.name, upTo);
            this.observers.tell('projection:refreshed', { projection: projection.name, offset: upTo, tookMs });
          },
          gaveUp: (upTo, attempts, error) => gaveUp(this, projection.name, { upTo, attempts, error }),
        }),
      ]),
    );
    this.#refreshes = new Refreshes({ journal, runtime, inner: everywhere }, this.projections);

    this.sources = new Map(opened.map((one) => [one.name, this.#feed(one)]));
    this.ungated = new Set(opened.filter(({ source }) => source?.ungated).map(({ name }) => name));
    this.auditor = auditorOf(this, behindLayers(this, [memory.name]));
    this.#run(startAt);
  }

  /** Tells the times of this process from those of others. */
  get clockId(): string {
    this.#clockId ??= this.runtime.random.id();
    return this.#clockId;
  }

  get contracts(): ContractSet {
    return this.#contracts;
  }

  /** What an event means under the contracts of the moment. */
  planOf(event: ChangeEvent): Plan {
    return isControl(event)
      ? controlPlan(event, this.#contracts.hash, (source) => this.namespaces.fedBy(source))
      : plan(this.#contracts, event);
  }

  /** @throws CLOSED */
  accept(batch: Batch): Promise<Appended> {
    if (this.closing.signal.aborted) return Promise.reject(new TidemarkError('CLOSED'));
    const { supersededBy } = this.standing;
    if (supersededBy !== null && !batch.events.some((event) => adoptionOf(event) !== null))
      return Promise.reject(
        new TidemarkError('CONTRACTS_SUPERSEDED', `this one has ${this.#contracts.hash}, not ${supersededBy}`),
      );
    const sent = this.sources.get(batch.source);
    if (sent) {
      sent.received += batch.events.length;
      sent.lastReceivedAt = batch.receivedAt;
    }
    return this.intake.accept(batch);
  }

  /**
   * Takes new contracts into use. What is cached was filled under the old ones and may depend on events that only the
   * new ones act on, so a real change ends the trust of everything (anomaly C7).
   */
  async adopt(contracts: ContractSet): Promise<void> {
    if (contracts.hash === this.#contracts.hash && this.standing.supersededBy === null) return;
    this.#contracts = contracts;
    await this.#adopt(contracts.hash);
  }

  async #adopt(hash: string): Promise<void> {
    const now = this.runtime.clock.now();
    const id = `contracts-${hash}-${this.runtime.random.id()}`;
    const event: ChangeEvent = { id, type: CONTRACTS_CHANGED, source: SELF, data: { hash } };
    await this.accept(controlBatch({ source: SELF, epoch: '', position: null, event, receivedAt: now }));
    this.standing.look();
  }

  /**
   * Stops taking events, lets what is under way become durable and applied, then closes. Nothing acknowledged is lost:
   * what was not applied in time is in the journal for the next start.
   */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  #deliver(layer: Layer, type: string, startAt: Offset, innerName: string | null): Delivered {
    const { journal, runtime, observers, settlement } = this;
    const inner: Inner =
      innerName === null
        ? { watermark: () => journal.head, moved: (after, signal) => journal.changed(after, signal) }
        : layer.shared
          ? behindLayers(this, [innerName])
          : behindAll(this, [innerName]);
    // Of a layer that outlives the process nothing is known before it has been asked.
    const from = layer.resume ? ORIGIN : startAt;
    settlement.add(layer.name, from);
    const delivery = new Delivery(
      {
        layer,
        journal,
        runtime,
        observers,
        inner,
        canEnd: (source) => Boolean(this.sources.get(source)?.feed),
        reading: (entries) => {
          if (layer !== this.memory) return;
          for (const entry of entries) this.trail.see(entry);
          this.standing.look();
        },
        settled: (watermark) => {
          if (layer === this.memory) {
            this.namespaces.advance(watermark);
            this.trail.advance(watermark);
            this.progress.moved();
          }
          settlement.advance(layer.name, watermark);
        },
        failed: (at) => {
          settlement.fail(layer.name, at);
        },
      },
      from,
    );
    return { layer, type, delivery };
  }

  /** All that readers of the source could see at `t0`, by this process's clock, is in the journal at or below `at`. */
  prove(proof: FedProof): void {
    const { source, at, t0, upTo } = proof;
    this.namespaces.prove(source, at, t0, upTo?.position ?? null);
    this.proofs.post(proof);
    if (upTo) this.trail.proven(source, upTo, at, { t0, now: this.runtime.clock.mono(), head: this.journal.head });
    this.progress.moved();
  }

  #feed({ name, type, can, source, receiver }: Opened): Intaken {
    const { journal, runtime, observers } = this;
    const feed =
      source &&
      new Feed({
        name,
        source,
        journal,
        runtime,
        observers,
        accept: (batch) => this.intake.acceptWhole(batch),
        proven: (at, t0, upTo) => {
          const proof = { source: name, at, t0, upTo };
          this.prove(proof);
          journal.relays?.say({ kind: 'proof', clock: this.clockId, proof });
        },
        horizon: (epoch, xid) => {
          this.trail.horizon(name, { epoch, xid: Number(xid), at: journal.head });
        },
      });
    return { name, type, can, source, feed, receiver, received: 0, lastReceivedAt: null };
  }

  #run(startAt: Offset): void {
    const { signal } = this.closing;
    for (const { layer, delivery } of this.layers)
      this.#loops.push(
        layer.resume ? this.#work(`layer:${layer.name}`, (turn) => delivery.run(turn), signal) : delivery.run(signal),
      );
    if (this.projections.size > 0)
      this.#loops.push(this.#work(PROJECTIONS, (turn) => this.#refreshes.run(turn), signal));
    this.#loops.push(trimSteadily(this, signal), watchTrust(this, signal));
    if (this.auditor) this.#loops.push(this.auditor.run(startAt, signal));
    for (const { name, feed } of this.sources.values())
      if (feed)
        this.#feeds.push(this.#work(`source:${name}`, (turn, term) => feed.run(turn, term), this.#feeding.signal));
  }

  #work(name: string, run: (turn: AbortSignal, term?: number) => Promise<void>, signal: AbortSignal): Promise<void> {
    const { journal, standing, runtime } = this;
    const work = new Work({ name, relays: journal.relays, standing, runtime, run });
    this.works.set(name, work);
    return work.run(signal);
  }

  /** Among other relays: says and hears what only one of them can know, and takes its contracts into use. */
  async #join(): Promise<void> {
    const { relays } = this.journal;
    if (!relays) return;
    this.#loops.push(joinRelays(this, relays));
    if (this.standing.supersededBy !== null || relays.adopted === null) await this.#adopt(this.#contracts.hash);
  }

  async #close(): Promise<void> {
    const { clock } = this.runtime;
    this.#feeding.abort();
    await Promise.all(this.#feeds);
    const stop = new AbortController();
    const here = this.layers.filter(({ layer }) => this.works.get(`layer:${layer.name}`)?.isOurs !== false);
    const names = here.map(({ layer }) => layer.name);
    const last = (this.journal.head - 1) as Offset;
    await Promise.race([this.settlement.moved(names, last, stop.signal), clock.sleep(DRAIN_MS, stop.signal)]);
    stop.abort();
    this.closing.abort();
    await Promise.all(Array.from(this.projections.values(), (projection) => projection.close()));
    await Promise.all(this.#loops);
    this.settlement.close();
    for (const { source } of this.sources.values()) await source?.close();
    for (const { layer } of this.layers) await layer.close();
    await this.journal.close();
  }
}

/** What is known of the journal before the loops begin. */
interface Beginnings {
  readonly startAt: Offset;
  readonly trail: Trail;
}
