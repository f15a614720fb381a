import { assert } from '../../errors.ts';
import { EVERY_NAMESPACE, type Action } from '../../model/plan.ts';
import type { Epoch, Offset } from '../../model/position.ts';
import { SHARD_MARKS_MAX, type ShardReply, type ShardRun } from '../../trust/shard-apply.ts';
import type { ShardRefusal } from '../../trust/shard-fill.ts';
import type { Claim } from '../../trust/shard.ts';
import { APPLY, CLAIM, FILL, GET, KEEP, LEASE } from './lua.ts';
import { bytesOf, leaseName, nameOf, shardNames, shardOf, type ShardNames } from './names.ts';
import { Script, type Caller } from './script.ts';

/** Where an entry lies: the namespace, and the format that its value is written in. */
export interface Place {
  readonly namespace: string;
  readonly key: string;
  readonly format: string;
}

export interface ShardedFill extends Place {
  readonly epoch: Epoch;
  readonly value: Uint8Array;
  readonly stamp: Offset;
  readonly tags: readonly string[];
  readonly ttlMs: number;
}

export interface ShardedEntry {
  readonly value: Buffer;
  readonly stamp: Offset;
  /** Up to where it reflects every event; see `validThrough`. */
  readonly through: Offset;
  readonly tags: readonly string[];
  /** Until its TTL ends, by the server's clock. */
  readonly leftMs: number;
}

/** Why there is nothing: not stored or ended; a shard without a record; one of another journal; one of an earlier owner. */
export type Absence = 'absent' | 'cold' | 'other-epoch' | 'unclaimed';

/** `cold`: the shard has no record, so nothing says what the stamp is to be compared with. */
export type Refused = ShardRefusal | 'cold';

export type Claimed = { readonly watermark: Offset } & {
  readonly is: 'cold' | 'taken' | 'deposed' | 'beyond';
};

export interface ShardsOptions {
  readonly prefix: string;
  readonly shards: number;
  /** Of whoever applies. */
  readonly marksMax?: number;
}

export interface ShardedAsk {
  readonly epoch: Epoch;
  /** The oldest owner whose shard is believed. */
  readonly since: number;
  readonly stamp: Offset;
  readonly tags: readonly string[];
  readonly beyond: Offset;
  readonly token: string;
  readonly leaseMs: number;
}

/** What came of a question for an entry or the lease of its load; `leftMs` of somebody else's. */
export type Leased =
  | ShardedEntry
  | { readonly is: 'leased' | 'unshared' | Exclude<Absence, 'absent'> }
  | { readonly is: 'held'; readonly leftMs: number };

const SCRIPTS = {
  claim: new Script(CLAIM),
  apply: new Script(APPLY),
  get: new Script(GET),
  lease: new Script(LEASE),
  keep: new Script(KEEP),
  fill: new Script(FILL),
};

/**
 * The shards of a layer on the server. Keys are spread over them; tags and namespaces are remembered by each, so that an
 * entry is judged by what lies beside it, in one script on one server.
 */
export class Shards {
  readonly count: number;
  readonly #caller: Caller;
  readonly #names: readonly ShardNames[];
  readonly #marksMax: number;

  constructor(caller: Caller, { prefix, shards, marksMax = SHARD_MARKS_MAX }: ShardsOptions) {
    this.count = shards;
    this.#caller = caller;
    this.#marksMax = marksMax;
    this.#names = Array.from({ length: shards }, (_, shard) => shardNames(prefix, shard, shards));
  }

