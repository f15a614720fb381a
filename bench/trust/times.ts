import { performance } from 'node:perf_hooks';
import { SeededRandom } from '../../src/runtime/virtual.ts';
import { zipf } from '../draws.ts';
import { median, spread } from '../support.ts';
import { keyOf, MAX_STALENESS_MS, Shop } from './shop.ts';
import { sidesOf, type Side } from './sides.ts';

/** As skewed as in the YCSB benchmarks. */
export const EXPONENT = 0.99;
const SEED = 1;
/** Tens of milliseconds: short, so that whatever else the machine does meets all sides alike. */
const SLICE = 50_000;
const SLICES = 40;
const TURNS = 3;

interface Slice {
  readonly keys: readonly string[];
  /** Of the ids that they stand for. */
  readonly sum: number;
}

/** Drawn by a zipf law. The keys are other strings than those that are stored, as a program has them that has just made one. */
function slicesOf(size: number): readonly Slice[] {
  const keys = Array.from({ length: size }, (_, id) => keyOf(id));
  const drawn = zipf(new SeededRandom(SEED), { keys: size, draws: SLICES * SLICE, exponent: EXPONENT });
  return Array.from({ length: SLICES }, (_, n) => {
    const ids = drawn.subarray(n * SLICE, (n + 1) * SLICE);
    return { keys: Array.from(ids, (id) => keys[id] ?? ''), sum: ids.reduce((sum, id) => sum + id, 0) };
  });
}

/** Nanoseconds of processor time a read. */
async function nsOf({ read }: Side, first: Slice, timed: Slice): Promise<number> {
  // The other sides have emptied the processor's caches of what this one reads most.
  await read(first.keys);
  const beganAt = performance.now();
  const cpu = process.cpuUsage();
  const reading = read(timed.keys);
  // Awaited only where the side itself is.
  const sum = typeof reading === 'number' ? reading : await reading;
  const { user, system } = process.cpuUsage(cpu);
  if (sum !== timed.sum) throw new Error(`read ${String(sum)}, not ${String(timed.sum)}`);
  if (performance.now() - beganAt > MAX_STALENESS_MS) throw new Error('a slice took longer than a proof holds');
  return ((user + system) * 1_000) / SLICE;
}

type Round = ReadonlyMap<string, number>;

/** Rows for people: of each side, and of each side against each that it is held against. */
export async function times(count: number, size: number): Promise<Record<string, Record<string, string>>> {
  const shop = new Shop(size);
  const sides = await sidesOf(shop, size);
  const slices = slicesOf(size);
  const names = Object.keys(sides);
  let taken = 0;
  const next = (): Slice => slices[taken++ % SLICES]!;

  /** The usual slice of each side. Which one goes first changes from turn to turn. */
  const round = async (): Promise<Round> => {
    const ns = new Map(names.map((name) => [name, [] as number[]]));
    for (let turn = 0; turn < TURNS; turn++) {
      for (const name of [...names.slice(turn), ...names.slice(0, turn)]) {
        shop.prove();
        ns.get(name)?.push(await nsOf(sides[name]!, next(), next()));
      }
    }
    return new Map([...ns].map(([name, of]) => [name, median(of)]));
  };

  await round(); // Warms up.
  const rounds: Round[] = [];
  for (let n = 0; n < count; n++) rounds.push(await round());
  if (shop.counts.misses !== size) throw new Error('a warm key was missed');

  const over = (of: (get: (name: string) => number) => number, digits: number): string =>
    spread(
      rounds.map((ns) => of((name) => ns.get(name) ?? NaN)),
      digits,
    );
  return Object.fromEntries(
    names.flatMap((name) => {
      const own = { 'ns a read': over((of) => of(name), 0) };
      const against = (base: string): Record<string, string> => ({
        'ns more': over((of) => of(name) - of(base), 0),
        ratio: over((of) => of(name) / of(base), 2),
      });
      return [
        [name, own] as const,
        ...sides[name]!.against.map((base) => [`${name} : ${base}`, against(base)] as const),
      ];
    }),
  );
}
