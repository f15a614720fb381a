import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import type { Offset } from '../model/position.ts';
import { readShard, readTags, validThrough, type ShardReading, type TagReading } from './promotion.ts';
import { applyToShard } from './shard-apply.ts';
import { fillShard } from './shard-fill.ts';
import { coldShard, type Shard, type SharedEntry } from './shard.ts';

const at = (offset: number): Offset => offset as Offset;

function reading(watermark: number, entry: Partial<SharedEntry> | null = {}): ShardReading {
  const whole = { epoch: 'j', namespace: 'n', key: 'k', value: 1, stamp: at(3), tags: [], isExpired: false };
  return { epoch: 'j', watermark: at(watermark), entry: entry && { ...whole, ...entry } };
}

function tag(watermark: number, hard = 0, soft = 0): TagReading {
  return { epoch: 'j', watermark: at(watermark), ends: { hard: at(hard), soft: at(soft) } };
}

describe('an entry of a shared layer is valid through', () => {
  it.each([
    ['what its shard has applied', reading(7), [], 7],
    ['its own stamp, where the shard is behind it', reading(2), [], 3],
    ['what the slowest shard of its tags has applied', reading(7), [tag(9), tag(5)], 5],
    ['its stamp, where a shard of its tags is behind that', reading(7), [tag(1)], 3],
    ['its stamp, when an event expired it', reading(7, { isExpired: true }), [], 3],
    ['its stamp, when a tag expired it', reading(7), [tag(9, 0, 4)], 3],
    ['all that was applied, when its tags were ended before its load', reading(7), [tag(9, 3, 3)], 7],
  ])('%s', (_, entry, tags, through) => {
    expect(validThrough(entry, tags, 'j')).toBe(through);
  });

  it.each([
    ['is not there', reading(7, null), [], 'j'],
    ['was ended by a tag', reading(7), [tag(9, 4)], 'j'],
    ['lies on a shard of another journal', reading(7), [], 'other'],
    ['has a tag on a shard of another journal', reading(7), [{ ...tag(9), epoch: 'old' }], 'j'],
  ])('nothing, when it %s', (_, entry, tags, journal) => {
    expect(validThrough(entry, tags, journal)).toBeNull();
  });
});

describe('a shard is read', () => {
  const empty = coldShard({ epoch: 'j', owner: 1, contractHash: 'c' }, at(0));

  it('with its watermark, and without entries of an earlier journal', () => {
    const fill = { epoch: 'j', namespace: 'n', key: 'k', value: 1, stamp: at(3), tags: [] };
    const { shard } = fillShard(empty, fill);
    expect(readShard(shard, 'n', 'k')).toMatchObject({ epoch: 'j', watermark: 0, entry: { value: 1 } });
    expect(readShard({ ...shard, epoch: 'j2' }, 'n', 'k').entry).toBeNull();
    expect(readShard(shard, 'n', 'other').entry).toBeNull();
  });

  it('with the newest purge and the newest expiry of its tags, whichever tag they are of', () => {
    const purgedTags = new Map([
      ['red', at(5)],
      ['blue', at(3)],
    ]);
    const expiredTags = new Map([
      ['blue', at(6)],
      ['red', at(2)],
    ]);
    expect(readTags({ ...empty, purgedTags, expiredTags }, ['red', 'blue', 'grey']).ends).toEqual({ hard: 5, soft: 6 });
  });
});

type Kind = 'delete_key' | 'expire_key' | 'purge_tag' | 'expire_tag' | 'purge_url';
type Step =
  | { readonly do: 'event'; readonly kind: Kind }
  | { readonly do: 'apply' | 'again' | 'skip' | 'copy' | 'failover'; readonly to: 0 | 1 }
  | { readonly do: 'fill'; readonly stamp: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    do: fc.constant('event' as const),
    // Mostly one that ends nothing: only over such is an entry valid beyond its load.
    kind: fc.oneof(fc.constantFrom<Kind[]>('delete_key', 'expire_key', 'purge_tag', 'expire_tag'), {
      arbitrary: fc.constant<Kind>('purge_url'),
      weight: 3,
    }),
  }),
  fc.record({
    do: fc.constantFrom('apply', 'apply', 'apply', 'again', 'skip', 'copy', 'failover'),
    to: fc.constantFrom(0 as const, 1 as const),
  }),
  fc.record({ do: fc.constant('fill' as const), stamp: fc.nat(12) }),
);

it('no event at or below where an entry is valid through came after its load, whatever shards go through', () => {
  let promoted = 0;
  fc.assert(
    fc.property(
      fc.array(step, { minLength: 8, maxLength: 60, size: 'max' }),
      fc.integer({ min: 1, max: 2 }),
      (steps, marksMax) => {
        const events: Kind[] = [];
        const claim = { epoch: 'j', owner: 1, contractHash: 'c' };
        const cold = coldShard(claim, at(0));
        // The key's shard and the tag's, each with a copy that is behind.
        const shards: [Shard, Shard] = [cold, cold];
        const copies: [Shard, Shard] = [cold, cold];
        const apply = (to: 0 | 1, after: number): void => {
          const kind = events[after];
          if (!kind) return;
          const target = kind.endsWith('key') ? 'k' : 'g';
          const actions = target === (to === 0 ? 'k' : 'g') ? [{ action: { kind, target }, at: at(after + 1) }] : [];
          const run = { ...claim, after: at(after), watermark: at(after + 1), actions };
          shards[to] = applyToShard(shards[to], run, marksMax).shard;
        };
        for (const one of steps) {
          if (one.do === 'event') events.push(one.kind);
          else if (one.do === 'fill') {
            const stamp = at(Math.min(one.stamp, events.length));
            const fill = { epoch: 'j', namespace: 'n', key: 'k', value: 0, stamp, tags: ['g'] };
            shards[0] = fillShard(shards[0], fill).shard;
          } else if (one.do === 'apply') apply(one.to, shards[one.to].watermark);
          else if (one.do === 'again') apply(one.to, 0);
          else if (one.do === 'skip') apply(one.to, shards[one.to].watermark + 1);
          else if (one.do === 'copy') copies[one.to] = shards[one.to];
          else shards[one.to] = copies[one.to];
          const entry = readShard(shards[0], 'n', 'k');
          const through = validThrough(entry, [readTags(shards[1], ['g'])], 'j');
          if (through === null || !entry.entry || through <= entry.entry.stamp) continue;
          promoted++;
          expect(events.slice(entry.entry.stamp, through).filter((kind) => kind !== 'purge_url')).toEqual([]);
        }
      },
    ),
    { numRuns: 500 },
  );
  expect(promoted).toBeGreaterThan(0);
});
