import { setMaxListeners } from 'node:events';
import { Cache } from '../../src/client/cache.ts';
import type { Policy } from '../../src/client/parts.ts';
import { Progress } from '../../src/client/progress.ts';
import { SecondLayer } from '../../src/client/second-layer.ts';
import { MemoryStore, type Shelf } from '../../src/layers/memory/store.ts';
import type { SharedStore } from '../../src/layers/shared.ts';
import type { Mono, Offset } from '../../src/model/position.ts';
import { settled, type VirtualRuntime } from '../../src/runtime/virtual.ts';
import { NEVER } from '../../src/trust/proofs.ts';
import { ProvenPast } from '../../src/trust/proven-past.ts';

/** A source of numbers: each transaction writes its own number to the keys that it names. */
export class Numbers {
  /** What every transaction made of it. */
  readonly history: Readonly<Record<string, number>>[];
  readonly feeds: string[][][] = [];

  constructor(keys: readonly string[]) {
    this.history = [Object.fromEntries(keys.map((key) => [key, 0]))];
  }

  get now(): Readonly<Record<string, number>> {
    return this.history.at(-1) ?? {};
  }

  commit(keys: readonly string[]): void {
    const n = this.history.length;
    this.history.push({ ...this.now, ...Object.fromEntries(keys.map((key) => [key, n])) });
    for (const feed of this.feeds) feed.push([...keys]);
  }

  /** Whether there was a moment at which all keys had these values. */
  had(values: Readonly<Record<string, number>>): boolean {
    return this.history.some((state) => Object.entries(values).every(([key, value]) => state[key] === value));
  }
}

/** A process that caches what is in `Numbers`. Nothing moves unless it is told to. */
export class Reader {
  readonly runtime: VirtualRuntime;
  readonly store = new MemoryStore();
  readonly shelf: Shelf = { name: 'account', provenAt: NEVER };
  readonly progress = new Progress();
  readonly closing = new AbortController();
  readonly cache: Cache<number, string>;
  loads = 0;
  readonly #source: Numbers;
  readonly #feed: string[][] = [];
  readonly #echoes: { readonly t0: Mono; readonly upTo: number }[] = [];
  readonly #loads: (() => void)[] = [];
  readonly #past = new ProvenPast();

  constructor(source: Numbers, runtime: VirtualRuntime, given: Partial<Policy> = {}, shared?: SharedStore) {
    this.#source = source;
    this.runtime = runtime;
    setMaxListeners(0, this.closing.signal);
    source.feeds.push(this.#feed);
    const { store, shelf } = this;
    const policy: Policy = {
      name: 'account',
      ttlMs: 1e9,
      jitter: 0,
      maxStalenessMs: undefined,
      whenUncertain: 'bypass',
      provable: true,
      ...given,
    };
    const asOf = (through: Offset): Mono => this.#past.asOf(through);
    const second =
      shared &&
      new SecondLayer({ name: 'shared', shared, store, shelf, policy, runtime, asOf, closing: this.closing.signal });
    this.cache = new Cache<number, string>({
      store,
      shelf,
      policy,
      ...(second && { second }),
      counts: { hits: 0, misses: 0, uncertain: 0, stored: 0, refused: 0, skipped: 0 },
      runtime,
      observer: { active: false, tell: () => undefined },
      progress: this.progress,
      layer: 'local',
      closing: this.closing.signal,
      invalidate: (message) => Promise.resolve(JSON.stringify(message)),
    });
  }

  apply(): void {
    const keys = this.#feed.shift();
    if (!keys) return;
    const at = (this.store.watermark + 1) as Offset;
    this.store.apply(
      keys.map((target) => ({ action: { kind: 'delete_key', target }, at })),
      at,
    );
    this.progress.moved();
  }

  echo(): void {
    this.#echoes.push({ t0: this.runtime.clock.mono(), upTo: this.#source.history.length - 1 });
  }

  /** The oldest echo has come back, if all before it is applied. */
  prove(): void {
    const echo = this.#echoes[0];
    if (!echo || echo.upTo > this.store.watermark) return;
    this.#echoes.shift();
    this.shelf.provenAt = echo.t0;
    this.#past.add(echo.upTo as Offset, echo.t0);
    this.progress.moved();
  }

  /** Everything is applied, and an echo of now has come back. */
  catchUp(): void {
    this.echo();
    while (this.#feed.length > 0) this.apply();
    while (this.#echoes.length > 0) this.prove();
  }

  /** A load takes two steps: it reads, then it answers. */
  readonly load = async ({ key }: { readonly key: string }): Promise<number> => {
    this.loads++;
    await new Promise<void>((resolve) => this.#loads.push(resolve));
    const read = this.#source.now[key] ?? -1;
    await new Promise<void>((resolve) => this.#loads.push(resolve));
    return read;
  };

  step(which = 0): void {
    const [load] = this.#loads.splice(which % Math.max(1, this.#loads.length), 1);
    load?.();
  }

  /** Everything that is under way ends, and nothing new comes. */
  async rest(): Promise<void> {
    for (let round = 0; round < 20; round++) {
      while (this.#loads.length > 0) {
        this.step();
        await settled();
      }
      await this.runtime.clock.advance(1);
      this.catchUp();
      await settled();
    }
  }
}
