import { TidemarkError } from '../../errors.ts';
import type { SharedTerms } from '../../model/feed.ts';
import { APPLIED, type Health, type Outcome } from '../../model/outcome.ts';
import { ORIGIN, type Offset } from '../../model/position.ts';
import { CACHE_CAN, type Authority, type Layer, type StampedAction } from '../layer.ts';
import type { SharedStore } from '../shared.ts';
import type { Connection } from './connection.ts';
import type { Claimed, Shards } from './shards.ts';
import { surveyOf, unusable, warningsOf } from './survey.ts';

/**
 * Actions of one call: about four milliseconds of the server's time, in which it serves nobody else. A script has room for
 * a few thousand arguments at a time.
 */
const AT_ONCE = 500;

export interface RedisLayerParts {
  readonly name: string;
  readonly authority: Authority;
  /** Of its own: what is being applied must not hold up readers. */
  readonly connection: Connection;
  readonly shards: Shards;
  readonly shared: SharedStore;
  readonly terms: Omit<SharedTerms, 'since' | 'claimed'>;
  readonly close: () => void;
}

/**
 * L2: a cache that many processes share, on Redis or Valkey. Its watermark lives with its entries, so this only knows
 * where it has come to since it last took the shards over.
 */
export class RedisLayer implements Layer {
  readonly name: string;
  readonly can = CACHE_CAN;
  readonly shared: SharedStore;
  readonly #parts: RedisLayerParts;
  #after: Offset = ORIGIN;
  #isClaimed = false;
  #warnings: readonly string[] = [];

  constructor(parts: RedisLayerParts) {
    this.name = parts.name;
    this.shared = parts.shared;
    this.#parts = parts;
  }

  get terms(): SharedTerms {
    const { terms, authority } = this.#parts;
    const since = authority.since?.();
    return { ...terms, ...(since !== undefined && { since }), claimed: this.#isClaimed };
  }

  get warnings(): readonly string[] {
    return this.#warnings;
  }

  /** @throws REDIS_DEPOSED, REDIS_VERSION, and what a call fails with */
  async resume(): Promise<Offset> {
    const { authority } = this.#parts;
    this.#isClaimed = false;
    await this.#survey();
    let claimed = await this.#claim();
    // Put back to an earlier state, the journal gives out offsets again that the shards have: in another epoch.
    if (claimed.some(({ is }) => is === 'beyond')) {
      await authority.renew();
      claimed = await this.#claim();
    }
    if (claimed.some(({ is }) => is === 'deposed')) throw new TidemarkError('REDIS_DEPOSED', `layer ${this.name}`);
    this.#after = Math.min(...claimed.map(({ watermark }) => watermark)) as Offset;
    this.#isClaimed = true;
    return this.#after;
  }

  /** @throws REDIS_BEHIND when a shard has gone back, or is not this daemon's any more; `resume` says where to go on */
  async apply(actions: readonly StampedAction[], watermark: Offset): Promise<readonly Outcome[]> {
    const { shards } = this.#parts;
    const claim = this.#parts.authority.claim();
    await Promise.all(
      shards.split(actions).map(async (own, shard) => {
        // One after the other: only the last moves the watermark, when all before it are there.
        for (let from = 0; from === 0 || from < own.length; from += AT_ONCE) {
          const isLast = from + AT_ONCE >= own.length;
          const run = {
            ...claim,
            after: this.#after,
            watermark: isLast ? watermark : this.#after,
            actions: own.slice(from, from + AT_ONCE),
          };
          const { reply } = await shards.apply(shard, run);
          if (reply === 'deposed') throw new TidemarkError('REDIS_DEPOSED', `layer ${this.name}`);
          if (reply !== 'applied') throw new TidemarkError('REDIS_BEHIND', `shard ${shard} is ${reply}`);
        }
      }),
    );
    this.#after = watermark;
    return actions.map(() => APPLIED);
  }

  async probe(): Promise<Health> {
    try {
      await this.#survey();
      return { ok: true };
    } catch (error) {
      return { ok: false, detail: error instanceof Error ? error.message : String(error) };
    }
  }

  close(): Promise<void> {
    this.#parts.close();
    return Promise.resolve();
  }

  async #claim(): Promise<Claimed[]> {
    const { authority, shards } = this.#parts;
    const head = await authority.settledAt();
    const claim = authority.claim();
    const beganAt = authority.beganAt?.() ?? head;
    return Promise.all(Array.from({ length: shards.count }, (_, shard) => shards.claim(shard, claim, head, beganAt)));
  }

  async #survey(): Promise<void> {
    const surveys = await this.#infos();
    const wrong = surveys?.map(unusable).find((why) => why !== null);
    if (wrong) throw new TidemarkError('REDIS_VERSION', wrong);
    this.#warnings = surveys
      ? [...new Set(surveys.flatMap(warningsOf))]
      : ['the server does not say its version and maxmemory-policy: allow INFO to this user'];
  }

  /** `null` when the user may not ask. */
  async #infos(): Promise<ReturnType<typeof surveyOf>[] | null> {
    try {
      return (await this.#parts.connection.surveys()).map(surveyOf);
    } catch (error) {
      if (error instanceof TidemarkError && error.message.includes('NOPERM')) return null;
      throw error;
    }
  }
}