  async claim(
    shard: number,
    { epoch, owner, contractHash }: Claim,
    head: Offset,
    beganAt: Offset = head,
  ): Promise<Claimed> {
    const args = [epoch, owner, contractHash, head, beganAt];
    const reply = await SCRIPTS.claim.run(this.#caller, this.#at(shard).record, args);
    const [is, watermark] = reply as [Buffer, Buffer];
    return { is: String(is) as Claimed['is'], watermark: Number(watermark) as Offset };
  }

  /** The actions of one shard, in one call: see `split`. */
  async apply(
    shard: number,
    { epoch, owner, contractHash, after, watermark, actions }: ShardRun,
  ): Promise<{ readonly reply: ShardReply; readonly watermark: Offset }> {
    const { record, entries } = this.#at(shard);
    const keys: Buffer[] = [];
    const softly: (string | number)[] = [];
    const others: (string | Buffer | number)[] = [];
    for (const { action, at } of actions) {
      if (isOfKey(action)) {
        keys.push(Buffer.concat([entries, bytesOf(action.target)]));
        softly.push(action.kind === 'delete_key' ? 'delete' : 'expire', at);
      } else others.push(wordOf(action), at, bytesOf(action.target));
    }
    const head = [epoch, owner, contractHash, after, watermark, this.#marksMax, keys.length, entries.length];
    const reply = await SCRIPTS.apply.run(this.#caller, [...record, ...keys], [...head, ...softly, ...others]);
    const [is, at] = reply as [Buffer, Buffer | null];
    return { reply: String(is) as ShardReply, watermark: Number(at ?? 0) as Offset };
  }

  /** Of which journal each shard is; `null`: it has no record. */
  epochs(): Promise<(Epoch | null)[]> {
    return Promise.all(
      this.#names.map(async ({ record: [record] }) => {
        const [epoch] = (await this.#caller.callBuffer('HMGET', [record, 'epoch'])) as (Buffer | null)[];
        return epoch ? String(epoch) : null;
      }),
    );
  }

  /** `since`: the oldest owner whose shard is believed. */
  async get({ namespace, key, format }: Place, epoch: Epoch, since = 0): Promise<ShardedEntry | Absence> {
    const bytes = bytesOf(key);
    const { record, entries } = this.#at(shardOf(bytes, this.count));
    const name = bytesOf(namespace);
    const reply = await SCRIPTS.get.run(
      this.#caller,
      [...record, Buffer.concat([entries, bytes])],
      [epoch, name, slotOf(format, name), since],
    );
    return foundIn(reply) ?? (String((reply as [Buffer])[0]) as Absence);
  }

  /** An entry that reflects `beyond`, or the lease of its load. */
  async getOrLease({ namespace, key, format }: Place, ask: ShardedAsk): Promise<Leased> {
    const bytes = bytesOf(key);
    const names = this.#at(shardOf(bytes, this.count));
    const name = bytesOf(namespace);
    const slot = slotOf(format, name);
    const { epoch, since, stamp, tags, beyond, token, leaseMs } = ask;
    const reply = await SCRIPTS.lease.run(
      this.#caller,
      [...names.record, Buffer.concat([names.entries, bytes]), leaseName(names, slot, bytes)],
      [epoch, name, slot, since, beyond, bytes, token, leaseMs, stamp, ...tags.map(bytesOf)],
    );
    const found = foundIn(reply);
    if (found) return found;
    const [word, leftMs] = reply as [Buffer, number];
    const is = String(word) as Exclude<Leased, ShardedEntry>['is'];
    return is === 'held' ? { is, leftMs } : { is };
  }

  /** Whether the lease was still that of this token. */
  async keep(
    { namespace, key, format }: Place,
    token: string,
    how: 'renew' | 'release' | 'unshared',
    ms: number,
  ): Promise<boolean> {
    const bytes = bytesOf(key);
    const names = this.#at(shardOf(bytes, this.count));
    const lease = leaseName(names, slotOf(format, bytesOf(namespace)), bytes);
    return (await SCRIPTS.keep.run(this.#caller, [lease], [token, how, ms])) === 1;
  }

  /** `null`: stored. */
  async fill({ namespace, key, format, epoch, value, stamp, tags, ttlMs }: ShardedFill): Promise<Refused | null> {
    const bytes = bytesOf(key);
    const { record, entries } = this.#at(shardOf(bytes, this.count));
    const name = bytesOf(namespace);
    const head = [epoch, name, slotOf(format, name), stamp, Math.ceil(ttlMs), Buffer.from(value), bytes];
    const reply = await SCRIPTS.fill.run(
      this.#caller,
      [...record, Buffer.concat([entries, bytes])],
      [...head, ...tags.map(bytesOf)],
    );
    return String(reply) === 'stored' ? null : (String(reply) as Refused);
  }

  /** What of a plan concerns each shard: its keys, and all tags and namespaces. */
  split<T extends { readonly action: Action }>(actions: readonly T[]): readonly (readonly T[])[] {
    if (this.count === 1) return [actions];
    const split = Array.from({ length: this.count }, (): T[] => []);
    for (const one of actions) {
      const { action } = one;
      if (isOfKey(action)) split[shardOf(bytesOf(action.target), this.count)]?.push(one);
      else for (const every of split) every.push(one);
    }
    return split;
  }

  #at(shard: number): ShardNames {
    const names = this.#names[shard];
    assert(names !== undefined, `shard ${shard} of ${this.count}`);
    return names;
  }
}

function foundIn(reply: unknown): ShardedEntry | null {
  const [is, value, stamp, through, leftMs, ...tags] = reply as [Buffer, Buffer, Offset, Offset, number, ...Buffer[]];
  return String(is) === 'found' ? { value, stamp, through, leftMs, tags: tags.map(nameOf) } : null;
}

function wordOf({ kind, target }: Action): string {
  if (kind === 'purge_tag') return 'purge';
  if (kind === 'expire_tag') return 'expire';
  return target === EVERY_NAMESPACE ? 'everything' : 'namespace';
}

function isOfKey({ kind }: Action): boolean {
  return kind === 'delete_key' || kind === 'expire_key' || kind === 'refresh_key';
}

function slotOf(format: string, namespace: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`${format}:`), namespace]);
}
