import type { Epoch } from '../../model/position.ts';
import type { Runtime } from '../../runtime/runtime.ts';
import type {
  Serializer,
  SharedAnswer,
  SharedAsk,
  SharedFill,
  SharedFilled,
  SharedHit,
  SharedLease,
  SharedLeases,
  SharedStore,
} from '../shared.ts';
import { Circuit } from './circuit.ts';
import { disclose, enclose } from './envelope.ts';
import { failureOf } from './failure.ts';
import type { Place, ShardedEntry, Shards } from './shards.ts';

export interface RedisStoreParts {
  readonly layer: string;
  readonly shards: Shards;
  readonly serializer: Serializer;
  readonly runtime: Pick<Runtime, 'clock' | 'log'>;
  /** Told of the result of every read and fill. */
  readonly counts: SharedCounts;
  readonly epoch: () => Epoch;
  /** The oldest owner whose shards are believed. */
  readonly since: () => number;
  readonly compressAbove: number;
  readonly valueBytesMax: number;
}

export interface SharedCounts {
  read(result: string): void;
  filled(result: string): void;
}

/** Calls under way at a time; more would only wait for each other in the socket, and their readers with them. */
const UNDER_WAY_MAX = 10_000;

/** An entry's tags are read by one command; a script has room for a few thousand arguments. */
const TAGS_MAX = 1_000;

/** The same complaint about values of a namespace is written once in this time. */
const COMPLAIN_EVERY_MS = 60_000;

/**
 * How long readers of a value that is not shared go without leases: long beside a load, so that they do not wait for each other one
 * by one; short beside the time in which a program is changed.
 */
const UNSHARED_MS = 5_000;

/** A master that has become a replica is asked for no leases for so long: it refuses them, and the connection is made anew each time. */
const READ_ONLY_MS = 1_000;

/** Results of fills that no time changes. */
const UNFIT: ReadonlySet<string> = new Set(['unserializable', 'too-large', 'too-many-tags']);

/** Reads, fills and leases of a shared layer. What goes wrong is counted, and is a miss. */
export class RedisStore implements SharedStore, SharedLeases {
  readonly #parts: RedisStoreParts;
  readonly #circuit = new Circuit();
  readonly #complained = new Map<string, number>();
  #underWay = 0;
  #readOnlyUntil = -Infinity;

  constructor(parts: RedisStoreParts) {
    this.#parts = parts;
  }

  get leases(): SharedLeases {
    return this;
  }

  async get(namespace: string, key: string): Promise<SharedHit | null> {
    const { shards, epoch, since } = this.#parts;
    const asked = await this.#ask(() => shards.get(this.#place(namespace, key), epoch(), since()));
    return typeof asked === 'string' ? this.#read(asked) : this.#hit(namespace, asked);
  }

