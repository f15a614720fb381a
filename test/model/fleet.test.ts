/**
 * Several processes, a shared layer that fails over, replicas, a new daemon, a user who goes from one to the other: the
 * protocol must survive every interleaving. The variants that it is told from: model.test.ts.
 */
import { expect, describe, it } from 'vitest';
import { explore } from './explore.ts';
import { PROTOCOL } from './rules.ts';
import { NOTHING } from './size.ts';
import { FLEETS } from './survivors.ts';
import { world } from './world.ts';

describe('a fleet survives to exhaustion', () => {
  it.each(FLEETS)(
    '$name',
    ({ name, rules, size }) => {
      const { counterexample, states, transitions, deepest, seconds } = explore(
        world({ ...PROTOCOL, ...rules }, { ...NOTHING, ...size }),
      );
      expect(counterexample).toBeNull();
      console.log(`${name}: ${states} states, ${transitions} transitions, ${deepest} deep, ${seconds.toFixed(1)} s`);
    },
    // Half a minute of one core; a machine that does much else at the time needs twenty times that.
    600_000,
  );
});
