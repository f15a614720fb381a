import type { Cache } from './client/cache.ts';
import type { Config } from './config/config.ts';
import type { Contract } from './contracts/contract.ts';
import type { Finding } from './contracts/finding.ts';
import { matchesType } from './contracts/pattern.ts';
import type { Serializer } from './layers/shared.ts';
import type { DeadLetter, Entry } from './model/entry.ts';
import type { FeedFrame, FeedFrom, FeedTime } from './model/feed.ts';
import type { MemberReport, TimeQuestion } from './model/member.ts';
import type { Observation } from './model/observation.ts';
import type { Offset } from './model/position.ts';
import type { Status } from './model/status.ts';
import type { Token } from './model/token.ts';
import type {
  CacheFill,
  CacheLookup,
  EventInput,
  Explanation,
  InvalidationMessage,
  Operations,
  PlanPreview,
  Receipt,
  ReceiveResult,
  ReplayReport,
  ReplayRequest,
} from './operations.ts';
import { replay } from './pipeline/replay.ts';
import type { Refresh } from './pipeline/projection.ts';
import type { Metrics } from './runtime/metrics.ts';
import type { Log } from './runtime/log.ts';
import { realRuntime } from './runtime/real.ts';
import type { Runtime } from './runtime/runtime.ts';
import { emission, eventOf, invalidationOf, send, type Emission } from './service/emission.ts';
import { cacheOf } from './service/cache-of.ts';
import { Engine } from './service/engine.ts';
import { explainKey } from './service/explain.ts';
import { retryLetter } from './service/letters.ts';
import { feedOf } from './service/feed-out.ts';
import { memberLeft, timeFor } from './service/fed-members.ts';
import { lookup, put } from './service/lookup.ts';
import { previewOf } from './service/preview.ts';
import { eventSourceOf, receive } from './service/receive.ts';
import { ConfigInvalid, readConfig, type ConfigSource } from './service/read-config.ts';
import { statusOf } from './service/status.ts';
import { exposeCounts } from './service/expose.ts';
import type { RawRequest } from './sources/source.ts';

export interface StartOptions {
  /** Path of a `tidemark.yaml`, or its content as an object. Default: `tidemark.yaml` in the working directory. */
  readonly config?: ConfigSource;
  /** Directory that relative paths start from. Default: that of the file, else the working directory. */
  readonly cwd?: string;
  /** For `${NAME}` in the configuration. Default: `process.env`. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Projections that are functions of this process, by their name in contracts. */
  readonly projections?: Readonly<Record<string, Refresh>>;
  /** How values of a shared layer are written, by the name of the layer. Default: as its options say. */
  readonly serializers?: Readonly<Record<string, Serializer>>;
  /** Default: silent. */
  readonly log?: Log;
  /** Clock, random, log and metrics of one's own, for tests. */
  readonly runtime?: Runtime;
}

export interface CacheOptions<T> {
  readonly equals?: (cached: T, loaded: T) => boolean;
}

/** Entries that `follow` reads at a time. */
const PAGE = 500;

/** Fastest replay unless asked otherwise: noticeable in the layers, harmless to them. */
const REPLAY_RATE = 1_000;

/**
 * Tidemark in this process: sources, journal, contracts, layers and the cache.
 *
 * @example
 * const tide = await Tidemark.start({ config: 'tidemark.yaml' });
 * const products = tide.cache<Product>('product');
 * await tide.emit({ type: 'product.updated', data: { product_id: 42 } });
 * await tide.close();
 */
export class Tidemark implements Operations {
  readonly #engine: Engine;
  readonly #options: StartOptions;
  readonly #caches = new Map<string, Cache<unknown, Receipt>>();

  /**
   * Opens the journal, the layers and the sources, and starts the loops.
   *
   * @throws CONFIG_INVALID with every finding in the message; what a part throws that cannot open
   */
  static async start(options: StartOptions = {}): Promise<Tidemark> {
    const runtime = options.runtime ?? realRuntime(options.log ? { log: options.log } : {});
    const config = readConfig(options);
    const { projections: refreshes = {}, serializers = {} } = options;
    const engine = await Engine.start({ config, runtime, refreshes, serializers });
    exposeCounts(engine);
    return new Tidemark(engine, options);
  }

  private constructor(engine: Engine, options: StartOptions) {
    this.#engine = engine;
    this.#options = options;
  }

  get config(): Config {
    return this.#engine.config;
  }

  get metrics(): Metrics {
    return this.#engine.runtime.metrics;
  }

  get head(): Offset {
    return this.#engine.journal.head;
  }

  get first(): Offset {
    return this.#engine.journal.first;
  }

