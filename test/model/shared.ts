import { readShard, readTags, validThrough, type ShardReading, type TagReading } from '../../src/trust/promotion.ts';
import { applyToShard, type ShardRun } from '../../src/trust/shard-apply.ts';
import { fillShard, type ShardFill } from '../../src/trust/shard-fill.ts';
import { coldShard, takeOver, type Claim, type Shard } from '../../src/trust/shard.ts';
import type { Offset } from '../../src/model/position.ts';
import type { Value } from './cache.ts';
import { concerns } from './database.ts';
import { KEY, NAMESPACE, readable, settledTxs, TAG, type Journal } from './journal.ts';
import { epochName } from './process.ts';
import { textOf, type Move } from './product.ts';
import type { Rules } from './rules.ts';
import type { Size } from './size.ts';

/** A shard of the shared layer, the copy that a failover would bring, and what an applier has sent to it. */
export interface SharedLayer {
  /** `null`: its record was lost. */
  readonly shard: Shard | null;
  readonly remains: Shard['entries'] | null;
  readonly copy: Shard;
  /** The daemon life that applies, and its place in the journal if it keeps that elsewhere. */
  readonly owner: number;
  readonly cursor: number;
  readonly runs: readonly ShardRun[];
  readonly used: Readonly<Record<'failovers' | 'losses', number>>;
}

export interface Shown {
  readonly reading: ShardReading;
  readonly tags: TagReading;
}

/** `holds`: which targets have their entries or marks on this shard. */
export class SharedLayers {
  readonly #rules: Rules;
  readonly #size: Size;

  constructor(rules: Rules, size: Size) {
    this.#rules = rules;
    this.#size = size;
  }

  start(): SharedLayer {
    const shard = coldShard(claimOf(1), 0 as Offset);
    return { shard, remains: null, copy: shard, owner: 1, cursor: 0, runs: [], used: { failovers: 0, losses: 0 } };
  }

