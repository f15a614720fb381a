import { expect, it } from 'vitest';
import { virtualRuntime } from '../runtime/virtual.ts';
import { nextIdentity } from './identity.ts';

it('a journal that takes the place of a lost one begins above all of its lives', async () => {
  const runtime = virtualRuntime();
  const first = nextIdentity(null, runtime);
  const again = nextIdentity(first, runtime);
  await runtime.clock.advance(10);
  const other = nextIdentity(null, runtime);
  expect(again.epoch).toBe(first.epoch);
  expect(other.epoch).not.toBe(first.epoch);
  expect([again.life > first.life, other.life > again.life]).toEqual([true, true]);
});

it('a clock that was set back does not take a life back', () => {
  const runtime = virtualRuntime();
  const first = nextIdentity(null, runtime);
  runtime.clock.stepWall(-60_000);
  expect(nextIdentity(first, runtime).life).toBe(first.life + 1);
});
