import type { Epoch } from '../../model/position.ts';
import type { Runtime } from '../../runtime/runtime.ts';
import type { Serializer, SharedFill, SharedHit, SharedStore } from '../shared.ts';
import { Circuit } from './circuit.ts';
import { disclose, enclose } from './envelope.ts';
import { failureOf } from './failure.ts';
import type { Shards } from './shards.ts';

export interface RedisStoreParts {
  readonly layer: string;
  readonly shards: Shards;
  readonly serializer: Serializer;
  readonly runtime: Runtime;
  readonly epoch: () => Epoch;
  /** The oldest owner whose shards are believed. */
  readonly since: () => number;
  readonly compressAbove: number;
  readonly valueBytesMax: number;
}

/** Calls under way at a time; more would only wait for each other in the socket, and their readers with them. */
const UNDER_WAY_MAX = 10_000;

/** An entry's tags are read by one command; a script has room for a few thousand arguments. */
const TAGS_MAX = 1_000;

/** The same complaint about values of a namespace is written once in this time. */
const COMPLAIN_EVERY_MS = 60_000;

/** Reads and fills of a shared layer. What goes wrong is counted, and is a miss. */
export class RedisStore implements SharedStore {
  readonly #parts: RedisStoreParts;
  readonly #circuit = new Circuit();
  readonly #complained = new Map<string, number>();
  #underWay = 0;

  constructor(parts: RedisStoreParts) {
    this.#parts = parts;
  }

  async get(namespace: string, key: string): Promise<SharedHit | null> {
    const { shards, serializer, epoch, since, valueBytesMax } = this.#parts;
    const asked = await this.#ask(() => shards.get({ namespace, key, format: serializer.id }, epoch(), since()));
    if (typeof asked === 'string') return this.#read(asked);
    const { value, through, tags, leftMs } = asked;
    try {
      const enveloped = await disclose(value, serializer, valueBytesMax);
      this.#read('found');
      return { ...enveloped, through, tags, leftMs };
    } catch (error) {
      this.#complain('a value in the shared layer cannot be read', namespace, error);
      return this.#read('unreadable');
    }
  }

  async fill({ namespace, key, value, stamp, tags, ttlMs, ahead }: SharedFill): Promise<boolean> {
    const { shards, serializer, epoch, compressAbove, valueBytesMax } = this.#parts;
    if (tags.length > TAGS_MAX) return this.#filled('too-many-tags');
    let bytes: Buffer;
    try {
      const enclosed = enclose({ value, ahead }, serializer, compressAbove);
      bytes = Buffer.isBuffer(enclosed) ? enclosed : await enclosed;
    } catch (error) {
      this.#complain('a value cannot be stored in the shared layer', namespace, error);
      return this.#filled('unserializable');
    }
    if (bytes.length > valueBytesMax) return this.#filled('too-large');
    const place = { namespace, key, format: serializer.id };
    const refused = await this.#ask(() => shards.fill({ ...place, epoch: epoch(), value: bytes, stamp, tags, ttlMs }));
    return this.#filled(refused ?? 'stored');
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
    this.#parts.runtime.metrics.sharedReads.inc({ layer: this.#parts.layer, result });
    return null;
  }

  #filled(result: string): boolean {
    this.#parts.runtime.metrics.sharedFills.inc({ layer: this.#parts.layer, result });
    return result === 'stored';
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