  /** What its applier does. */
  follow(layer: SharedLayer, journal: Journal, holds: (kind: string) => boolean): Move[] {
    const { shard, runs, owner } = layer;
    const daemon = journal.epoch + 1;
    if (shard === null || owner < daemon || shard.owner < owner) return this.#claim(layer, journal, daemon);
    const after = this.#rules.cursor === 'in the shard' ? shard.watermark : layer.cursor;
    const line = readable(journal, owner - 1)[after];
    if (!line || runs.length >= this.#size.runs) return [];
    const at = (after + 1) as Offset;
    const actions = line.plan.actions.filter(({ kind }) => holds(kind)).map((action) => ({ action, at }));
    const run = { ...claimOf(owner), after: after as Offset, watermark: at, actions };
    const sent = [...runs, run].sort((a, b) => (textOf(a) < textOf(b) ? -1 : 1));
    return [{ step: `is sent ${at}`, next: [{ ...layer, runs: sent }] }];
  }

  /** What happens to it by itself. */
  live(layer: SharedLayer): Move[] {
    const { shard, copy, runs, used } = layer;
    if (shard === null) return [];
    const moves: Move[] = runs.flatMap((run, i) =>
      i > 0 && textOf(runs[i - 1]) === textOf(run)
        ? []
        : [
            this.#arrive(
              layer,
              shard,
              run,
              runs.filter((_, j) => j !== i),
            ),
          ],
    );
    if (this.#size.failovers > 0 && textOf(copy) !== textOf(shard)) {
      moves.push({ step: 'replicates', next: [{ ...layer, copy: shard }] });
      if (used.failovers < this.#size.failovers)
        moves.push({
          step: 'fails over',
          next: [{ ...layer, shard: copy, used: { ...used, failovers: used.failovers + 1 } }],
        });
    }
    if (used.losses < this.#size.losses)
      moves.push({
        step: 'loses its record',
        next: [{ ...layer, shard: null, remains: shard.entries, used: { ...used, losses: used.losses + 1 } }],
      });
    if (this.#size.evictions > 0 && shard.entries.size > 0)
      moves.push({ step: 'evicts the entry', next: [{ ...layer, shard: { ...shard, entries: new Map() } }] });
    return moves;
  }

  /** A fill that arrives. */
  take(layer: SharedLayer, fill: ShardFill): SharedLayer {
    return layer.shard === null
      ? layer
      : { ...layer, shard: this.#leaky(layer.shard, fillShard(this.#unfloored(layer.shard), fill).shard) };
  }

  shown({ shard, cursor }: SharedLayer): Shown | null {
    if (shard === null) return null;
    const reading = readShard(shard, NAMESPACE, KEY);
    const watermark = this.#rules.cursor === 'in the shard' ? reading.watermark : (cursor as Offset);
    return { reading: { ...reading, watermark }, tags: { ...readTags(shard, [TAG]), watermark } };
  }

  /** I1 for what the layer would vouch for. */
  brokenI1(shown: Shown | null, tags: TagReading | null, journal: Journal): string | null {
    if (!shown || !tags) return null;
    const { reading } = shown;
    const through = validThrough(
      reading,
      [this.#rules.tagShards ? tags : { ...tags, watermark: reading.watermark }],
      reading.epoch,
    );
    if (through === null) return null;
    const { sees } = reading.entry?.value as Value;
    const applied = settledTxs(journal, Number(reading.epoch.slice(1)), through, this.#rules);
    const missed = applied.find((tx) => concerns(this.#size, tx) && (sees & (1 << tx)) === 0);
    return missed === undefined ? null : `I1: the shared layer vouches for an entry that misses transaction ${missed}`;
  }

  #arrive(layer: SharedLayer, shard: Shard, run: ShardRun, runs: readonly ShardRun[]): Move {
    const { owners, contiguous, cursor } = this.#rules;
    const isChecked = contiguous && cursor === 'in the shard';
    const { epoch, owner } = owners ? run : shard;
    const sent = { ...run, epoch, owner, after: isChecked ? run.after : (0 as Offset) };
    const { shard: applied, reply } = applyToShard(shard, sent, this.#size.tombstones);
    const step = `${reply === 'applied' ? 'applies' : `answers ${reply} to`} ${run.watermark}${run.owner < layer.owner ? ' of the old daemon' : ''}`;
    const next = { ...layer, runs, shard: this.#leaky(shard, applied), cursor: Math.max(layer.cursor, run.watermark) };
    const isBack = next.shard.watermark < shard.watermark;
    return {
      step,
      next: [this.#rules.cursor === 'in the shard' ? { ...next, cursor: 0 } : next],
      broken: isBack ? 'I3: a watermark went back' : null,
    };
  }

  #claim(layer: SharedLayer, journal: Journal, owner: number): Move[] {
    const claim = claimOf(owner);
    const head = journal.durable as Offset;
    const made =
      layer.shard === null ? coldShard(claim, head, layer.remains ?? new Map()) : takeOver(layer.shard, claim, head);
    if (made === 'deposed' || made === 'beyond') return [];
    const shard = this.#rules.coldRaises
      ? made
      : { ...made, floor: 0 as Offset, reset: 0 as Offset, tagFloor: 0 as Offset };
    return [
      {
        step: layer.shard === null ? `begins anew at ${head}` : 'is taken over',
        next: [{ ...layer, shard, remains: null, owner }],
      },
    ];
  }

  /** The mistake under test: tombstones are forgotten, and the floor stays. */
  #leaky(before: Shard, after: Shard): Shard {
    return this.#rules.shardFloor ? after : { ...after, floor: before.floor, tagFloor: before.tagFloor };
  }

  #unfloored(shard: Shard): Shard {
    return this.#rules.fence ? shard : { ...shard, keys: new Map(), purgedTags: new Map(), expiredTags: new Map() };
  }
}

function claimOf(owner: number): Claim {
  return { epoch: epochName(owner - 1), owner, contractHash: '' };
}