  async getOrLease({ namespace, key, ...ask }: SharedAsk): Promise<SharedAnswer> {
    const { shards, epoch, since } = this.#parts;
    const { clock } = this.#parts.runtime;
    if (clock.mono() < this.#readOnlyUntil) return this.#none('skipped', 'free');
    const place = this.#place(namespace, key);
    const asked = await this.#ask(async () => {
      try {
        return await shards.getOrLease(place, { ...ask, epoch: epoch(), since: since() });
      } catch (error) {
        if (failureOf(error).code === 'REDIS_NOT_NOW') this.#readOnlyUntil = clock.mono() + READ_ONLY_MS;
        throw error;
      }
    });
    if (typeof asked === 'string') return this.#none(asked, 'free');
    if ('value' in asked) {
      const hit = await this.#hit(namespace, asked);
      return hit ? { is: 'found', hit } : { is: 'free' };
    }
    if (asked.is !== 'held') return this.#none(asked.is, asked.is === 'leased' ? 'leased' : 'free');
    this.#read('held');
    return { is: 'held', leftMs: asked.leftMs };
  }

  async renew({ namespace, key, token }: SharedLease, leaseMs: number): Promise<void> {
    await this.#ask(() => this.#parts.shards.keep(this.#place(namespace, key), token, 'renew', leaseMs));
  }

  async release({ namespace, key, token }: SharedLease, unshared: boolean): Promise<void> {
    const how = unshared ? 'unshared' : 'release';
    await this.#ask(() => this.#parts.shards.keep(this.#place(namespace, key), token, how, UNSHARED_MS));
  }

  async fill({ namespace, key, value, stamp, tags, ttlMs, ahead }: SharedFill): Promise<SharedFilled> {
    const { shards, serializer, epoch, compressAbove, valueBytesMax } = this.#parts;
    if (tags.length > TAGS_MAX) return this.#filled('too-many-tags');
    // Before anything is awaited: the stamp is an offset of this one, whatever journal there is afterwards.
    const journal = epoch();
    let bytes: Buffer;
    try {
      const enclosed = enclose({ value, ahead }, serializer, compressAbove);
      bytes = Buffer.isBuffer(enclosed) ? enclosed : await enclosed;
    } catch (error) {
      this.#complain('a value cannot be stored in the shared layer', namespace, error);
      return this.#filled('unserializable');
    }
    if (bytes.length > valueBytesMax) return this.#filled('too-large');
    const place = this.#place(namespace, key);
    const refused = await this.#ask(() => shards.fill({ ...place, epoch: journal, value: bytes, stamp, tags, ttlMs }));
    return this.#filled(refused ?? 'stored');
  }

  #place(namespace: string, key: string): Place {
    return { namespace, key, format: this.#parts.serializer.id };
  }

  async #hit(namespace: string, { value, through, tags, leftMs }: ShardedEntry): Promise<SharedHit | null> {
    const { serializer, valueBytesMax } = this.#parts;
    try {
      const enveloped = await disclose(value, serializer, valueBytesMax);
      this.#read('found');
      return { ...enveloped, through, tags, leftMs };
    } catch (error) {
      this.#complain('a value in the shared layer cannot be read', namespace, error);
      return this.#read('unreadable');
    }
  }

  /** One call, unless there is no point in it; `skipped` and `failed` where there is no answer. */
  async #ask<T>(call: () => Promise<T>): Promise<T | 'skipped' | 'failed'> {
    const { clock, log } = this.#parts.runtime;
    const { layer } = this.#parts;
    if (this.#underWay >= UNDER_WAY_MAX || !this.#circuit.allows(clock.mono())) return 'skipped';
    this.#underWay++;
    try {
      const answer = await call();
      if (this.#circuit.succeeded()) log.info({ layer }, 'the shared layer answers again');
      return answer;
    } catch (error) {
      const failure = failureOf(error);
      // A server that is full, or may not be written to, answers well: reads go on.
      if (failure.code === 'REDIS_FULL') return 'failed';
      const opened = this.#circuit.failed(clock.mono());
      if (opened) log.warn({ layer, err: failure }, 'the shared layer does not answer; reads go on without it');
      return 'failed';
    } finally {
      this.#underWay--;
    }
  }

  #read(result: string): null {
    this.#parts.counts.read(result);
    return null;
  }

  #none(result: string, is: 'leased' | 'free'): SharedAnswer {
    this.#read(result);
    return { is };
  }

  #filled(result: string): SharedFilled {
    this.#parts.counts.filled(result);
    if (result === 'stored') return result;
    return UNFIT.has(result) ? 'unfit' : 'refused';
  }

  #complain(what: string, namespace: string, error: unknown): void {
    const { clock, log } = this.#parts.runtime;
    const now = clock.mono();
    const id = `${what} ${namespace}`;
    if (now - (this.#complained.get(id) ?? -Infinity) < COMPLAIN_EVERY_MS) return;
    this.#complained.set(id, now);
    log.warn({ layer: this.#parts.layer, namespace, err: error }, what);
  }
}
