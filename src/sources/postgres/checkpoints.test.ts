import { expect, it } from 'vitest';
import { VirtualClock } from '../../runtime/virtual.ts';
import { Checkpoints } from './checkpoints.ts';
import { toPosition } from './lsn.ts';

const MB = 1_048_576n;

it('a commit without changes is due when much log and some time have passed, and not while commits come anyway', async () => {
  const clock = new VirtualClock();
  const checkpoints = new Checkpoints({ source: 'db', epoch: 'e', clock, from: 0n });
  expect(checkpoints.due(5n * MB)).toBeNull();
  await clock.advance(5_000);
  expect(checkpoints.due(MB - 1n)).toBeNull();
  expect(checkpoints.due(MB)).toMatchObject({ position: toPosition(MB), first: 0, commit: true, events: [] });
  expect(checkpoints.due(3n * MB)).toBeNull();
  await clock.advance(4_999);
  checkpoints.moved(3n * MB);
  await clock.advance(1);
  expect(checkpoints.due(5n * MB)).toBeNull();
  await clock.advance(5_000);
  expect(checkpoints.due(5n * MB)).not.toBeNull();
});
