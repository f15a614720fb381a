/**
 * Several processes, a shared layer that fails over, replicas, a new daemon, a user who goes from one to the other: the
 * protocol must survive every interleaving. The variants that it is told from: model.test.ts.
 */
import { describe } from 'vitest';
import { FLEETS } from './survivors.ts';
import { survives } from './survives.ts';

describe('a fleet survives to exhaustion', () => {
  survives(FLEETS);
});
