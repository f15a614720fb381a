import { expect, it } from 'vitest';
import { explore } from './explore.ts';
import { PROTOCOL } from './rules.ts';
import { NOTHING } from './size.ts';
import type { Survivor } from './survivors.ts';
import { world } from './world.ts';

/** A minute of one core; a machine that does much else at the time needs ten times that. */
export const LONG = 600_000;

/** A test for each world: the protocol survives every interleaving in it, and it says how large that was. */
export function survives(worlds: readonly Survivor[]): void {
  it.each(worlds)(
    '$name',
    ({ name, rules, size }) => {
      const { counterexample, states, transitions, deepest, seconds } = explore(
        world({ ...PROTOCOL, ...rules }, { ...NOTHING, ...size }),
      );
      expect(counterexample).toBeNull();
      console.log(`${name}: ${states} states, ${transitions} transitions, ${deepest} deep, ${seconds.toFixed(1)} s`);
    },
    LONG,
  );
}
