import { cpuUsage } from 'node:process';
import { numbered, Remembered, type NumberedMove, type Part, type Product } from './product.ts';
import { StateSet } from './state-set.ts';

export interface Explored {
  readonly states: number;
  readonly transitions: number;
  readonly deepest: number;
  /** Of the processor: what else the machine does is not counted. */
  readonly seconds: number;
  /** States of the parts that were met: what production code was asked about. */
  readonly parts: number;
  /** The shortest way to a state that breaks an invariant; `null` when every state was seen and none does. */
  readonly counterexample: Counterexample | null;
}

export interface Counterexample {
  readonly trace: readonly string[];
  readonly violation: string;
}

/**
 * Every state that can be reached, breadth first, so that the first violation found is a shortest one. States are kept
 * whole: nothing is taken for seen because of a hash.
 */
export function explore(product: Product, statesMax = Infinity): Explored {
  const began = cpuUsage();
  const width = product.parts.length;
  const seen = new StateSet(width);
  const rules = product.rules.flatMap((rule) => {
    const moves = numbered(rule);
    return rule.places.map(({ label, at }) => ({ label, at, moves }));
  });
  const checks = product.checks.flatMap((check) => {
    const broken = new Remembered([], check.sees, (states) => check.broken(...states) ?? '');
    return check.places.map((at) => ({ at, broken }));
  });
  const start = product.parts.map((part, i) => (part as Part<unknown>).number(product.start[i]));
  seen.add(Uint32Array.from(start), 0);
  const to = new Uint32Array(width);
  let transitions = 0;
  let deepest = 0;
  let layerEnd = 1;
  const told = (from: number, label: string, move: NumberedMove, violation: string): Explored => {
    const { trace, isSwapped } = retrace(seen, rules, from, product.alike);
    trace.push(`${isSwapped ? swapped(label) : label}${move.step}`);
    return result({ trace, violation });
  };
  const result = (counterexample: Counterexample | null): Explored => ({
    states: seen.size,
    transitions,
    deepest,
    seconds: cpuUsage(began).user / 1_000_000,
    parts: [...new Set(product.parts)].reduce((sum, part) => sum + part.size, 0),
    counterexample,
  });
  for (let from = 0; from < seen.size; from++) {
    if (from === layerEnd) {
      deepest++;
      layerEnd = seen.size;
    }
    for (const { label, at, moves } of rules) {
      for (const move of moves.of(seen.words, from * width, at)) {
        transitions++;
        if (move.broken !== null) return told(from, label, move, move.broken);
        seen.copy(from, to);
        for (let i = 0; i < move.next.length; i++) to[at[i]!] = move.next[i]!;
        arrange(to, product.alike);
        if (!seen.add(to, from)) continue;
        for (const check of checks) {
          const violation = check.broken.of(to, 0, check.at);
          if (violation !== '') return told(from, label, move, violation);
        }
      }
    }
    if (seen.size > statesMax) throw new Error(`more than ${statesMax} states: make the world smaller`);
  }
  return result(null);
}

/** Of two worlds that differ only in which of two processes is which, one stands for both. */
function arrange(world: Uint32Array, alike: Product['alike']): boolean {
  if (!alike) return false;
  const [one, other] = alike;
  const [a, b] = [world[one]!, world[other]!];
  if (a <= b) return false;
  world[one] = b;
  world[other] = a;
  return true;
}

interface Placed {
  readonly label: string;
  readonly at: readonly number[];
  readonly moves: Remembered<readonly NumberedMove[]>;
}

/** The steps to a state, by asking each state on the way which step led on. */
function retrace(
  seen: StateSet,
  rules: readonly Placed[],
  to: number,
  alike: Product['alike'],
): { readonly trace: string[]; readonly isSwapped: boolean } {
  const way: number[] = [to];
  for (let at = to; at !== 0; at = way[0]!) way.unshift(seen.parent(at));
  const world = Uint32Array.from(seen.at(0));
  let isSwapped = false;
  const trace: string[] = [];
  for (const next of way.slice(1)) {
    const wanted = seen.at(next).join();
    const found = rules.some(({ label, at, moves }) =>
      moves.of(world, 0, at).some((move) => {
        const tried = Uint32Array.from(world);
        move.next.forEach((number, i) => (tried[at[i]!] = number));
        const swaps = arrange(tried, alike);
        if (tried.join() !== wanted) return false;
        trace.push(`${isSwapped ? swapped(label) : label}${move.step}`);
        if (swaps) isSwapped = !isSwapped;
        world.set(tried);
        return true;
      }),
    );
    if (!found) throw new Error('a state without a way to it');
  }
  return { trace, isSwapped };
}

/** Names stay with the process, wherever it stands. */
function swapped(label: string): string {
  return label.replace(/\b[pq]\b/, (name) => (name === 'p' ? 'q' : 'p'));
}
