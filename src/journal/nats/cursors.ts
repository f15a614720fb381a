import { ORIGIN, type Offset } from '../../model/position.ts';
import type { Runtime } from '../../runtime/runtime.ts';
import { Cursors } from '../cursors.ts';
import type { Link } from './link.ts';

/** As of the other journals: after a crash that much is read again, which is harmless. */
const CURSOR_LAG_MS = 200;

/** Places of consumers, in the bucket: what this opening has settled, and what others have. */
export class NatsCursors {
  readonly #link: Link;
  readonly #runtime: Runtime;
  readonly #own = new Cursors();
  #cancelTimer: (() => void) | null = null;
  #saving: Promise<void> = Promise.resolve();
  #isClosed = false;

  constructor(link: Link, runtime: Runtime) {
    this.#link = link;
    this.#runtime = runtime;
  }

  async get(consumer: string): Promise<Offset | null> {
    const saved = await this.#saved(keyOf(consumer));
    const own = this.#own.get(consumer);
    return saved === null ? own : (Math.max(saved, own ?? ORIGIN) as Offset);
  }

  settle(consumer: string, offset: Offset): void {
    if (this.#own.settle(consumer, offset)) this.#saveSoon();
  }

  async keep(consumers: readonly string[]): Promise<void> {
    this.#own.keep(consumers);
    await this.#saving;
    const kept = new Set(consumers.map(keyOf));
    for (const key of await this.#keys()) if (!kept.has(key)) await this.#link.kv.delete(key);
  }

  /** Up to here every consumer of every opening has read; unbounded when there is none. */
  async lowest(): Promise<number> {
    await this.save();
    const saved = await Promise.all((await this.#keys()).map((key) => this.#saved(key)));
    return Math.min(...saved.flatMap((offset) => (offset === null ? [] : [offset])));
  }

  save(): Promise<void> {
    this.#saving = this.#saving.then(() => this.#save());
    return this.#saving;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#cancelTimer?.();
    await this.save();
  }

  #saveSoon(): void {
    this.#cancelTimer ??= this.#runtime.clock.after(CURSOR_LAG_MS, () => {
      this.#cancelTimer = null;
      if (!this.#isClosed) void this.save();
    });
  }

  async #save(): Promise<void> {
    const dirty: [string, Offset][] = [];
    this.#own.save((consumer, offset) => dirty.push([consumer, offset]));
    if (dirty.length === 0) return;
    try {
      await Promise.all(
        dirty.map(([consumer, offset]) => this.#link.kv.put(keyOf(consumer), `${this.#link.created} ${offset}`)),
      );
      this.#own.saved(dirty);
    } catch (error) {
      if (this.#isClosed) return;
      this.#runtime.log.warn({ error }, 'cursors could not be saved; they go with the next write');
      this.#saveSoon();
    }
  }

  async #keys(): Promise<string[]> {
    const keys: string[] = [];
    for await (const key of await this.#link.kv.keys('cursor.>')) keys.push(key);
    return keys;
  }

  async #saved(key: string): Promise<Offset | null> {
    const entry = await this.#link.kv.get(key);
    const [created, offset] = entry?.operation === 'PUT' ? entry.string().split(' ') : [];
    return created === this.#link.created ? (Number(offset) as Offset) : null;
  }
}

/** A key of the bucket may hold few characters; a name may hold any. */
function keyOf(consumer: string): string {
  return `cursor.c${Buffer.from(consumer).toString('base64url')}`;
}
