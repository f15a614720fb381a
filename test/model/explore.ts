import { World, type Size } from './world.ts';
import type { Rules } from './rules.ts';

export interface Explored {
  readonly states: number;
  readonly transitions: number;
  readonly deepest: number;
  /** The shortest way to a state that breaks an invariant; `null` when every state was seen and none does. */
  readonly counterexample: { readonly trace: readonly string[]; readonly violation: string } | null;
}

interface Node {
  readonly parent: Node | null;
  readonly step: string;
  readonly depth: number;
}

/**
 * Every state that can be reached, breadth first, so that the first violation found is a shortest one. A state is
 * rebuilt by doing its steps again: the production objects have no way to be copied, and should not grow one for tests.
 */
export function explore(rules: Rules, size: Size, statesMax = Infinity): Explored {
  const seen = new Set<string>([new World(rules, size).fingerprint()]);
  let layer: Node[] = [{ parent: null, step: '', depth: 0 }];
  let transitions = 0;
  let deepest = 0;
  while (layer.length > 0) {
    const next: Node[] = [];
    for (const node of layer) {
      const trace = traceOf(node);
      const here = replay(rules, size, trace);
      for (const step of here.steps()) {
        transitions++;
        const world = replay(rules, size, trace);
        world.do(step);
        const violation = world.violation();
        if (violation !== null) {
          return { states: seen.size, transitions, deepest, counterexample: { trace: [...trace, step], violation } };
        }
        const fingerprint = world.fingerprint();
        if (seen.has(fingerprint)) continue;
        seen.add(fingerprint);
        next.push({ parent: node, step, depth: node.depth + 1 });
        deepest = node.depth + 1;
        if (seen.size > statesMax) throw new Error(`more than ${statesMax} states: make the world smaller`);
      }
    }
    layer = next;
  }
  return { states: seen.size, transitions, deepest, counterexample: null };
}

function replay(rules: Rules, size: Size, trace: readonly string[]): World {
  const world = new World(rules, size);
  for (const step of trace) world.do(step);
  return world;
}

function traceOf(node: Node): string[] {
  const trace: string[] = [];
  for (let at: Node | null = node; at?.parent; at = at.parent) trace.push(at.step);
  return trace.reverse();
}
