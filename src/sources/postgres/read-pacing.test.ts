import { beforeEach, expect, it } from 'vitest';
import { VirtualClock } from '../../runtime/virtual.ts';
import { ReadPacing } from './read-pacing.ts';

let clock: VirtualClock;
let pacing: ReadPacing;
let flowing: boolean;
let reads: number;
let data: () => void;

beforeEach(() => {
  clock = new VirtualClock();
  flowing = true;
  reads = 0;
  pacing = new ReadPacing(clock, {
    pause: () => (flowing = false),
    resume: () => (flowing = true),
    on: (_event, listener) => (data = listener),
  });
  pacing.start(() => reads++);
});

const flood = (): void => {
  for (let i = 0; i < 9; i++) data();
};

it('reads at once while little comes', async () => {
  for (let i = 0; i < 100; i++) {
    data();
    data();
    await clock.advance(2);
  }
  expect([flowing, reads]).toEqual([true, 200]);
});

it('lets the kernel collect for a millisecond in a flood', async () => {
  flood();
  expect(flowing).toBe(false);
  await clock.advance(1);
  expect(flowing).toBe(true);
});

it('stays held until it is released, whatever the flood does', async () => {
  flood();
  pacing.hold();
  await clock.advance(10);
  expect([flowing, pacing.held]).toEqual([false, true]);
  pacing.release();
  expect(flowing).toBe(true);
  flood();
  pacing.hold();
  pacing.release();
  expect(flowing).toBe(false);
  await clock.advance(1);
  expect(flowing).toBe(true);
});

it('does nothing more once it is stopped', async () => {
  flood();
  pacing.stop();
  await clock.advance(10);
  flood();
  expect(flowing).toBe(false);
});
