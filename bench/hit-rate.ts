// Question: how often does what is asked for have a place, at equal capacity? Method: the same traces, made from a seed,
// through the memory layer (SIEVE) and through `lru-cache` (LRU), each with room for a part of the keys, and a load on
// each miss. The share of hits over the whole trace, which begins with empty caches. Nothing of it depends on the machine.
//
//   node scripts/bench.mjs hit-rate [accesses] [seed]
import { LRUCache } from 'lru-cache';
import { traces } from './hit-rate/traces.ts';
import { MemoryStore, type Shelf } from '../src/layers/memory/store.ts';
import { ORIGIN } from '../src/model/position.ts';
import { NEVER } from '../src/trust/proofs.ts';
import { versionOf } from './support.ts';

/** Room for this part of the keys. */
const ROOMS = [0.001, 0.01, 0.1];

const [, , accessesText = '500000', seedText = '1'] = process.argv;

function hitsOfStore(trace: Uint32Array, room: number): number {
  const store = new MemoryStore(ORIGIN, { maxEntries: room, maxBytes: Infinity });
  const shelf: Shelf = { name: 'n', provenAt: NEVER };
  let hits = 0;
  for (const id of trace) {
    const key = String(id);
    if (store.find(shelf, key)) hits++;
    else store.fill(shelf, key, { value: id, tags: [], stamp: ORIGIN, loadedAt: 0, ttlMs: 1 }, 0);
  }
  return hits;
}

function hitsOfLru(trace: Uint32Array, room: number): number {
  const lru = new LRUCache<string, number>({ max: room });
  let hits = 0;
  for (const id of trace) {
    const key = String(id);
    if (lru.get(key) !== undefined) hits++;
    else lru.set(key, id);
  }
  return hits;
}

console.log(`share of hits over ${accessesText} accesses, seed ${seedText}; lru-cache ${versionOf('lru-cache')}`);
const rows: Record<string, Record<string, string>> = {};
for (const { name, keys, trace } of traces(Number(accessesText), Number(seedText))) {
  for (const part of ROOMS) {
    const room = Math.round(keys * part);
    const [ours, lru] = [hitsOfStore(trace, room), hitsOfLru(trace, room)].map((hits) => hits / trace.length);
    const percent = (share = NaN): string => `${(100 * share).toFixed(2)} %`;
    rows[`${name}, room for ${String(room)} of ${String(keys)}`] = {
      tidemark: percent(ours),
      'lru-cache': percent(lru),
      'points more': (100 * ((ours ?? NaN) - (lru ?? NaN))).toFixed(2),
    };
  }
}
console.table(rows);
