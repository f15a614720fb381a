/**
 * The protocol, by brute force: every interleaving of a small world, over the functions that production runs. The real
 * rules must survive to exhaustion; each rule switched off must be killed by a trace.
 */
import { describe, expect, it } from 'vitest';
import { explore } from './explore.ts';
import { PROTOCOL, type Rules } from './rules.ts';
import type { Size } from './world.ts';

const NOTHING: Size = {
  writes: ['key'],
  parts: 0,
  loads: 1,
  readers: 0,
  foreign: 0,
  duplicates: 0,
  restarts: 0,
  gaps: 0,
  echoes: 0,
  reloads: 0,
  tombstones: 100,
};

interface Variant {
  readonly id: string;
  readonly mistake: string;
  readonly rules: Partial<Rules>;
  readonly size: Partial<Size>;
}

const VARIANTS: readonly Variant[] = [
  { id: 'B1', mistake: 'a delete without a fence', rules: { fence: false }, size: {} },
  {
    id: 'B2, A2',
    mistake: 'the stamp is taken when the load ends',
    rules: { stamp: 'watermark after the load' },
    size: {},
  },
  {
    id: 'B3, A3',
    mistake: 'the stamp is the log head, without a gate',
    rules: { stamp: 'log head', gate: false },
    size: {},
  },
  { id: 'B4', mistake: 'the stamp is the log head, with a gate', rules: { stamp: 'log head' }, size: {} },
  { id: 'B5, A4', mistake: 'an event is applied before readers see it', rules: { gate: false }, size: {} },
  {
    id: 'B6, A5, A6',
    mistake: 'a tombstone is forgotten without a floor',
    rules: { floor: false },
    size: { writes: ['key', 'other'], tombstones: 1 },
  },
  {
    id: 'B12, C17',
    mistake: 'the feed goes on at its head without a barrier',
    rules: { barrier: false },
    size: { gaps: 1 },
  },
  { id: 'B13, C18', mistake: 'a gap ends no trust', rules: { gapPurges: false }, size: { gaps: 1 } },
  {
    id: 'A8',
    mistake: 'of two loads the one that ends last stays',
    rules: { newerStays: false },
    size: { loads: 2, echoes: 1 },
  },
  { id: 'A13', mistake: 'a reader joins any load under way', rules: { joins: 'any' }, size: { readers: 1 } },
  { id: 'C1', mistake: 'a duplicate deletes what is fresher', rules: { sparesFresh: false }, size: { duplicates: 1 } },
  {
    id: 'C7',
    mistake: 'new contracts leave what was filled under the old ones',
    rules: { reloadPurges: false },
    size: { reloads: 1 },
  },
  {
    id: 'D8',
    mistake: 'tags that the load learned are not compared with its start',
    rules: { fencesLearnedTags: false },
    size: { writes: ['tag'] },
  },
  {
    id: 'T1',
    mistake: 'the watermark passes a transaction that is still open',
    rules: { waitsForCommit: false },
    size: { parts: 1, foreign: 1 },
  },
  {
    id: 'T2',
    mistake: 'a restart begins inside an open transaction',
    rules: { beginsSettled: false },
    size: { parts: 1, restarts: 1 },
  },
  {
    id: 'T3',
    mistake: 'a proof counts before what it covers is applied',
    rules: { proofWaits: false },
    size: { echoes: 1 },
  },
];

describe('every broken variant is killed', () => {
  it.each(VARIANTS)('$id: $mistake', ({ id, mistake, rules, size }) => {
    const explored = explore({ ...PROTOCOL, ...rules }, { ...NOTHING, ...size });
    expect(explored.counterexample).not.toBeNull();
    const { trace = [], violation = '' } = explored.counterexample ?? {};
    console.log(`${id}: ${mistake}\n    ${trace.join(' · ')}\n    → ${violation} (${explored.states} states)`);
  });
});

/** Worlds in which several things happen at once: the largest that keep the whole file within a minute of two cores. */
const WORLDS: readonly (readonly [string, Partial<Size>])[] = [
  ['two writes of one row, two loads, a proof', { writes: ['key', 'key'], loads: 2, echoes: 1 }],
  ['a row and a tag, a restart, a proof', { writes: ['key', 'tag'], restarts: 1, echoes: 1 }],
  ['parts, a foreign event, a restart, a proof', { parts: 1, foreign: 1, restarts: 1, echoes: 1 }],
  ['a gap, a restart, two loads, a proof', { gaps: 1, restarts: 1, loads: 2, echoes: 1 }],
  ['forgotten tombstones, a duplicate, a gap', { writes: ['key', 'other'], tombstones: 1, duplicates: 1, gaps: 1 }],
  ['a reader that joins, a reload, a proof', { readers: 1, reloads: 1, echoes: 1 }],
];

describe('the protocol survives to exhaustion', () => {
  it.each(WORLDS)(
    '%s',
    (name, size) => {
      const { counterexample, states, transitions, deepest } = explore(PROTOCOL, { ...NOTHING, ...size });
      expect(counterexample).toBeNull();
      console.log(`${name}: ${states} states, ${transitions} transitions, ${deepest} steps deep`);
    },
    120_000,
  );

  it.each(VARIANTS)('in the world that killed $id', ({ size }) => {
    expect(explore(PROTOCOL, { ...NOTHING, ...size }).counterexample).toBeNull();
  });
});