  get eventSource(): string {
    return eventSourceOf(this.#engine);
  }

  /**
   * The cache of a namespace. Values of type `T` are what its factories return. `equals` is what the auditor compares
   * them with, where their members do not say it all (times of loading, rounding); the last one given counts.
   *
   * @throws NAMESPACE_UNKNOWN
   */
  cache<T>(namespace: string, options: CacheOptions<T> = {}): Cache<T, Receipt> {
    const { equals } = options;
    const held = this.#engine.namespaces.all.get(namespace);
    if (equals && held) held.equals = (cached, loaded) => equals(cached as T, loaded as T);
    const known = this.#caches.get(namespace);
    if (known) return known as Cache<T, Receipt>;
    const cache = cacheOf(this.#engine, namespace);
    this.#caches.set(namespace, cache);
    return cache as Cache<T, Receipt>;
  }

  /**
   * Sends a domain event. Resolves when it is durable; `.applied` resolves when every layer has it.
   *
   * @throws EVENT_INVALID, SOURCE_UNKNOWN, CLOSED
   */
  emit(input: EventInput): Emission {
    return emission(
      (async () => {
        const source = input.source ?? this.eventSource;
        return send(this.#engine, source, [eventOf(this.#engine, input, source)]);
      })(),
    );
  }

  /**
   * Ends trust by an explicit message: durable, in order with all events, applied to every layer.
   *
   * @throws INVALIDATION_INVALID, NAMESPACE_UNKNOWN, CLOSED
   */
  async invalidate(message: InvalidationMessage): Promise<Receipt> {
    const event = invalidationOf(this.#engine, message);
    return send(this.#engine, event.source, [event]);
  }

  receive(source: string, request: RawRequest): Promise<ReceiveResult> {
    return receive(this.#engine, source, request);
  }

  get bodyBytesMax(): ReadonlyMap<string, number> {
    const bounds = new Map<string, number>();
    for (const { name, receiver } of this.#engine.sources.values())
      if (receiver) bounds.set(name, receiver.bodyBytesMax);
    return bounds;
  }

  /** Calls the listener for everything that happens from now on; the returned function ends that. */
  observe(listener: (observation: Observation) => void): () => void {
    return this.#engine.observers.add(listener);
  }

  /** As `observe`, for one type of observation. */
  on(type: Observation['type'], listener: (observation: Observation) => void): () => void {
    return this.observe((observation) => {
      if (observation.type === type) listener(observation);
    });
  }

  status(): Status {
    return statusOf(this.#engine);
  }

  /** @throws EVENT_INVALID, SOURCE_UNKNOWN */
  preview(input: EventInput): PlanPreview {
    const event = eventOf(this.#engine, input, input.source ?? this.eventSource);
    const layers = this.#engine.layers.map(({ layer }) => layer);
    return previewOf(this.#engine.contracts, layers, event);
  }

  explain(key: string): Promise<Explanation> {
    return explainKey(this.#engine, key);
  }

  contracts(): readonly Contract[] {
    return this.#engine.contracts.contracts;
  }

  entries(after: Offset, limit: number): Promise<readonly Entry[]> {
    return this.#engine.journal.read(after, limit);
  }

  async *follow(after: Offset, signal: AbortSignal): AsyncIterable<readonly Entry[]> {
    const { journal, closing } = this.#engine;
    const stop = AbortSignal.any([signal, closing.signal]);
    let place = after;
    while (!stop.aborted) {
      await journal.changed(place, stop);
      if (stop.aborted) return;
      const page = await journal.read(place, PAGE);
      const last = page.at(-1);
      if (!last) continue;
      place = last.offset;
      yield page;
    }
  }

  feed(from: FeedFrom | null, signal: AbortSignal): AsyncIterable<FeedFrame> {
    return feedOf(this.#engine, from, signal);
  }

  feedTime(question: TimeQuestion): Promise<FeedTime> {
    return timeFor(this.#engine, question);
  }

  feedLeft(id: MemberReport['id']): void {
    memberLeft(this.#engine, id);
  }

  deadLetters(options: { after?: number; limit?: number } = {}): Promise<readonly DeadLetter[]> {
    return this.#engine.journal.deadLetters.list(options);
  }

  deadLetter(id: number): Promise<DeadLetter | null> {
    return this.#engine.journal.deadLetters.get(id);
  }

  retryDeadLetter(id: number): Promise<{ readonly ok: boolean; readonly message: string }> {
    return retryLetter(this.#engine, id);
  }

  discardDeadLetter(id: number): Promise<boolean> {
    return this.#engine.journal.deadLetters.remove(id);
  }

  replay(request: ReplayRequest): Promise<ReplayReport> {
    const engine = this.#engine;
    const { types } = request;
    return replay(
      {
        journal: engine.journal,
        runtime: engine.runtime,
        accept: (batch) => engine.accept(batch),
        plan: (event) => engine.planOf(event),
        wanted: (type) => types === undefined || types.some((pattern) => matchesType(pattern, type)),
      },
      {
        from: request.from,
        to: request.to ?? engine.journal.head,
        dryRun: request.dryRun ?? false,
        rate: request.rate ?? REPLAY_RATE,
        signal: AbortSignal.any([engine.closing.signal, ...(request.signal ? [request.signal] : [])]),
        onProgress: request.onProgress ?? (() => undefined),
      },
    );
  }

  async position(namespace: string, source?: string): Promise<Token> {
    return this.cache(namespace).position(undefined, source === undefined ? {} : { source });
  }

  cacheGet(namespace: string, key: string): Promise<CacheLookup> {
    return lookup(this.#engine, namespace, key);
  }

  cachePut(namespace: string, key: string, fill: CacheFill): { readonly stored: boolean; readonly reason?: string } {
    return put(this.#engine, namespace, key, fill);
  }

  async reload(): Promise<{ readonly ok: boolean; readonly findings: readonly Finding[] }> {
    try {
      const { contracts } = readConfig(this.#options);
      await this.#engine.adopt(contracts);
      return { ok: true, findings: [] };
    } catch (error) {
      if (error instanceof ConfigInvalid) return { ok: false, findings: error.findings };
      throw error;
    }
  }

  /** Drains and closes: what was accepted is durable, what is durable is applied or waits for the next start. */
  close(): Promise<void> {
    return this.#engine.close();
  }
}
