import { z } from 'zod';
import { loadConfig } from '../../src/config/load.ts';
import type { Cache } from '../../src/client/cache.ts';
import { journalKinds } from '../../src/journal/index.ts';
import { layerKinds } from '../../src/layers/index.ts';
import type { ChangeEvent } from '../../src/model/event.ts';
import type { JsonObject } from '../../src/model/json.ts';
import type { Observation } from '../../src/model/observation.ts';
import type { Position, Resume } from '../../src/model/position.ts';
import type { Receipt } from '../../src/operations.ts';
import { settled, virtualRuntime, type VirtualRuntime } from '../../src/runtime/virtual.ts';
import { cacheOf } from '../../src/service/cache-of.ts';
import { Engine } from '../../src/service/engine.ts';
import type { Source, SourceItem, SourceKind, SourceReport } from '../../src/sources/source.ts';

type Announced = Partial<ChangeEvent> & { readonly type: string };

/** A source that yields what the test says, and proves when the test says. */
export class ScriptedSource implements Source {
  state: SourceReport = { state: 'streaming' };
  readonly #name: string;
  readonly #runtime: VirtualRuntime;
  #items: (SourceItem | Error)[] = [];
  #wake: () => void = () => undefined;
  #commits = 0;

  constructor(name: string, runtime: VirtualRuntime) {
    this.#name = name;
    this.#runtime = runtime;
  }

  async *open(_after: Resume | null, signal: AbortSignal): AsyncIterable<SourceItem> {
    signal.addEventListener('abort', () => {
      this.#wake();
    });
    while (!signal.aborted) {
      const item = this.#items.shift();
      if (item instanceof Error) throw item;
      if (item) yield item;
      else await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  /** A transaction, durable and applied when it resolves. */
  commit(...events: readonly Announced[]): Promise<Position> {
    return this.#send(true, events);
  }

  /** The first part of a transaction that never ends. */
  part(...events: readonly Announced[]): Promise<Position> {
    return this.#send(false, events);
  }

  async #send(commit: boolean, events: readonly Announced[]): Promise<Position> {
    const n = ++this.#commits;
    const position = String(n).padStart(8, '0') as Position;
    await this.#push({
      kind: 'batch',
      batch: {
        source: this.#name,
        epoch: 'e1',
        position,
        first: 0,
        commit,
        receivedAt: this.#runtime.clock.now(),
        events: events.map((event, i) => ({ id: `${n}.${i}`, source: this.#name, data: {}, ...event })),
      },
    });
    return position;
  }

  /** An echo that was sent `ageMs` ago comes back: all before it is applied. */
  prove(ageMs = 0, upTo?: Position): Promise<void> {
    const t0 = this.#runtime.clock.mono() - ageMs;
    return this.#push({ kind: 'proof', t0, ...(upTo && { upTo: { epoch: 'e1', position: upTo } }) });
  }

  /** History may be missing. */
  gap(code: string, reason: string): Promise<void> {
    const position = String(++this.#commits).padStart(8, '0') as Position;
    return this.#push({ kind: 'gap', code, reason, resume: { epoch: 'e2', position } });
  }

  fail(error: Error): Promise<void> {
    return this.#push(error);
  }

  ack(): Promise<void> {
    return Promise.resolve();
  }

  report(): SourceReport {
    return this.state;
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  async #push(item: SourceItem | Error): Promise<void> {
    this.#items.push(item);
    this.#wake();
    await settled();
    await settled();
  }
}

/**
 * A whole Tidemark in memory and in virtual time, with scripted sources by the names given. Those of type `hook` prove
 * nothing.
 */
export class ScriptedWorld {
  readonly runtime: VirtualRuntime = virtualRuntime();
  readonly sources = new Map<string, ScriptedSource>();
  readonly seen: Observation[] = [];
  engine!: Engine;

  static async start(config: JsonObject, names: readonly string[] = ['db']): Promise<ScriptedWorld> {
    const world = new ScriptedWorld();
    const scripted: SourceKind = {
      type: 'scripted',
      summary: '',
      options: z.unknown(),
      can: { order: true, replay: true, prove: true },
      open: ({ name }) => {
        const source = new ScriptedSource(name, world.runtime);
        world.sources.set(name, source);
        return Promise.resolve(source);
      },
    };
    const hook: SourceKind = { ...scripted, type: 'hook', can: { order: false, replay: false, prove: false } };
    const kinds = { sources: [scripted, hook], journals: journalKinds, layers: layerKinds };
    const sources = Object.fromEntries(names.map((name) => [name, { type: 'scripted' }]));
    const object = { version: 1, journal: { type: 'memory' }, sources, contracts: [], ...config };
    const loaded = loadConfig({ object, kinds });
    if (!loaded.config) throw new Error(JSON.stringify(loaded.findings));
    world.engine = await Engine.start({ config: loaded.config, runtime: world.runtime, refreshes: {}, kinds });
    world.engine.observers.add((observation) => world.seen.push(observation));
    await settled();
    return world;
  }

  get db(): ScriptedSource {
    return this.source('db');
  }

  source(name: string): ScriptedSource {
    const source = this.sources.get(name);
    if (!source) throw new Error(`no source ${name}`);
    return source;
  }

  cache<T>(namespace: string): Cache<T, Receipt> {
    return cacheOf(this.engine, namespace) as Cache<T, Receipt>;
  }

  told(type: Observation['type']): Observation['fields'][] {
    return this.seen.filter((observation) => observation.type === type).map(({ fields }) => fields);
  }

  /** Closing drains, which takes virtual time. */
  async close(): Promise<void> {
    const closed = this.engine.close();
    await this.runtime.clock.advance(10_000);
    await closed;
  }
}
