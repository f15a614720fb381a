// An application process of the fleet: it caches through `tidemark/client`, loads from PostgreSQL, reads all the time, and tells
// each read to the process that started it. It ends with that one.
import { connect, type Connection, type Token } from '../../src/remote/index.ts';
import { Draw } from '../../src/sim/draw.ts';
import { mono, pause, wallAhead } from './clock.ts';
import { bump, KEYS, load, poolOf, tagsOf } from './database.ts';
import type { Told } from './judge.ts';

export interface AppOptions {
  readonly name: string;
  readonly seed: number;
  /** Of the daemons, or of the NATS servers. */
  readonly url: string | readonly string[];
  readonly database: string;
}

export interface AppReport {
  readonly reads: readonly Told[];
  readonly at: number;
  /** By the monotonic clock: everything that could be seen then is applied here. `null` before the first proof. */
  readonly provenAt: number | null;
  readonly losses: number;
  readonly reconnects: number;
  /** Reads that were rejected, by the code of their error. */
  readonly failed: Readonly<Record<string, number>>;
  /** A write of this process, to be read by another one. */
  readonly written: Written | null;
}

export interface Written {
  readonly key: number;
  readonly n: number;
  readonly token: Token;
}

export type AppOrder =
  { readonly order: 'read'; readonly written: Written } | { readonly order: 'write no more' | 'compare' };

/** Everything that is resident and served, at the end: `[key, n]`. */
export interface AppAnswer {
  readonly resident: readonly (readonly [number, number])[];
}

const NAMESPACE = 'item';
const READERS = 3;
const TELL_EVERY_MS = 100;
const WRITE_EVERY_MS = 250;

export async function runApp(options: AppOptions): Promise<void> {
  process.once('disconnect', () => process.exit());
  const tide = await connect({ url: options.url, timeout: '60s' });
  const app = new App(tide, options);
  process.on('message', (order: AppOrder) => {
    if (order.order === 'read') app.session(order.written);
    else if (order.order === 'write no more') app.writes = false;
    else process.send?.({ resident: app.resident() } satisfies AppAnswer);
  });
  await app.run();
}

class App {
  readonly #tide: Connection;
  readonly #pool;
  readonly #draw: Draw;
  readonly #failed: Record<string, number> = {};
  readonly #ahead = wallAhead();
  writes = true;
  #told: Told[] = [];
  #written: Written | null = null;

  constructor(tide: Connection, { name, seed, database }: AppOptions) {
    this.#tide = tide;
    this.#pool = poolOf(database, 6);
    this.#draw = new Draw(seed, `${name} ${mono()}`);
  }

  async run(): Promise<void> {
    await Promise.all([this.#tell(), this.#write(), ...Array.from({ length: READERS }, () => this.#readOn())]);
  }

  session({ key, n, token }: Written): void {
    void this.#read(key, { floor: n, token }).catch(this.#count);
  }

  resident(): [number, number][] {
    const cache = this.#cache;
    return KEYS.flatMap((key, at) => {
      const n = cache.peek(key);
      return n === undefined ? [] : [[at, n] as [number, number]];
    });
  }

  get #cache() {
    return this.#tide.cache<number>(NAMESPACE);
  }

  async #readOn(): Promise<void> {
    for (;;) {
      await this.#read(this.#key()).catch(this.#count);
      this.#peek(this.#key());
      await pause(this.#draw.between(2, 14));
    }
  }

  /** A few keys are read most. */
  #key(): number {
    return Math.floor(this.#draw.next() ** 2 * KEYS.length);
  }

  #peek(key: number): void {
    const began = mono();
    const n = this.#cache.peek(KEYS[key]!);
    if (n !== undefined) this.#told.push({ way: 'peek', key, n, began, asOf: null, hit: true, floor: 0 });
  }

  async #read(at: number, session?: { readonly floor: number; readonly token: Token }): Promise<void> {
    const key = KEYS[at]!;
    const began = mono();
    const { value, asOf, layer } = await this.#cache.read({
      key,
      tags: tagsOf(key),
      ...(session && { atLeast: session.token, wait: 20 }),
      factory: async () => {
        await this.#slowly();
        const n = await load(this.#pool, key);
        await this.#slowly();
        return n;
      },
    });
    this.#told.push({
      way: session ? 'session' : 'read',
      key: at,
      n: value,
      began,
      asOf: asOf - this.#ahead,
      hit: layer !== 'source',
      floor: session?.floor ?? 0,
    });
  }

  /** Mostly not at all, sometimes long enough for many commits to pass a load by. */
  #slowly(): Promise<void> {
    const draw = this.#draw;
    return draw.chance(0.9) ? Promise.resolve() : pause(draw.long(1, 300));
  }

  /** Writes, and reads it in this process at once; another process reads it when it is told. */
  async #write(): Promise<void> {
    for (;;) {
      await pause(WRITE_EVERY_MS);
      const key = this.#key();
      if (!this.writes || !KEYS[key]!.startsWith('item:')) continue;
      try {
        const n = await bump(this.#pool, KEYS[key]!);
        const token = await this.#cache.position(this.#pool);
        this.#written = { key, n, token };
        await this.#read(key, { floor: n, token });
      } catch (error) {
        this.#count(error);
      }
    }
  }

  readonly #count = (error: unknown): void => {
    const { code, message } = error as { code?: unknown; message?: string };
    const name = typeof code === 'string' ? code : (message ?? 'unknown');
    this.#failed[name] = (this.#failed[name] ?? 0) + 1;
  };

  async #tell(): Promise<void> {
    for (;;) {
      await pause(TELL_EVERY_MS);
      const { namespaces, losses, reconnects } = this.#tide.status();
      const age = namespaces.find(({ name }) => name === NAMESPACE)?.proofAgeMs ?? null;
      const at = mono();
      const reads = this.#told;
      this.#told = [];
      const written = this.#written;
      this.#written = null;
      process.send?.({
        reads,
        at,
        provenAt: age === null ? null : at - age,
        losses,
        reconnects,
        failed: { ...this.#failed },
        written,
      } satisfies AppReport);
    }
  }
}
