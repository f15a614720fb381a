import { SeededRandom } from '../../src/runtime/virtual.ts';
import { zipf } from '../draws.ts';

export interface Trace {
  readonly name: string;
  /** How many keys there are. */
  readonly keys: number;
  readonly trace: Uint32Array;
}

const KEYS = 100_000;
/** A scan of so many keys after each so many accesses: a nightly export between the readers of a shop. */
const SCAN = 20_000;
const SCAN_EVERY = 50_000;
/** A loop over somewhat more than the middle room: the worst case of LRU. */
const LOOP = 1_500;
/** How often what is popular changes over a trace. */
const SEASONS = 10;

/** What is asked for, one key after the other. */
export function traces(accesses: number, seed: number): readonly Trace[] {
  const draws = (exponent: number, count = accesses): Uint32Array =>
    zipf(new SeededRandom(seed), { keys: KEYS, draws: count, exponent });
  return [
    ...[0.6, 0.8, 0.99, 1.2].map((exponent) => ({
      name: `zipf ${String(exponent)}`,
      keys: KEYS,
      trace: draws(exponent),
    })),
    { name: 'zipf 0.99 and scans', keys: KEYS, trace: withScans(draws(0.99)) },
    { name: 'zipf 0.99 and loops', keys: KEYS, trace: withLoops(draws(0.99)) },
    { name: 'zipf 0.99, what is popular changes', keys: KEYS, trace: inSeasons(accesses, seed) },
    { name: 'a scan, over and over', keys: KEYS, trace: Uint32Array.from({ length: accesses }, (_, n) => n % KEYS) },
    { name: 'a loop of 1,500', keys: KEYS, trace: Uint32Array.from({ length: accesses }, (_, n) => n % LOOP) },
  ];
}

/** Keys that nobody else reads. */
function withScans(trace: Uint32Array): Uint32Array {
  let next = KEYS;
  return Uint32Array.from(trace, (id, n) => (n % SCAN_EVERY < SCAN ? next++ : id));
}

/** Every other access goes around in a loop. */
function withLoops(trace: Uint32Array): Uint32Array {
  return Uint32Array.from(trace, (id, n) => (n % 2 === 0 ? id : KEYS + ((n >> 1) % LOOP)));
}

function inSeasons(accesses: number, seed: number): Uint32Array {
  const season = Math.ceil(accesses / SEASONS);
  const trace = new Uint32Array(season * SEASONS);
  for (let n = 0; n < SEASONS; n++) {
    trace.set(zipf(new SeededRandom(seed + n), { keys: KEYS, draws: season, exponent: 0.99 }), n * season);
  }
  return trace;
}
